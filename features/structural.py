"""Structural features: everything about a step but the meaning of its words.

All values are finite floats; ``MISSING`` stands where the step does not say. Counts and lengths are on a log scale,
which makes a tree's splits independent of the unit.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.declared import Feature, declared
from tierwise.data.records import Step, Tool
from tierwise.features.view import StepView, view_of

MISSING = -1.0

_MAX_SCHEMA_CHARS = 20_000

_PLAIN = tuple(
    (f"log_{field.name}" if is_log else field.name, field.name, is_log)
    for field in declared(Step)
    if (is_log := field.spec.feature is Feature.LOG_NUMBER) or field.spec.feature is Feature.NUMBER
)
"""The declared fields that are columns as they are: the column's name, the field's, and whether on a log scale."""


def structural_features(step: Step, view: StepView) -> dict[str, float]:
    """The structural columns of one step and its view, by name. Every step has the same, in the same order."""
    return dict(zip(STRUCTURAL_NAMES, structural_values(step, view), strict=True))


def structural_values(step: Step, view: StepView) -> list[float]:
    """The same without their names. What a plain text lacks is known before."""
    return [
        *[_plain_feature(getattr(step, name), is_log) for name, is_log in _PLAIN_FIELDS],
        *(_error_features(step.previous_error).values() if step.previous_error else _NO_ERROR),
        *(_tool_features(step.tools, view.text).values() if step.tools else _NO_TOOLS),
        *(_NO_SCHEMA if step.response_schema is None else _schema_features(step.response_schema).values()),
        *(_form_features(view).values() if step.messages else _PLAIN_FORM),
    ]


def _error_features(error: str) -> dict[str, float]:
    return {"has_previous_error": float(bool(error)), "log_previous_error_chars": math.log1p(len(error))}


def _plain_feature(value: float | None, is_log: bool) -> float:
    if value is None:
        return MISSING
    return math.log1p(max(0, value)) if is_log else max(-1e6, min(1e6, float(value)))


def _tool_features(tools: Sequence[Tool], prompt: str) -> dict[str, float]:
    properties = [_properties(tool.parameters) for tool in tools]
    kinds = [str(spec.get("type", "")) for group in properties for spec in group.values() if isinstance(spec, Mapping)]
    chars = sum(len(tool.name) + len(tool.description) for tool in tools)
    chars += sum(len(str(group)) for group in properties)
    n_enums = sum("enum" in spec for group in properties for spec in group.values() if isinstance(spec, Mapping))
    return {
        "n_tools": float(len(tools)),
        "log_tool_chars": math.log1p(chars),
        "max_tool_parameters": float(max(len(group) for group in properties)),
        "n_required_parameters": float(max(_length(tool.parameters.get("required")) for tool in tools)),
        "n_array_parameters": float(sum(kind in ("array", "tuple", "list") for kind in kinds)),
        "n_object_parameters": float(sum(kind in ("object", "dict") for kind in kinds)),
        "n_enum_parameters": float(n_enums),
        "tool_name_overlap": max(_name_overlap(tool.name, prompt) for tool in tools),
    }


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _length(value: object) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _name_overlap(name: str, prompt: str) -> float:
    """The share of a tool name's words that the prompt contains."""
    words = [word for word in name.lower().replace(".", "_").replace("-", "_").split("_") if len(word) > 2]
    lowered = prompt[:4000].lower()
    return sum(word in lowered for word in words) / len(words) if words else 0.0


def _schema_features(schema: Mapping[str, Any] | None) -> dict[str, float]:
    rendered = "" if schema is None else json.dumps(schema, default=str)
    return {
        "has_response_schema": float(schema is not None),
        "n_schema_fields": float(rendered.count('"type"')),
        "schema_depth": float(_depth(rendered)),
    }


def _depth(rendered: str) -> int:
    depth = deepest = 0
    for char in rendered[:_MAX_SCHEMA_CHARS]:
        if char in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "}]":
            depth -= 1
    return deepest


def _form_features(view: StepView) -> dict[str, float]:
    return {
        "log_turns": math.log1p(view.n_turns),
        "log_assistant_turns": math.log1p(view.n_assistant_turns),
        "log_tool_turns": math.log1p(view.n_tool_turns),
        "log_system_chars": MISSING if view.n_system_chars is None else math.log1p(view.n_system_chars),
        "log_last_turn_chars": MISSING if view.n_last_chars is None else math.log1p(view.n_last_chars),
        "last_turn_share": view.last_share,
    }


_EMPTY = view_of(Step(""))
_PLAIN_FIELDS = tuple((name, is_log) for _, name, is_log in _PLAIN)
_NO_ERROR, _NO_SCHEMA = tuple(_error_features("").values()), tuple(_schema_features(None).values())
_NO_TOOLS = (0.0,) * len(_tool_features([Tool("")], ""))
_PLAIN_FORM = tuple(_form_features(_EMPTY).values())

STRUCTURAL_NAMES: tuple[str, ...] = (
    *(column for column, _, _ in _PLAIN),
    *_error_features(""),
    *_tool_features([Tool("")], ""),
    *_schema_features(None),
    *_form_features(_EMPTY),
)

FORM_NAMES: tuple[str, ...] = tuple(_form_features(_EMPTY))
"""Columns that tell in which form a step came: the same for all steps of a log of texts, whatever their kind."""
