"""What comes from outside is checked once, and every refusal names the field, the value and the fix."""

import copy
import re
from typing import Any

import pytest

from tierwise.data.errors import RecordError
from tierwise.data.foreign.limits import MAX_MESSAGES, MAX_TOOLS
from tierwise.data.parsing import MAX_NESTING, parse_attempt, parse_logged_step, parse_outcome, parse_step
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Message, Step, Tool

COMPLETE = {
    "step_id": "s-1",
    "task_id": "t-1",
    "session_id": "c-1",
    "timestamp": "2026-11-01T12:00:00Z",
    "group": "g-1",
    "step": {
        "text": "Extract the total.",
        "messages": [{"role": "system", "content": "Be brief."}],
        "task_type": "extract",
        "tools": [{"name": "lookup", "description": "Finds it.", "parameters": {"type": "object"}}],
        "response_schema": {"type": "object"},
        "input_complexity": 4,
        "requires_judgment": False,
        "human_visible": True,
        "input_tokens": 812,
        "step_index": 3,
        "retry": 1,
        "previous_error": "timeout",
        "agent": "billing",
        "node": "totals",
    },
    "attempts": [
        {
            "tier": "small",
            "model": "tiny-1",
            "success": True,
            "score": 1.0,
            "input_tokens": 812,
            "output_tokens": 64,
            "cached_tokens": 0,
            "cost_usd": 0.00004,
            "cost_is_estimate": True,
            "latency_ms": 310,
            "evaluator": "schema",
            "error": None,
            "simulated": True,
        }
    ],
    "decision": {"decision_id": "d-1", "tier": "small", "policy": "rules", "arm": "rules", "propensity": 0.95},
}

TEXT, FLAG, NUMBER = "a string or null", "true, false or null", "a number or null"
OBJECT, ARRAY, WHOLE = "a JSON object", "a JSON array", "a whole number"
REFUSALS: list[tuple[str, Any, str]] = [
    ("step_id", 7, TEXT),
    ("task_id", ["t"], TEXT),
    ("session_id", 1.5, TEXT),
    ("group", False, TEXT),
    ("timestamp", "yesterday", "ISO 8601 such as 2026-11-01T12:00:00Z"),
    ("timestamp", True, TEXT),
    ("timestamp", 1_793_534_400_000, "seconds since 1970"),
    ("timestamp", -1, "seconds since 1970"),
    ("step", None, OBJECT),
    ("step", "text", OBJECT),
    ("step.text", 5, TEXT),
    ("step.messages", {"role": "user"}, ARRAY),
    ("step.messages[0]", "hello", OBJECT),
    ("step.messages[0].role", 1, TEXT),
    ("step.messages[0].content", 3, ARRAY),
    ("step.task_type", 3, TEXT),
    ("step.tools", "lookup", ARRAY),
    ("step.tools[0]", "lookup", OBJECT),
    ("step.tools[0].name", 1, TEXT),
    ("step.tools[0].description", [], TEXT),
    ("step.tools[0].parameters", [], OBJECT),
    ("step.response_schema", "json", OBJECT),
    ("step.input_complexity", "4", NUMBER),
    ("step.input_complexity", True, NUMBER),
    ("step.input_complexity", float("nan"), "a finite number"),
    ("step.requires_judgment", 0, FLAG),
    ("step.human_visible", "yes", FLAG),
    ("step.input_tokens", -1, "cannot be below 0"),
    ("step.input_tokens", 1.5, WHOLE),
    ("step.step_index", 1e300, "at most 1e+15 is taken"),
    ("step.retry", "1", NUMBER),
    ("step.previous_error", {}, TEXT),
    ("step.agent", 1, TEXT),
    ("step.node", 1, TEXT),
    ("attempts", {"tier": "small"}, ARRAY),
    ("attempts[0]", "small", OBJECT),
    ("attempts[0].tier", 1, TEXT),
    ("attempts[0].model", 1, TEXT),
    ("attempts[0].success", 1, FLAG),
    ("attempts[0].score", "high", NUMBER),
    ("attempts[0].output_tokens", 0.5, WHOLE),
    ("attempts[0].cost_usd", float("nan"), "a finite number"),
    ("attempts[0].cost_usd", float("inf"), "a finite number"),
    ("attempts[0].cost_usd", 1e308, "at most 1e+15 is taken"),
    ("attempts[0].cost_usd", 1e7, "at most 1e+06 is taken"),
    ("attempts[0].cost_usd", 10**400, "a finite number"),
    ("attempts[0].cost_usd", -0.01, "cannot be below 0"),
    ("attempts[0].latency_ms", "310ms", NUMBER),
    ("attempts[0].cost_is_estimate", "no", FLAG),
    ("attempts[0].simulated", 1, FLAG),
    ("attempts[0].evaluator", 1, TEXT),
    ("attempts[0].error", 1, TEXT),
    ("decision", "rules", OBJECT),
    ("decision.tier", 1, TEXT),
    ("decision.propensity", 0, "above 0 and up to 1"),
    ("decision.propensity", 1.01, "above 0 and up to 1"),
    ("decision.propensity", "high", NUMBER),
]


def with_value(path: str, value: Any) -> dict[str, Any]:
    record = copy.deepcopy(COMPLETE)
    keys = [int(key) if key.isdigit() else key for key in re.findall(r"\w+", path)]
    target: Any = record
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    return record


def test_every_field_of_a_complete_line_is_read() -> None:
    assert parse_logged_step(COMPLETE) == LoggedStep(
        step_id="s-1",
        task_id="t-1",
        session_id="c-1",
        timestamp=1_793_534_400.0,
        group="g-1",
        step=Step(
            text="Extract the total.",
            messages=(Message("system", "Be brief."),),
            task_type="extract",
            tools=(Tool("lookup", "Finds it.", {"type": "object"}),),
            response_schema={"type": "object"},
            input_complexity=4.0,
            requires_judgment=False,
            human_visible=True,
            input_tokens=812,
            step_index=3,
            retry=1,
            previous_error="timeout",
            agent="billing",
            node="totals",
        ),
        attempts=(
            Attempt(
                tier="small",
                model="tiny-1",
                success=True,
                score=1.0,
                input_tokens=812,
                output_tokens=64,
                cached_tokens=0,
                cost_usd=0.00004,
                cost_is_estimate=True,
                latency_ms=310.0,
                evaluator="schema",
                simulated=True,
            ),
        ),
        decision=LoggedDecision("d-1", "small", "rules", "rules", 0.95),
    )


@pytest.mark.parametrize(("field", "value", "fix"), REFUSALS, ids=lambda part: str(part)[:40])
def test_a_wrong_value_is_refused_with_its_field_and_the_fix(field: str, value: Any, fix: str) -> None:
    with pytest.raises(RecordError, match=re.escape(fix)) as caught:
        parse_logged_step(with_value(field, value))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: is {repr(value)[:50]}")


@pytest.mark.parametrize(("path", "fix"), [("step_id", "every line needs one"), ("attempts[0].tier", "name the tier")])
@pytest.mark.parametrize("nothing", [None, ""])
def test_the_few_required_fields_must_be_there(path: str, fix: str, nothing: str | None) -> None:
    with pytest.raises(RecordError, match=f"{re.escape(path)}: is missing; {fix}"):
        parse_logged_step(with_value(path, nothing))


def test_everything_else_may_be_missing_or_null() -> None:
    least = parse_logged_step({"step_id": "s", "step": {"text": ""}, "attempts": [{"tier": "small"}]})
    assert least == LoggedStep("s", Step(), (Attempt("small"),))
    nulls = {key: None for key in COMPLETE["step"] if key != "text"}
    assert parse_step({"text": "hi", **nulls}) == Step("hi")
    assert parse_logged_step({"step_id": "s", "step": {"text": "hi"}}).attempts == ()


def test_messages_can_stand_for_the_text() -> None:
    step = parse_step({"messages": [{"role": "system", "content": "Be brief."}, {"content": "Total?"}]})
    assert step.messages == (Message("system", "Be brief."), Message("user", "Total?"))
    assert step.prompt == "Be brief.\nTotal?"
    with pytest.raises(RecordError, match="neither text nor messages"):
        parse_step({"text": None, "messages": []})


def test_text_parts_of_a_message_are_joined_and_other_parts_left_out() -> None:
    parts = [{"type": "text", "text": "One."}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "Two."}]
    assert parse_step({"messages": [{"role": "user", "content": parts}]}).prompt == "One.\nTwo."


def test_a_tool_may_be_wrapped_as_openai_wraps_it() -> None:
    plain = {"name": "lookup", "description": "Finds it.", "parameters": {"type": "object"}}
    wrapped = {"type": "function", "function": plain}
    assert parse_step({"text": "", "tools": [wrapped]}) == parse_step({"text": "", "tools": [plain]})


def test_unknown_fields_are_kept_where_they_stood() -> None:
    record = copy.deepcopy(COMPLETE)
    places = [record, record["step"], record["step"]["messages"][0], record["step"]["tools"][0]]
    places += [record["attempts"][0], record["decision"]]
    for place in places:
        place["x-team"] = {"deep": [1, None, "é"]}
    logged = parse_logged_step(record)
    assert logged.decision is not None
    holders = [logged, logged.step, logged.step.messages[0], logged.step.tools[0], logged.attempts[0], logged.decision]
    assert [holder.extra for holder in holders] == [{"x-team": {"deep": [1, None, "é"]}}] * len(holders)


def test_outcomes_are_not_even_read_when_deciding() -> None:
    record = COMPLETE | {"attempts": "rubbish", "decision": 5}
    blind = parse_logged_step(record, with_outcomes=False)
    assert blind.attempts == ()
    assert blind.decision is None
    assert blind.step == parse_logged_step(COMPLETE).step


def test_a_time_without_zone_is_utc_and_seconds_count_too() -> None:
    stamps = ["2026-11-01T12:00:00Z", "2026-11-01T12:00:00", "2026-11-01T14:00:00+02:00", 1_793_534_400]
    assert {parse_logged_step(with_value("timestamp", stamp)).timestamp for stamp in stamps} == {1_793_534_400.0}


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert parse_step({"text": "cut \ud83d"}).text == "cut \ufffd"
    assert parse_step({"text": "whole \U0001f600 שלום"}).text == "whole \U0001f600 שלום"
    parts = {"messages": [{"content": [{"text": "\udc80"}]}, {"content": "\ud800"}]}
    assert parse_step(parts).prompt == "\ufffd\n\ufffd"


def test_nesting_is_bounded() -> None:
    def nested(levels: int) -> Any:
        return {} if levels == 1 else {"a": nested(levels - 1)}

    assert parse_step({"text": "", "response_schema": nested(MAX_NESTING - 1)}).response_schema is not None
    with pytest.raises(RecordError, match="nested more than 100 levels"):
        parse_step({"text": "", "response_schema": nested(MAX_NESTING)})
    with pytest.raises(RecordError, match="nested more than 100 levels"):
        parse_logged_step(COMPLETE | {"x-team": [nested(MAX_NESTING)]})


def test_an_outcome_is_an_attempt_with_its_decision() -> None:
    body = {"decision_id": "d", "idempotency_key": "k", "tier": "mid", "success": False, "x": 1}
    outcome = parse_outcome(body | {"reported_at": 5})
    assert (outcome.decision_id, outcome.idempotency_key, outcome.reported_at) == ("d", "k", 5.0)
    assert outcome.attempt == Attempt("mid", success=False, extra={"x": 1})
    with pytest.raises(RecordError, match="send the decision_id that /route answered"):
        parse_outcome({"tier": "mid"})
    with pytest.raises(RecordError, match=r"^outcome\.cost_usd: is nan"):
        parse_outcome(body | {"cost_usd": float("nan")})


def test_long_values_are_shortened_in_messages() -> None:
    with pytest.raises(RecordError, match=r"^a: is 'x{56}\.\.\.; a JSON object is needed$"):
        parse_attempt("x" * 1_000, "a")


@pytest.mark.parametrize(("name", "most"), [("messages", MAX_MESSAGES), ("tools", MAX_TOOLS)])
def test_lists_beyond_every_honest_use_are_refused(name: str, most: int) -> None:
    parse_step({"text": "x", name: [{"role": "user", "name": "t"}] * most})
    with pytest.raises(RecordError, match=rf"step\.{name}: has {most + 1} entries; at most {most} are taken"):
        parse_step({"text": "x", name: [{}] * (most + 1)})
