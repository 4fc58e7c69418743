"""Signs of trouble in one answer: a refusal, a break, repetition, calls or JSON that do not fit their schema."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.answers.call_text import RawCall
from tierwise.data.answers.calls import tool_name
from tierwise.data.answers.schema_values import schema_type
from tierwise.data.records import Tool

_MAX_CHARS = 2_000
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|')t|cannot|do not|don't) "
    r"(?:help|assist|provide|have|answer|access)|"
    r"as an ai|i apologi[sz]e|unfortunately|not (?:possible|enough information)|cannot be determined)",
    re.IGNORECASE,
)
_CUT = {"length", "max_tokens", "model_length", "max_output_tokens"}
_WORD = re.compile(r"[^\W_]+")
_PLAIN_TYPES: Mapping[str, Any] = {
    "number": (int, float, str),
    "boolean": (bool, str),
    "text": str,
    "array": (list, tuple, str),
}


def refusal(text: str | None) -> float:
    """1 where the answer begins like a refusal; NaN without a text."""
    return math.nan if text is None else float(bool(_REFUSAL.search(text[:400])))


def truncation(text: str | None, finish_reason: str | None) -> float:
    """1 where the answer was cut off: said by the finish reason, else by brackets or fences that stay open."""
    if finish_reason is not None:
        return float(finish_reason.casefold() in _CUT)
    if text is None:
        return math.nan
    tail = text[-_MAX_CHARS:]
    is_open = text.count("```") % 2 == 1 or tail.count("{") + tail.count("[") > tail.count("}") + tail.count("]")
    return float(is_open)


def repetition(words: Sequence[str]) -> float:
    """The share of three-word runs that were there before; NaN for answers of fewer than three words."""
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return 1.0 - len(set(runs)) / len(runs) if runs else math.nan


def words_in(text: str | None) -> list[str]:
    """Lower-case words and numbers from both ends of a text."""
    if not text:
        return []
    cut = text if len(text) <= 2 * _MAX_CHARS else f"{text[:_MAX_CHARS]} {text[-_MAX_CHARS:]}"
    return _WORD.findall(cut.casefold())


def validity_of_calls(calls: Sequence[RawCall], tools: Sequence[Tool]) -> float:
    """The share of calls that fit the schemas: known tool, required arguments there, none unknown, values of the type
    and among the options. NaN without calls."""
    by_name = {tool_name(tool.name): tool.parameters for tool in tools}
    if not calls:
        return math.nan
    return sum(_fits_tool(call, by_name.get(tool_name(call.name))) for call in calls) / len(calls)


def validity_of_json(value: object, schema: Mapping[str, Any]) -> float:
    """1 where an object has the required properties and each known one its type; NaN without a schema."""
    if not isinstance(schema.get("properties"), Mapping):
        return math.nan
    return float(isinstance(value, Mapping) and _fits(value, schema))


def _fits_tool(call: RawCall, schema: object) -> bool:
    if not isinstance(schema, Mapping):
        return False
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    given = dict(zip(names, call.values, strict=False)) | dict(call.named)
    return set(given) <= set(names) and _fits(given, schema)


def _fits(value: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    required = required if isinstance(required, list | tuple) else ()
    if any(name not in value for name in required):
        return False
    return all(_fits_type(item, properties[name]) for name, item in value.items() if name in properties)


def _fits_type(value: Any, schema: object) -> bool:
    if not isinstance(schema, Mapping) or value is None:
        return True
    value = getattr(value, "text", value)
    options = schema.get("enum")
    if isinstance(options, list | tuple) and isinstance(value, str) and options:
        return value.casefold() in {str(option).casefold() for option in options}
    wanted = _PLAIN_TYPES.get(schema_type(schema))
    return wanted is None or isinstance(value, wanted)
