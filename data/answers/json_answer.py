"""JSON answers in one spelling, under the step's response schema; fields of free prose do not count."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.answers.key import AnswerKey, make_key
from tierwise.data.answers.literals import Bare, LiteralReader, UnreadableError
from tierwise.data.answers.schema_values import canonical_value, value_bits
from tierwise.data.answers.wrapping import fenced, tagged

_PROSE = re.compile(
    r"(?:.*_)?(?:reason(?:ing|s)?|explanations?|rationale|thoughts?|thinking|analysis|comments?|notes?|justification|"
    r"commentary|chain_of_thought|scratchpad)",
    re.IGNORECASE,
)
_MAX_WORDS = 12
_MAX_STARTS = 4
_MISSING = object()


def json_key(text: str, schema: Mapping[str, Any] | None, fields: Sequence[str] | None = None) -> AnswerKey | None:
    """The key of the JSON in ``text``; None where there is none, or nothing in it that can be compared.

    ``fields`` (dotted paths) are the only ones compared; by default all but those whose name says prose. A longer text
    in any other field leaves the answer without a key.
    """
    value = json_in(text)
    if value is _MISSING:
        return None
    schema = inner_schema(schema)
    try:
        canonical = canonical_value(value, schema)
    except UnreadableError:
        return None
    compared = _picked(canonical, fields) if fields else _without_prose(canonical)
    if compared in ({}, [], None, "") or (not fields and _holds_prose(compared)):
        return None
    body = json.dumps(compared, ensure_ascii=False, sort_keys=True)
    return make_key("json", value_bits(compared, schema), body)


def json_in(text: str) -> Any:
    """The JSON value of an answer: alone, in a fence or tag, or behind a sentence; ``_MISSING`` where there is none."""
    for candidate in _candidates(text):
        value = _decoded(candidate)
        if isinstance(value, Mapping | list):
            return value
    return _MISSING


def has_json(text: str) -> bool:
    """Whether the answer is an object or a list."""
    return json_in(text) is not _MISSING


def inner_schema(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The schema itself, out of the wrapping of a ``response_format``."""
    for key in ("json_schema", "schema"):
        if schema is not None and isinstance(schema.get(key), Mapping) and "properties" not in schema:
            schema = schema[key]
    return schema or {}


def _candidates(text: str) -> list[str]:
    found = [block for _, block in fenced(text)]
    inner = tagged(text)
    found += [inner] if inner else []
    found.append(text)
    starts = re.finditer(r"[{\[]", text)
    return found + [text[place.start() :] for _, place in zip(range(_MAX_STARTS), starts, strict=False)]


def _decoded(text: str) -> Any:
    text = text.strip()
    if not text.startswith(("{", "[")):
        return _MISSING
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    try:
        value = LiteralReader(text).value()
    except UnreadableError:
        return _MISSING
    return _MISSING if value == [] or (isinstance(value, list) and all(isinstance(v, Bare) for v in value)) else value


def _picked(value: Any, fields: Sequence[str]) -> dict[str, Any]:
    found = {}
    for path in fields:
        inner = value
        for name in path.split("."):
            inner = inner.get(name, _MISSING) if isinstance(inner, Mapping) else _MISSING
        if inner is not _MISSING:
            found[path] = inner
    return found


def _without_prose(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_prose(item)
            for name, item in value.items()
            if not (isinstance(item, str) and _PROSE.fullmatch(name))
        }
    return [_without_prose(item) for item in value] if isinstance(value, list) else value


def _holds_prose(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_prose(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_prose(item) for item in value)
    return isinstance(value, str) and value.count(" ") >= _MAX_WORDS
