"""JSON schemas in few words, as ``{"total": "number", "state": "open|closed", "names": ["string"]}``."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.runtime.plans.plan_error import PlanError

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_MAX_DEPTH = 20
_WHOLE = ("properties", "items", "enum", "anyOf", "$ref")


def schema_of(words: object, where: str, depth: int = 0) -> Mapping[str, Any]:
    """The schema that ``words`` stand for: a name with ``?`` may be missing, others are needed, no more are allowed.
    One that is written out stays as it is. Raises ``PlanError`` naming the place.

    >>> schema_of({"total": "number", "note?": "string"}, "json")["required"]
    ['total']
    """
    if depth > _MAX_DEPTH:
        raise PlanError(f"{where} is nested too deeply")
    if isinstance(words, str):
        return _word(words, where)
    if isinstance(words, list) and len(words) == 1:
        return {"type": "array", "items": schema_of(words[0], f"{where}[0]", depth + 1)}
    if not isinstance(words, Mapping) or not words:
        raise PlanError(f'{where} is {str(words)[:80]!r}; fields with their types are needed: {{"total": "number"}}')
    if isinstance(words.get("type"), str) and any(name in words for name in _WHOLE):
        return words
    fields = {str(name).removesuffix("?"): (str(name), value) for name, value in words.items()}
    return {
        "type": "object",
        "properties": {name: schema_of(value, f"{where}.{name}", depth + 1) for name, (_, value) in fields.items()},
        "required": [name for name, (given, _) in fields.items() if not given.endswith("?")],
        "additionalProperties": False,
    }


def _word(word: str, where: str) -> Mapping[str, Any]:
    if word in _TYPES:
        return {"type": word}
    if "|" in word:
        return {"enum": [part.strip() for part in word.split("|")]}
    raise PlanError(f"{where} is '{word[:80]}'; {', '.join(sorted(_TYPES))} or words with '|' between them are needed")
