"""How a call was made, beyond what it asked: the parameters that tell two entries of one model apart.

Every protocol and every tool has names of its own for effort and thinking; here they become those of ``tiers.toml``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.json_text import decoded

EFFORT = ("reasoning_effort", "thinking_budget")
_NAMES = {
    "reasoning.effort": "reasoning_effort",
    "reasoning.level": "reasoning_effort",
    "reasoning_effort.effort": "reasoning_effort",
    "output_config.effort": "reasoning_effort",
    "effort": "reasoning_effort",
    "thinking_config.thinking_level": "reasoning_effort",
    "thinking_level": "reasoning_effort",
    "thinking.level": "reasoning_effort",
    "thinking.budget_tokens": "thinking_budget",
    "thinking.budget": "thinking_budget",
    "thinking_config.thinking_budget": "thinking_budget",
    "reasoning.max_tokens": "thinking_budget",
    "budget_tokens": "thinking_budget",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "text.verbosity": "verbosity",
}
_THINKING = {"disabled": 0.0, "adaptive": "adaptive", "auto": "adaptive"}
_AROUND = re.compile(r"^(?:generation_config|config|extra_body|optional_params|model_kwargs|inference_config)\.")
_WORDS = re.compile(r"^(?:gen_ai\.request|gen_ai\.openai\.request|llm\.request|ai\.settings)\.(.+)$")
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_CONTENT = frozenset(
    {
        "messages", "input", "contents", "prompt", "system", "instructions", "tools", "functions", "metadata",
        "response_format", "response", "headers", "model", "user", "systemInstruction", "system_instruction",
    }
)  # fmt: skip
_MAX_DEPTH, _MAX_CHARS = 3, 100


@dataclass(frozen=True, slots=True)
class CallParameters:
    """``said`` has names as in ``tiers.toml``, numbers as floats, texts in small letters. ``is_whole``: the log kept
    the request as it was sent, so that what is not here was not said."""

    said: Mapping[str, object] = field(default_factory=dict)
    is_whole: bool = False


def call_parameters(*sources: object, is_whole: bool = False) -> CallParameters:
    """What bodies, or tables of parameters, say; the first one to say something is right."""
    said: dict[str, object] = {}
    for source in reversed(sources):
        said |= plain_parameters(source)
    return CallParameters(said, is_whole)


def spoken_parameters(words: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters among a span's attributes, under the names that follow ``gen_ai.request.`` and its like."""
    return {found[1]: value for name, value in words.items() if (found := _WORDS.match(name)) is not None}


def plain_parameters(raw: object) -> dict[str, object]:
    """The parameters in a body or in an entry of ``tiers.toml``.

    >>> plain_parameters({"thinking": {"type": "enabled", "budget_tokens": 8192}, "messages": []})
    {'thinking_budget': 8192.0, 'thinking.type': 'enabled'}
    """
    source = decoded(raw)
    if not isinstance(source, Mapping):
        return {}
    given = dict(_flat({key: value for key, value in source.items() if key not in _CONTENT}, "", 0))
    found = {_NAMES.get(name, name): value for name, value in given.items()}
    kind = found.get("thinking.type")
    if kind in _THINKING:
        found["thinking_budget"] = _THINKING[str(kind)]
    return dict(sorted(found.items(), key=lambda item: item[0] not in EFFORT))


def _flat(raw: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in raw.items():
        name = prefix + _CAPITAL.sub(r"_\1", str(key)).lower()
        inner = decoded(value) if isinstance(value, str) and value.startswith("{") else value
        if isinstance(inner, Mapping) and depth < _MAX_DEPTH:
            yield from _flat(inner, f"{name}.", depth + 1)
        elif isinstance(value, str | int | float):
            plain = _plain(value)
            if plain is not None:
                yield _AROUND.sub("", name), plain


def _plain(value: str | float) -> object:
    """Some tools keep every parameter as a text."""
    if isinstance(value, bool) or not isinstance(value, str):
        return value if isinstance(value, bool) else float(value)
    text = value.strip().lower()
    try:
        return float(text)
    except ValueError:
        return text if 0 < len(text) <= _MAX_CHARS else None
