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
from tierwise.features.view import StepView

MISSING = -1.0

_PLAIN = tuple(
    (field.name, field.spec.feature is Feature.LOG_NUMBER)
    for field in declared(Step)
    if field.spec.feature in (Feature.NUMBER, Feature.LOG_NUMBER)
)

STRUCTURAL_NAMES: tuple[str, ...] = (
    *(f"log_{name}" if is_log else name for name, is_log in _PLAIN),
    "has_previous_error",
    "log_previous_error_chars",
    "n_tools",
    "log_tool_chars",
    "max_tool_parameters",
    "n_required_parameters",
    "n_array_parameters",
    "n_object_parameters",
    "n_enum_parameters",
    "tool_name_overlap",
    "has_response_schema",
    "n_schema_fields",
    "schema_depth",
    "log_turns",
    "log_assistant_turns",
    "log_tool_turns",
    "log_system_chars",
    "log_last_turn_chars",
    "last_turn_share",
)

FORM_NAMES: tuple[str, ...] = STRUCTURAL_NAMES[-6:]
"""Columns that tell in which form a step came: the same for all steps of a log of texts, whatever their kind."""


def structural_features(step: Step, view: StepView) -> list[float]:
    """The values of ``STRUCTURAL_NAMES`` for one step and its view."""
    return [
        *(_plain_feature(getattr(step, name), is_log) for name, is_log in _PLAIN),
        float(bool(step.previous_error)),
        math.log1p(len(step.previous_error or "")),
        *_tool_features(step.tools, view.text),
        *_schema_features(step.response_schema),
        *_form_features(view),
    ]


def _plain_feature(value: float | None, is_log: bool) -> float:
    if value is None:
        return MISSING
    return math.log1p(max(0, value)) if is_log else max(-1e6, min(1e6, float(value)))


def _tool_features(tools: Sequence[Tool], prompt: str) -> list[float]:
    if not tools:
        return [0.0] * 8
    properties = [_properties(tool.parameters) for tool in tools]
    kinds = [str(spec.get("type", "")) for group in properties for spec in group.values() if isinstance(spec, Mapping)]
    chars = sum(len(tool.name) + len(tool.description) for tool in tools)
    chars += sum(len(str(group)) for group in properties)
    return [
        float(len(tools)),
        math.log1p(chars),
        float(max(len(group) for group in properties)),
        float(max(_length(tool.parameters.get("required")) for tool in tools)),
        float(sum(kind in ("array", "tuple", "list") for kind in kinds)),
        float(sum(kind in ("object", "dict") for kind in kinds)),
        float(sum("enum" in spec for group in properties for spec in group.values() if isinstance(spec, Mapping))),
        max(_name_overlap(tool.name, prompt) for tool in tools),
    ]


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


def _schema_features(schema: Mapping[str, Any] | None) -> list[float]:
    if schema is None:
        return [0.0, 0.0, 0.0]
    rendered = json.dumps(schema, default=str)
    return [1.0, float(rendered.count('"type"')), float(_depth(rendered))]


def _depth(rendered: str) -> int:
    depth = deepest = 0
    for char in rendered[:20_000]:
        if char in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "}]":
            depth -= 1
    return deepest


def _form_features(view: StepView) -> list[float]:
    return [
        math.log1p(view.n_turns),
        math.log1p(view.n_assistant_turns),
        math.log1p(view.n_tool_turns),
        MISSING if view.n_system_chars is None else math.log1p(view.n_system_chars),
        MISSING if view.n_last_chars is None else math.log1p(view.n_last_chars),
        view.last_share,
    ]
