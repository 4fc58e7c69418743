"""Structural features: exact on a hand-built step, finite for every step that can be parsed or built."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.parsing import MAX_NESTING, parse_step
from tierwise.data.records import Message, Step, Tool
from tierwise.features.structural import FORM_NAMES, MISSING, STRUCTURAL_NAMES, structural_features
from tierwise.features.view import view_of

TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["type", "properties", "required", "enum"]), inner, max_size=3)
    ),
    max_leaves=10,
)
OBJECTS = st.dictionaries(TEXT | st.sampled_from(["type", "properties", "required", "enum"]), JSON, max_size=4)
STEPS = st.builds(
    Step,
    text=TEXT,
    messages=st.lists(st.builds(Message, TEXT | st.just("system"), TEXT), max_size=3).map(tuple),
    tools=st.lists(st.builds(Tool, TEXT, TEXT, OBJECTS), max_size=3).map(tuple),
    response_schema=st.none() | OBJECTS,
    input_complexity=st.none() | st.floats(),
    requires_judgment=st.none() | st.booleans(),
    human_visible=st.none() | st.booleans(),
    input_tokens=st.none() | st.integers(-5, 2**53),
    step_index=st.none() | st.integers(0, 2**53),
    retry=st.none() | st.integers(0, 2**53),
    previous_error=st.none() | TEXT,
)


def features(step: Step) -> dict[str, float]:
    return structural_features(step, view_of(step))


@pytest.mark.slow
@given(STEPS)
def test_any_step_gives_finite_values_of_the_declared_length(step: Step) -> None:
    values = structural_features(step, view_of(step))
    assert tuple(values) == STRUCTURAL_NAMES
    assert all(map(math.isfinite, values.values()))


def test_a_step_that_says_nothing_is_missing_where_it_could_have_spoken() -> None:
    said_nothing = {"input_complexity", "requires_judgment", "human_visible", "log_input_tokens", "step_index", "retry"}
    said_nothing |= {"log_system_chars", "log_last_turn_chars"}
    one_turn = {"log_turns": math.log(2), "last_turn_share": 1.0}
    silent = {name: MISSING if name in said_nothing else 0.0 for name in STRUCTURAL_NAMES}
    assert features(Step()) == silent | one_turn


def test_unknown_differs_from_false_and_zero() -> None:
    said = Step(
        input_complexity=0.0, requires_judgment=False, human_visible=False, input_tokens=0, step_index=0, retry=0
    )
    assert not any(value for name, value in features(said).items() if name not in FORM_NAMES)


def test_every_part_of_a_step_shows() -> None:
    invoice = {"type": "string", "enum": ["a", "b"]}
    properties = {"invoice": invoice, "lines": {"type": "array"}, "buyer": {"type": "object"}}
    look_up = {"type": "object", "properties": properties, "required": ["invoice", "lines"]}
    step = Step(
        text="Please lookup the invoice",
        messages=(
            Message("system", "Copy it"),
            Message("assistant", "x"),
            Message("tool", "y"),
            Message("user", "12345"),
        ),
        tools=(Tool("lookup_invoice", "Finds it.", look_up), Tool("noop")),
        response_schema={"type": "object", "properties": {"total": {"type": "number"}}},
        input_complexity=4.0,
        requires_judgment=True,
        human_visible=False,
        input_tokens=99,
        step_index=3,
        retry=1,
        previous_error="timeout",
    )
    chars = len("lookup_invoice" + "Finds it." + "noop") + len(str(properties)) + len("{}")
    assert features(step) == {
        "input_complexity": 4.0,
        "requires_judgment": 1.0,
        "human_visible": 0.0,
        "log_input_tokens": math.log(100),
        "step_index": 3.0,
        "retry": 1.0,
        "has_previous_error": 1.0,
        "log_previous_error_chars": math.log(8),
        "n_tools": 2.0,
        "log_tool_chars": math.log1p(chars),
        "max_tool_parameters": 3.0,
        "n_required_parameters": 2.0,
        "n_array_parameters": 1.0,
        "n_object_parameters": 1.0,
        "n_enum_parameters": 1.0,
        "tool_name_overlap": 1.0,
        "has_response_schema": 1.0,
        "n_schema_fields": 2.0,
        "schema_depth": 3.0,
        "log_turns": math.log(4),
        "log_assistant_turns": math.log(2),
        "log_tool_turns": math.log(2),
        "log_system_chars": math.log(8),
        "log_last_turn_chars": math.log(6),
        "last_turn_share": 5 / 7,
    }


@pytest.mark.parametrize(
    "parameters",
    [
        {"properties": None, "required": None},
        {"properties": [1], "required": "all"},
        {"properties": {"a": "string", "b": {"type": ["string", "null"], "enum": None}}},
    ],
    ids=str,
)
def test_schemas_that_are_no_schemas_are_no_trouble(parameters: dict[str, Any]) -> None:
    step = Step(tools=(Tool("", "", parameters),), response_schema=parameters)
    assert all(map(math.isfinite, structural_features(step, view_of(step)).values()))


def test_the_deepest_schema_that_is_parsed_has_features() -> None:
    def nested(levels: int) -> Any:
        return {} if levels == 1 else {"properties": nested(levels - 1)}

    step = parse_step({"text": "", "response_schema": nested(MAX_NESTING - 1)})
    assert features(step)["schema_depth"] == MAX_NESTING - 1
    tool = {"name": "t", "parameters": nested(MAX_NESTING - 3)}
    assert features(parse_step({"text": "", "tools": [tool]}))["n_tools"] == 1


def test_fields_that_are_no_structure_change_nothing() -> None:
    step = Step("hi", input_complexity=3.0)
    other = replace(step, agent="a", node="n", task_type="t", extra={"x": 1})
    assert structural_features(step, view_of(step)) == structural_features(other, view_of(other))
