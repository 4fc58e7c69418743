"""Records go back to the mappings that they came from: nothing known is added, nothing unknown is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.parsing import parse_attempt, parse_logged_step, parse_outcome, parse_step
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.serialise import attempt_to_dict, logged_step_to_dict, outcome_to_dict, step_to_dict

NAMES = st.text("abcxyz_", min_size=1, max_size=8).map(lambda name: f"x{name}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_what_is_unknown_is_left_out() -> None:
    assert logged_step_to_dict(LoggedStep("s", Step("hi"), (Attempt("small"),))) == {
        "step_id": "s",
        "step": {"text": "hi"},
        "attempts": [{"tier": "small"}],
    }


def test_false_zero_and_empty_text_are_not_unknown() -> None:
    step = {"text": "", "requires_judgment": False, "retry": 0, "previous_error": ""}
    assert step_to_dict(parse_step(step)) == step
    attempt = {"tier": "small", "success": False, "cost_usd": 0.0}
    assert attempt_to_dict(parse_attempt(attempt, "a")) == attempt


def test_times_come_back_as_utc() -> None:
    logged = parse_logged_step({"step_id": "s", "step": {"text": ""}, "timestamp": "2026-11-01T14:00:00.5+02:00"})
    assert logged_step_to_dict(logged)["timestamp"] == "2026-11-01T12:00:00.500000+00:00"


def test_an_outcome_comes_back_whole() -> None:
    body = {
        "decision_id": "d",
        "idempotency_key": "k",
        "reported_at": "1970-01-01T00:00:05+00:00",
        "tier": "mid",
        "x": 1,
    }
    assert outcome_to_dict(parse_outcome(body)) == body


@pytest.mark.slow
@given(extra=st.dictionaries(NAMES, JSON, max_size=3), place=st.integers(0, 4))
def test_unknown_fields_survive_anywhere(extra: dict[str, object], place: int) -> None:
    message, tool = {"role": "user", "content": "hi"}, {"name": "t", "description": "", "parameters": {}}
    attempt, step = {"tier": "small"}, {"text": "", "messages": [message], "tools": [tool]}
    line = {"step_id": "s", "step": step, "attempts": [attempt], "decision": {"tier": "small"}}
    (line, step, message, tool, attempt)[place].update(extra)  # type: ignore[attr-defined]
    assert logged_step_to_dict(parse_logged_step(line)) == line


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_any_text_survives_once_it_is_parsed(text: str) -> None:
    step = parse_step({"text": text, "agent": text})
    again = parse_step(json.loads(json.dumps(step_to_dict(step))))
    assert again == step
    assert len(step.text) == len(text) or "\ufffd" in step.text or any("\ud800" <= char <= "\udfff" for char in text)
