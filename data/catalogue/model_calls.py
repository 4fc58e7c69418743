"""How a model's entry in ``tiers.toml`` wants to be called: under which name, in which protocols, with what."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.errors import CatalogueError

CHAT_PROTOCOLS = ("chat", "responses", "messages")
PROTOCOLS = (*CHAT_PROTOCOLS, "embeddings", "completions")
DEFAULT_PROTOCOLS = ("chat",)
MODEL_FIELDS: Mapping[str, Any] = {  # with what stands for a field that is left out
    "provider_name": None,
    "protocols": DEFAULT_PROTOCOLS,
    "parameters": {},
    "parameters_win": False,
}


def read_protocols(entry: Mapping[str, Any], model: str) -> tuple[str, ...]:
    value = entry.get("protocols")
    if value is None:
        return DEFAULT_PROTOCOLS
    if not isinstance(value, list | tuple) or not value or not all(each in PROTOCOLS for each in value):
        fix = f'a list of some of {", ".join(PROTOCOLS)} is needed, such as ["chat", "responses"]'
        raise CatalogueError(f"model '{model}': protocols is {value!r}; {fix}")
    return tuple(value)


def read_parameters(entry: Mapping[str, Any], model: str) -> dict[str, Any]:
    value = entry.get("parameters")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CatalogueError(
            f"model '{model}': parameters is {value!r}; a table such as {{ temperature = 0 }} is needed"
        )
    return dict(value)


def read_parameters_win(entry: Mapping[str, Any], model: str) -> bool:
    value = entry.get("parameters_win", False)
    if not isinstance(value, bool):
        raise CatalogueError(f"model '{model}': parameters_win is {value!r}; true or false is needed")
    return value


def without_defaults(model: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without what it leaves as it is anyway, so that older readers still take it."""
    return {
        name: value
        for name, value in model.items()
        if name not in MODEL_FIELDS or (tuple(value) if isinstance(value, list) else value) != MODEL_FIELDS[name]
    }
