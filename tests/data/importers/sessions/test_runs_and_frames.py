"""Totals and rewards of whole runs, and spans that stand around calls which are not there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.made_calls import SPAN, TRACE
from tests.data.importers.span_dialects import otlp
from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.records import Attempt

Imported = Callable[..., ImportReport]
STATS = {"instance_cost": 0.3, "tokens_sent": 1001, "tokens_received": 77, "api_calls": 2}


def attempts(report: ImportReport) -> list[Attempt]:
    return [attempt for step in report.assembled.steps for attempt in step.attempts]


def run_of(stats: Any) -> dict[str, Any]:
    history = [
        {"role": "system", "content": "Act."},
        {"role": "user", "content": "Mend it."},
        {"role": "assistant", "content": "Let me look."},
        {"role": "user", "content": "a long list of files " * 20},
        {"role": "assistant", "content": "Done, with a longer answer than before."},
    ]
    config = {"agent": {"model": {"name": "gpt-4o-mini"}}}
    return {"history": history, "info": {"exit_status": "submitted", "model_stats": stats}, "replay_config": config}


def imported_run(stats: Any, imported: Imported, folder: Path) -> ImportReport:
    (folder / "x.traj").write_text(json.dumps(run_of(stats)), encoding="utf-8")
    return imported("swe-agent", [folder / "x.traj"])


def test_the_totals_of_a_run_are_shared_out_and_add_up(imported: Imported, tmp_path: Path) -> None:
    first, second = attempts(imported_run(STATS, imported, tmp_path))
    sent = [each.input_tokens or 0 for each in (first, second)]
    received = [each.output_tokens or 0 for each in (first, second)]
    assert (sum(sent), sum(received)) == (1001, 77)
    assert (first.cost_usd or 0.0) + (second.cost_usd or 0.0) == pytest.approx(0.3)
    assert 0 < sent[0] < sent[1]  # whose prompt is longer
    assert 0 < received[0] < received[1]
    assert [each.cost_is_estimate for each in (first, second)] == [True, True]
    assert [each.extra["tokens_are_estimates"] for each in (first, second)] == [True, True]


def test_a_run_without_a_cost_is_priced_by_its_shares(imported: Imported, tmp_path: Path) -> None:
    found = attempts(imported_run({**STATS, "instance_cost": 0}, imported, tmp_path))
    assert sum(each.cost_usd or 0.0 for each in found) == pytest.approx((1001 * 0.15 + 77 * 0.60) / 1e6)
    assert {each.cost_is_estimate for each in found} == {True}


@pytest.mark.parametrize("made", [3, 1, None])
def test_a_run_that_made_other_calls_is_not_shared_out(made: int | None, imported: Imported, tmp_path: Path) -> None:
    report = imported_run({**STATS, "api_calls": made}, imported, tmp_path)
    assert [each.input_tokens for each in attempts(report)] == [None, None]
    (reason,) = report.skipped
    assert f"model_stats.api_calls is {made}" in reason
    assert "the history holds 2 calls" in reason


@pytest.mark.parametrize("stats", [None, {}, [], {"tokens_sent": 0, "api_calls": 2}, {"tokens_sent": "x"}])
def test_a_run_without_totals_has_none(stats: Any, imported: Imported, tmp_path: Path) -> None:
    report = imported_run(stats, imported, tmp_path)
    assert [each.input_tokens for each in attempts(report)] == [None, None]
    assert dict(report.skipped) == {}


AGENT = {"name": "terminus", "model_name": "openai/gpt-4o-mini"}
ONE_CALL = {"session_id": "s", "agent": AGENT, "steps": [{"source": "user", "message": "How many?"},
                                                         {"source": "agent", "message": "Four."}]}  # fmt: skip
GOOD, BAD = {"verifier_result": {"rewards": {"reward": 1.0}}}, {"verifier_result": {"rewards": {"reward": 0}}}
BESIDE: dict[str, tuple[dict[str, Any], bool | None]] = {
    "a result that passed": ({"result.json": GOOD}, True),
    "a result that failed": ({"result.json": BAD}, False),
    "a reward of its own name": ({"result.json": {"verifier_result": {"rewards": {"overall": 1.0}}}}, True),
    "a file of rewards": ({"verifier/reward.json": {"reward": 1}}, True),
    "a file of rewards by name": ({"verifier/reward.json": {"tests": 1, "style": 0.1}}, False),
    "a reward as text": ({"verifier/reward.txt": "0\n"}, False),
    "Terminal-Bench's result": ({"result.json": {"is_resolved": True, "failure_mode": "unset"}}, True),
    "no reward": ({"result.json": {"verifier_result": None}}, None),
    "a null reward": ({"result.json": {"verifier_result": {"rewards": None}}}, None),
    "no JSON": ({"result.json": "{"}, None),
    "nothing": ({}, None),
}
RULES = ImportMap.from_mapping({"success": {"*": {"at_least": 0.5, "success": [True], "failure": [False]}}})


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("folder", ["agent", "."])
def test_rewards_beside_a_trajectory_are_verdicts_on_its_task(
    name: str, folder: str, imported: Imported, tmp_path: Path
) -> None:
    files, success = BESIDE[name]
    trial = tmp_path / "job" / "trial"
    for file, content in files.items():
        path = trial / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path = trial / folder / "trajectory.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ONE_CALL), encoding="utf-8")
    (attempt,) = attempts(imported("atif", [path], RULES))
    assert (attempt.success, attempt.evaluator is not None) == (success, success is not None)
    (unruled,) = attempts(imported("atif", [path]))
    assert unruled.success is None


@pytest.mark.parametrize("holder", [{"reward": 1.0}, {"rewards": {"tests": 1.0}}, GOOD])
def test_a_reward_in_the_trajectory_itself_counts(holder: Any, imported: Imported, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({**ONE_CALL, **holder}), encoding="utf-8")
    (attempt,) = attempts(imported("atif", [path], RULES))
    assert attempt.success is True


def test_a_sub_agents_trajectory_was_not_verified(imported: Imported, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(GOOD), encoding="utf-8")
    path = tmp_path / "helper.json"
    path.write_text(json.dumps(ONE_CALL), encoding="utf-8")
    (attempt,) = attempts(imported("atif", [path], RULES))
    assert attempt.success is None


def test_a_reward_says_nothing_of_one_of_several_steps(imported: Imported, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(GOOD), encoding="utf-8")
    steps = [*ONE_CALL["steps"], {"source": "user", "message": "Sure?"}, {"source": "agent", "message": "Yes."}]
    (tmp_path / "trajectory.json").write_text(json.dumps({**ONE_CALL, "steps": steps}), encoding="utf-8")
    report = imported("atif", [tmp_path / "trajectory.json"], RULES)
    assert [each.success for each in attempts(report)] == [None, None]
    assert report.assembled.evidence.n_task_verdicts == 1


PROMPT = json.dumps({"messages": [{"role": "user", "content": "How many?"}]})
OUTER = {"ai.model.id": "gpt-4o-mini", "ai.prompt": PROMPT, "ai.response.text": "Four.", "ai.usage.promptTokens": 9}
INNER = {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o-mini",
         "ai.prompt.messages": json.dumps([{"role": "user", "content": "How many?"}])}  # fmt: skip


def spans(outer: dict[str, Any], *inner: dict[str, Any]) -> list[dict[str, Any]]:
    (row,) = otlp(outer)[1]
    for number, words in enumerate(inner):
        (other,) = otlp(words)[1]
        (span,) = other["resourceSpans"][0]["scopeSpans"][0]["spans"]
        span |= {"spanId": f"{number:016x}".replace("0", "c"), "parentSpanId": SPAN, "traceId": TRACE}
        row["resourceSpans"][0]["scopeSpans"][0]["spans"].append(span)
    return [row]


@pytest.mark.parametrize(
    ("name", "value", "operation"),
    [
        ("ai.operationId", "ai.generateText", "ai.generateText"),
        ("ai.operationId", "ai.streamText", "ai.streamText"),
        ("ai.operationId", "ai.generateObject", "ai.generateObject"),
        ("operation.name", "ai.streamObject sorting", "ai.streamObject"),
    ],
)
def test_an_outer_span_of_the_ai_sdk_alone_is_counted(
    name: str, value: str, operation: str, imported: Imported, tmp_path: Path
) -> None:
    path = tmp_path / "spans.json"
    (row,) = spans({**OUTER, name: value})
    path.write_text(json.dumps(row), encoding="utf-8")
    report = imported("otlp", [path])
    assert (report.n_calls, sum(report.skipped.values())) == (0, 1)
    (reason,) = report.skipped
    assert reason.startswith(f"a span around calls without them: {name} is {operation}")
    assert f"{operation}.doGenerate" in reason


@pytest.mark.parametrize(
    ("inner", "n_calls", "reasons"),
    [
        ((INNER,), 1, 0),
        ((INNER, INNER), 2, 0),
        (({**INNER, "ai.prompt.messages": ""},), 0, 1),  # its own reason, and no second one
    ],
)
def test_an_outer_span_around_its_calls_is_not(
    inner: Any, n_calls: int, reasons: int, imported: Imported, tmp_path: Path
) -> None:
    path = tmp_path / "spans.json"
    (row,) = spans({**OUTER, "ai.operationId": "ai.generateText"}, *inner)
    path.write_text(json.dumps(row), encoding="utf-8")
    report = imported("otlp", [path])
    assert (report.n_calls, len(report.skipped)) == (n_calls, reasons)
    assert not any("without them" in reason for reason in report.skipped)


@pytest.mark.parametrize("operation", ["ai.toolCall", "ai.embed.doEmbed"])
def test_other_spans_of_the_ai_sdk_miss_no_call(operation: str, imported: Imported, tmp_path: Path) -> None:
    path = tmp_path / "spans.json"
    (row,) = spans({"ai.operationId": operation, "ai.toolCall.name": "find"})
    path.write_text(json.dumps(row), encoding="utf-8")
    assert dict(imported("otlp", [path]).skipped) == {}
