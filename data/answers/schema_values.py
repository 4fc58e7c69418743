"""Values under a JSON schema in one spelling: 1 = 1.0 = "1" for a number, a default is as good as nothing.

Schemas are read with tolerance: those of tools in the wild say ``dict``, ``float`` or ``tuple`` and write their
defaults into descriptions.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tierwise.data.answers.dates import date_text, time_text
from tierwise.data.answers.free_text import free_text
from tierwise.data.answers.literals import Bare, CallText, LiteralReader, UnreadableError
from tierwise.data.answers.numbers import number_text, unit_text

MAX_DEPTH = 40
LEFT_OUT = object()

_NUMERIC = {"number", "integer", "float", "double", "int", "long"}
_BOOLEAN = {"boolean", "bool"}
_OBJECT = {"object", "dict", "hashmap", "map"}
_ARRAY = {"array", "list", "tuple", "arraylist"}
_TEXTUAL = {"string", "str", "char"}
_DEFAULT = re.compile(
    r"\bdefault(?:s|ed)?(?:\s+value)?(?:\s+(?:is|to|as|of|will be)(?:\s+set)?(?:\s+to)?)?\s*[:=]?\s*"
    r"(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`|([^\s,;()]+))",
    re.IGNORECASE,
)
_BITS = {"number": 8.0, "boolean": 1.0, "text": 10.0, "other": 10.0}


def schema_type(schema: Mapping[str, Any]) -> str:
    """number, boolean, object, array, text or other."""
    kind = schema.get("type")
    if isinstance(kind, list | tuple):
        kind = next((item for item in kind if item != "null"), None)
    kind = str(kind).lower() if isinstance(kind, str) else ""
    for name, kinds in (("number", _NUMERIC), ("boolean", _BOOLEAN), ("object", _OBJECT), ("array", _ARRAY)):
        if kind in kinds:
            return name
    if kind in _TEXTUAL:
        return "text"
    return "object" if isinstance(schema.get("properties"), Mapping) else "other"


def canonical_value(value: Any, schema: object, depth: int = 0) -> Any:
    """A JSON value that is the same for all spellings of ``value``. Raises ``UnreadableError``."""
    if depth > MAX_DEPTH:
        raise UnreadableError("nested too deep")
    schema = schema if isinstance(schema, Mapping) else {}
    kind = schema_type(schema)
    if isinstance(value, CallText):
        value = Bare(f"{value.name}(...)")
    if isinstance(value, Bare):
        value = value.text
    elif kind in {"array", "object", "other"} and isinstance(value, str):
        value = _decoded(value)
    if isinstance(value, Mapping):
        return canonical_object(value, schema, depth)
    if isinstance(value, list | tuple):
        items = schema.get("items")
        found = [canonical_value(item, items, depth + 1) for item in value]
        return sorted(found, key=repr) if _is_set(schema, items) else found
    return _scalar(value, kind, schema)


def canonical_object(value: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The properties in alphabetical order, without those that say no more than their default."""
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    required = required if isinstance(required, list | tuple) else ()
    names = {str(name).casefold(): name for name in properties}
    found: dict[str, Any] = {}
    for raw_name, item in value.items():
        name = raw_name if raw_name in properties else names.get(str(raw_name).casefold(), raw_name)
        inner = properties.get(name)
        canonical = canonical_value(item, inner, depth + 1)
        is_optional = isinstance(inner, Mapping) and name not in required
        if is_optional and canonical in (None, "", [], {}):
            continue
        if isinstance(inner, Mapping) and is_default(canonical, inner, depth + 1):
            continue
        found[str(name)] = canonical
    return dict(sorted(found.items()))


def is_default(canonical: Any, schema: Mapping[str, Any], depth: int) -> bool:
    """Whether a canonical value is what the schema, or its description, calls the default."""
    if "default" in schema:
        return bool(canonical == canonical_value(schema["default"], schema, depth))
    description = schema.get("description")
    if not isinstance(description, str) or "efault" not in description[:2_000]:
        return False
    found = _DEFAULT.search(description[:2_000])
    if not found:
        return False
    quoted = next((group for group in found.groups()[:3] if group is not None), None)
    spelled = quoted if quoted is not None else found.group(4).rstrip(".")
    return bool(canonical == canonical_value(_word(spelled) if quoted is None else spelled, schema, depth))


def value_bits(canonical: Any, schema: object, depth: int = 0) -> float:
    """Roughly how many values were possible, as a logarithm to base 2."""
    schema = schema if isinstance(schema, Mapping) else {}
    options = schema.get("enum")
    if isinstance(options, list | tuple) and options:
        return float(max(len(options) - 1, 0).bit_length())
    if isinstance(canonical, Mapping):
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        return min(64.0, sum(value_bits(item, properties.get(name), depth + 1) for name, item in canonical.items()))
    if isinstance(canonical, list):
        return min(64.0, 2.0 + sum(value_bits(item, schema.get("items"), depth + 1) for item in canonical))
    if isinstance(canonical, bool) or schema_type(schema) == "boolean":
        return _BITS["boolean"]
    return _BITS["number"] if schema_type(schema) == "number" else _BITS["text"]


def _is_set(schema: Mapping[str, Any], items: object) -> bool:
    """Whether the order of an array says nothing: a choice of several out of a list, or items that must be unique."""
    return schema.get("uniqueItems") is True or (
        isinstance(items, Mapping) and isinstance(items.get("enum"), list | tuple)
    )


def _scalar(value: Any, kind: str, schema: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        return value if kind != "text" else str(value).lower()
    text = value if isinstance(value, str) else repr(value) if isinstance(value, float) else _digits(value)
    if kind == "boolean" and text.strip().lower() in {"true", "false"}:
        return text.strip().lower() == "true"
    number = number_text(text)
    if number is not None and (kind != "text" or not isinstance(value, str) or "," not in text):
        return number
    return _text(text, schema) if isinstance(value, str) else text


def _digits(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # whole numbers of more digits than Python prints
        raise UnreadableError("a number of too many digits") from None


def _text(text: str, schema: Mapping[str, Any]) -> str:
    if isinstance(schema.get("enum"), list | tuple):
        return free_text(text)
    moment = date_text(text) or time_text(text)
    if moment is not None and not _fixes_the_form(schema):
        return moment
    spelled = free_text(text)
    return unit_text(spelled) or spelled


def _fixes_the_form(schema: Mapping[str, Any]) -> bool:
    """Whether dates must be written in one way, so that another way is another answer."""
    description = str(schema.get("description") or "")[:2_000].casefold()
    return bool(schema.get("pattern") or re.search(r"yyyy|mm[-/]dd|dd[-/]mm|iso", description))


def _decoded(text: str) -> Any:
    """JSON (or Python) inside a string, where the schema wants a structure."""
    stripped = text.strip()
    if not stripped.startswith(("[", "{", "(")):
        return text
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        pass
    reader = LiteralReader(stripped)
    try:
        value = reader.value()
    except UnreadableError:
        return text
    return text if reader.peek() else value


def _word(text: str) -> Any:
    return {"true": True, "false": False, "none": None, "null": None}.get(text.lower(), text)
