"""Calls to steps, on hand-made calls: what is one step, what counts as failure, what stays unknown."""

from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import ImportMap
from tierwise.data.importers.assembling.assembly import Assembled, Assembler
from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.reading.records import Answer, Call, Frame, Labels, Signal, ToolCall

NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
SMALL, LARGE = "gpt-4o-mini", "gpt-4o"


def call(source_id: str, model: str = SMALL, text: str = "Do it.", trace: str | None = "t", **known: Any) -> Call:
    found = FoundCall(
        source_id=source_id,
        messages=[{"role": "user", "content": text}],
        model=model,
        labels=Labels(),
        trace_id=trace,
        started_at=known.pop("at", 0.0),
        **known,
    ).checked()
    assert isinstance(found, Call)
    return found


def assembled(
    tiers: TierCatalogue,
    calls: list[Call],
    signals: tuple[Signal, ...] = (),
    frames: tuple[Frame, ...] = (),
    **mapping: Any,
) -> Assembled:
    return Assembler("test", tiers, ImportMap.from_mapping(mapping)).assemble(calls, frames, signals)


def outcomes(found: Assembled) -> list[list[tuple[str, bool | None, str | None]]]:
    return [[(a.tier, a.success, a.evaluator) for a in step.attempts] for step in found.steps]


def test_the_same_question_to_the_same_model_is_a_new_step(tiers: TierCatalogue) -> None:
    found = assembled(tiers, [call("a", at=1.0), call("b", at=2.0)])
    assert outcomes(found) == [[("small", None, None)], [("small", None, None)]]


def test_a_question_that_goes_on_to_a_dearer_model_failed_before(tiers: TierCatalogue) -> None:
    calls = [call("a", at=1.0, latency_ms=100), call("b", LARGE, at=2.0)]
    assert outcomes(assembled(tiers, calls)) == [[("small", False, "retry"), ("frontier", None, None)]]
    off = assembled(tiers, calls, evidence={"escalation": "off"})
    assert outcomes(off) == [[("small", None, None), ("frontier", None, None)]]


def test_models_asked_at_once_say_nothing_about_each_other(tiers: TierCatalogue) -> None:
    calls = [call("a", at=1.0, latency_ms=5000), call("b", LARGE, at=1.1)]
    assert outcomes(assembled(tiers, calls)) == [[("small", None, None), ("frontier", None, None)]]


def test_going_down_to_a_cheaper_model_says_nothing(tiers: TierCatalogue) -> None:
    calls = [call("a", LARGE, at=1.0), call("b", at=2.0)]
    assert outcomes(assembled(tiers, calls)) == [[("frontier", None, None), ("small", None, None)]]


def test_a_retry_after_trouble_of_the_provider_is_a_second_attempt_without_blame(tiers: TierCatalogue) -> None:
    calls = [call("a", at=1.0, error="429", error_type="RateLimitError"), call("b", at=2.0)]
    assert outcomes(assembled(tiers, calls)) == [[("small", None, None), ("small", None, None)]]


@pytest.mark.parametrize(
    "error_type", ["ContextWindowExceededError", "OutputParserException", "LengthFinishReasonError"]
)
def test_errors_that_the_model_caused_are_failures(error_type: str, tiers: TierCatalogue) -> None:
    calls = [call("a", error="x", error_type=error_type)]
    assert outcomes(assembled(tiers, calls)) == [[("small", False, "error")]]
    none = assembled(tiers, calls, evidence={"errors": ["Own*"]})
    assert outcomes(none) == [[("small", None, None)]]


@pytest.mark.parametrize(
    ("answer", "success"),
    [
        (Answer('{"n": 1}'), None),
        (Answer('{"n": "one"}'), False),
        (Answer("one"), False),
        (Answer(None), None),
    ],
)
def test_a_broken_schema_is_a_failure_and_a_kept_one_proves_nothing(
    answer: Answer, success: bool | None, tiers: TierCatalogue
) -> None:
    calls = [call("a", response_schema=NUMBER, answer=answer)]
    assert [[row[1] for row in step] for step in outcomes(assembled(tiers, calls))] == [[success]]
    off = assembled(tiers, calls, evidence={"schema": "off"})
    assert outcomes(off)[0][0][1] is None


def test_a_kept_schema_counts_where_the_map_says_so(tiers: TierCatalogue) -> None:
    calls = [call("a", response_schema=NUMBER, answer=Answer('{"n": 1}'))]
    assert outcomes(assembled(tiers, calls, evidence={"schema": "decides"})) == [[("small", True, "schema")]]


@pytest.mark.parametrize(
    ("tool_call", "problem"),
    [
        (ToolCall("find", '{"n": 1}'), None),
        (ToolCall("find", {"n": "x"}), "arguments of 'find': 'x' is not of type 'number'"),
        (ToolCall("find", "{n: 1"), "arguments of 'find': not JSON"),
        (ToolCall("invent", "{}"), "calls the tool 'invent', which was not offered"),
    ],
)
def test_calls_of_tools_are_held_against_their_schemas(
    tool_call: ToolCall, problem: str | None, tiers: TierCatalogue
) -> None:
    tools = [{"name": "find", "parameters": NUMBER}]
    (step,) = assembled(tiers, [call("a", tools=tools, answer=Answer(tool_calls=(tool_call,)))]).steps
    assert step.attempts[0].success is (None if problem is None else False)
    assert (step.attempts[0].error or "").startswith(problem or "")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "#/$defs/nothere"},
        {"type": "no such type"},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ],
)
def test_a_schema_that_cannot_be_applied_blames_nobody(schema: dict[str, Any], tiers: TierCatalogue) -> None:
    calls = [call("a", response_schema=schema, answer=Answer('{"n": 1}'))]
    assert outcomes(assembled(tiers, calls)) == [[("small", None, None)]]


def test_a_failure_outweighs_a_success_and_a_verdict_outweighs_the_schema(tiers: TierCatalogue) -> None:
    rules = {"good": {"at_least": 0.5}, "thumbs": {"success": ["up"], "failure": ["down"]}}
    calls = [call("a", response_schema=NUMBER, answer=Answer("one"))]
    up, good, down = Signal("thumbs", "up", "a"), Signal("good", 0.9, "a"), Signal("thumbs", "down", "a")
    assert outcomes(assembled(tiers, calls, (up, good), success=rules)) == [[("small", True, "thumbs")]]
    assert outcomes(assembled(tiers, calls, (good, down), success=rules)) == [[("small", False, "thumbs")]]


def test_a_verdict_on_the_task_of_a_single_step_is_the_steps(tiers: TierCatalogue) -> None:
    rules = {"good": {"at_least": 0.5}}
    bad = (Signal("good", 0.1, "t", is_about_task=True),)
    assert outcomes(assembled(tiers, [call("a")], bad, success=rules)) == [[("small", False, "good")]]
    two = [call("a"), call("b", text="Other.", at=1.0)]
    spread = assembled(tiers, two, bad, success=rules, evidence={"task_verdicts": "spread"})
    assert outcomes(spread) == [[("small", None, None)], [("small", None, None)]]
    assert spread.evidence.n_task_verdicts == 1


def test_a_model_in_no_tier_is_counted(tiers: TierCatalogue) -> None:
    found = assembled(tiers, [call("a", "gpt-9"), call("b", "gpt-9", text="Other."), call("c")])
    assert found.unknown_models == {"gpt-9": 2}
    assert [step.step_id for step in found.steps] == ["test-c"]


def test_a_recording_around_another_one_of_the_same_call_is_left_out(tiers: TierCatalogue) -> None:
    frames = (Frame("root", "run", is_agent=True), Frame("chain", "node", "root"))
    calls = [call("outer", parent_id="chain"), call("inner", parent_id="outer")]
    found = assembled(tiers, calls, frames=frames)
    assert ([step.step_id for step in found.steps], found.n_wrappers) == (["test-inner"], 1)


def test_frames_that_contain_each_other_end_nowhere(tiers: TierCatalogue) -> None:
    frames = (Frame("x", "one", "y"), Frame("y", "two", "x"))
    (step,) = assembled(tiers, [call("a", parent_id="x")], frames=frames).steps
    assert step.step.node == "one"


def test_a_cost_of_zero_is_unknown_and_taken_from_the_list(tiers: TierCatalogue) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "cached_tokens": None}
    (step,) = assembled(tiers, [call("a", usage=usage, cost_usd=0.0)]).steps
    assert step.attempts[0].cost_usd == pytest.approx(0.00021)
    assert step.attempts[0].cost_is_estimate


def test_cached_tokens_beyond_the_input_were_counted_apart(tiers: TierCatalogue) -> None:
    usage = {"input_tokens": 10, "output_tokens": 1, "cached_tokens": 90}
    (step,) = assembled(tiers, [call("a", usage=usage)]).steps
    assert step.attempts[0].input_tokens == 100
