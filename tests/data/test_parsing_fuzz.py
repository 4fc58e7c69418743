"""No JSON makes the step parser do anything but parse or refuse with a field and a fix.

``TIERWISE_TEST_FUZZ_EXAMPLES=200000`` makes a long run of it.
"""

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_logged_step, parse_step
from tierwise.data.records import Step
from tierwise.data.sensitive.redaction import Redaction, redact_step
from tierwise.data.serialise import step_to_dict
from tierwise.features.identity import IDENTITY_FIELDS, identity_values
from tierwise.features.lexical import lexical_features
from tierwise.features.structural import structural_features
from tierwise.features.view import view_of

T = TypeVar("T")

N_EXAMPLES = int(os.environ.get("TIERWISE_TEST_FUZZ_EXAMPLES", "200"))

TEXTS = st.text(st.characters(codec=None, exclude_categories=[]), max_size=30)
NUMBERS = st.integers() | st.floats() | st.sampled_from([-1, 0, 2**53, 2**64, 10**400, 1e308, -0.0])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
FIELDS = st.sampled_from(
    [*Step.__dataclass_fields__, "name", "description", "parameters", "function", "role", "content"]
)
KEYS = FIELDS | TEXTS | st.sampled_from(["type", "properties", "required", "enum"])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
TOOLS = st.fixed_dictionaries({}, optional={"name": TEXTS, "description": TEXTS, "parameters": ANYTHING, "x": ANYTHING})
MESSAGES = st.fixed_dictionaries({}, optional={"role": TEXTS, "content": TEXTS | st.lists(ANYTHING, max_size=3)})
LIKELY = st.fixed_dictionaries(
    {"text": TEXTS | ANYTHING},
    optional={
        "messages": st.lists(MESSAGES | ANYTHING, max_size=3),
        "tools": st.lists(TOOLS | TOOLS.map(lambda tool: {"type": "function", "function": tool}), max_size=3),
        "response_schema": st.dictionaries(KEYS, ANYTHING, max_size=4) | ANYTHING,
        **dict.fromkeys(("task_type", "previous_error", "agent", "node"), SCALARS),
        **dict.fromkeys(("input_complexity", "input_tokens", "step_index", "retry"), NUMBERS | SCALARS),
        **{name: st.booleans() | SCALARS for name in ("requires_judgment", "human_visible")},
        "unknown": ANYTHING,
    },
)


def parsed(parse: Callable[[Any], T], raw: Any) -> T | RecordError:
    try:
        return parse(raw)
    except RecordError as error:
        return error


@pytest.mark.slow
@settings(max_examples=N_EXAMPLES)
@given(LIKELY | ANYTHING)
def test_a_step_is_parsed_or_refused_and_what_is_parsed_can_be_used(raw: Any) -> None:
    step = parsed(parse_step, raw)
    if isinstance(step, RecordError):
        assert step.field.startswith("step")
        assert str(step).startswith(f"{step.field}: ")
        return
    assert json.dumps(step.prompt).encode()
    view = view_of(step)
    values = [*structural_features(step, view).values(), *lexical_features(view.text[:6000], view.n_chars).values()]
    assert all(abs(value) <= 1e7 for value in values)
    assert tuple(identity_values(step)) == IDENTITY_FIELDS
    assert parse_step(step_to_dict(step)) == step or "extra" in raw, "what is written reads back"
    for mode in Redaction:
        assert redact_step(step, mode).task_type == step.task_type


@settings(max_examples=max(50, N_EXAMPLES // 10))
@given(
    st.fixed_dictionaries(
        {"step": LIKELY | ANYTHING}, optional={"step_id": TEXTS, "attempts": ANYTHING, "decision": ANYTHING}
    )
)
def test_a_line_of_a_log_is_parsed_or_refused(raw: dict[str, Any]) -> None:
    logged = parsed(parse_logged_step, raw)
    if isinstance(logged, RecordError):
        assert len(str(logged)) < 400
    else:
        assert parse_step(raw["step"]) == logged.step
