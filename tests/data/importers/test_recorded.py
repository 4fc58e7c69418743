"""Every importer on logs that the real library wrote while it ran the same two tasks (recorders/scenario.py)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.parsing import parse_logged_step
from tierwise.data.records import LoggedStep
from tierwise.data.serialise import logged_step_to_dict

Import = Callable[..., ImportReport]

TRACED = {
    "openinference": ("otlp", ["openinference.jsonl"]),
    "traceloop": ("otlp", ["traceloop.jsonl"]),
    "litellm": ("litellm", ["litellm.jsonl"]),
    "langfuse": ("langfuse", ["langfuse_observations.json", "langfuse_scores.jsonl"]),
    "langsmith": ("langsmith", ["langsmith_runs.jsonl", "langsmith_feedback.jsonl"]),
    "langchain": ("langsmith", ["langchain.jsonl"]),
    "mlflow": ("mlflow", ["mlflow.jsonl"]),
}
UNTRACED = {
    "pairs": ("openai", ["openai_pairs.jsonl"]),
    "batch": ("openai", ["openai_batch_output.jsonl", "openai_batch_input.jsonl"]),
    "stored": ("openai", ["openai_stored.jsonl"]),
}
ALL = (
    TRACED
    | UNTRACED
    | {"pydantic_ai": ("otlp", ["pydantic_ai.jsonl"]), "litellm_spend": ("litellm", ["litellm_spend.jsonl"])}
)


def steps_of(imported: Import, recorded: Path, name: str, mapping: ImportMap | None = None) -> ImportReport:
    format_name, files = ALL[name]
    return imported(format_name, [recorded / file for file in files], mapping)


def named(report: ImportReport, words: str) -> LoggedStep:
    (step,) = [step for step in report.assembled.steps if words in step.step.prompt]
    return step


@pytest.mark.parametrize("name", TRACED)
def test_the_calls_of_a_trace_are_steps_of_one_task(name: str, imported: Import, recorded: Path) -> None:
    report = steps_of(imported, recorded, name)
    assert report.malformed == ()
    assert (report.n_calls, len(report.assembled.steps)) == (5, 4)
    extract, lookup = named(report, "Extract"), named(report, "Find invoice")
    summary, refused = named(report, "in one sentence"), named(report, "overloaded")
    assert extract.task_id == lookup.task_id != summary.task_id == refused.task_id
    assert [step.step.step_index for step in (extract, lookup, summary, refused)] == [0, 1, 0, 1]
    assert [message.role for message in extract.step.messages] == ["system", "user"]
    assert [tool.name for tool in lookup.step.tools] == ["lookup"]
    assert lookup.step.tools[0].parameters["required"] == ["number"]
    assert extract.step.response_schema is not None


@pytest.mark.parametrize("name", TRACED)
def test_a_retry_on_another_model_is_a_second_attempt(name: str, imported: Import, recorded: Path) -> None:
    extract = named(steps_of(imported, recorded, name), "Extract")
    assert [attempt.tier for attempt in extract.attempts] == ["small", "frontier"]
    first, second = extract.attempts
    assert (first.success, first.evaluator) == (False, "schema")
    assert second.success is None
    assert (first.input_tokens, first.output_tokens, first.cached_tokens) == (120, 14, 64)
    assert first.cost_usd is not None
    assert second.cost_usd is not None
    assert 0 < first.cost_usd < second.cost_usd or name.startswith("lang")  # their costs are made up
    assert first.latency_ms is not None


@pytest.mark.parametrize("name", TRACED)
def test_a_refusal_of_the_provider_proves_nothing(name: str, imported: Import, recorded: Path) -> None:
    (attempt,) = named(steps_of(imported, recorded, name), "overloaded").attempts
    assert attempt.success is None
    assert attempt.cost_usd is None
    assert attempt.error is not None
    assert "429" in attempt.error or "Rate limit" in attempt.error


@pytest.mark.parametrize("name", ["openinference", "traceloop", "langsmith", "langchain", "mlflow"])
def test_agent_and_node_come_from_the_spans_around_a_call(name: str, imported: Import, recorded: Path) -> None:
    report = steps_of(imported, recorded, name)
    places = {(step.step.agent, step.step.node) for step in report.assembled.steps}
    assert places == {("invoice", "extract"), ("invoice", "lookup"), ("dispute", "summarise")}


def test_langfuse_names_its_generations(imported: Import, recorded: Path) -> None:
    nodes = {step.step.node for step in steps_of(imported, recorded, "langfuse").assembled.steps}
    assert nodes == {"extract", "lookup", "summarise"}


def test_a_spend_log_and_the_payloads_of_the_same_calls_are_one(imported: Import, recorded: Path) -> None:
    both = imported("litellm", [recorded / "litellm.jsonl", recorded / "litellm_spend.jsonl"])
    payloads = steps_of(imported, recorded, "litellm")
    assert [step.step_id for step in both.assembled.steps] == [step.step_id for step in payloads.assembled.steps]
    assert both.skipped["the same call once more"] == 4
    extract = named(steps_of(imported, recorded, "litellm_spend"), "Extract")
    assert [(a.tier, a.success, a.cached_tokens) for a in extract.attempts] == [
        ("small", False, 64),
        ("frontier", None, 64),
    ]


def test_pydantic_ai_names_its_agents(imported: Import, recorded: Path) -> None:
    report = steps_of(imported, recorded, "pydantic_ai")
    assert {step.step.agent for step in report.assembled.steps} == {"extract", "summarise"}
    extract = named(report, "Extract")
    assert [(attempt.tier, attempt.success) for attempt in extract.attempts] == [("small", False), ("frontier", None)]
    assert extract.attempts[0].evaluator == "retry"
    assert not extract.attempts[0].cost_is_estimate  # its spans carry the cost
    assert sum(report.skipped.values()) == 1  # the refused call has no prompt in its span


@pytest.mark.parametrize("name", UNTRACED)
def test_completions_without_a_trace_are_single_steps(name: str, imported: Import, recorded: Path) -> None:
    report = steps_of(imported, recorded, name)
    assert report.malformed == ()
    assert {step.task_id for step in report.assembled.steps} == {None}
    assert all(len(step.attempts) == 1 for step in report.assembled.steps)
    extracts = [step for step in report.assembled.steps if "Extract" in step.step.prompt]
    assert [step.attempts[0].tier for step in extracts] == ["small", "frontier"]
    (lookup,) = named(report, "Find invoice").attempts
    assert (lookup.cached_tokens, lookup.cost_is_estimate) == (64, True)


@pytest.mark.parametrize(
    ("name", "rule", "n_known"),
    [
        ("langfuse", {"correctness": {"at_least": 0.5}}, 5),
        ("langsmith", {"correct*": {"at_least": 0.5}}, 5),
        ("mlflow", {"correct": {"success": ["yes"], "failure": ["no"]}}, 4),
    ],
)
def test_verdicts_count_only_under_a_rule(
    name: str, rule: dict[str, object], n_known: int, imported: Import, recorded: Path
) -> None:
    without = steps_of(imported, recorded, name)
    assert without.assembled.evidence.unmapped
    assert {a.evaluator for step in without.assembled.steps for a in step.attempts} == {None, "schema"}
    ruled = steps_of(imported, recorded, name, ImportMap.from_mapping({"success": rule}))
    attempts = [attempt for step in ruled.assembled.steps for attempt in step.attempts]
    assert sum(attempt.success is not None for attempt in attempts) == n_known


def test_a_verdict_on_a_whole_task_is_not_spread_unless_asked(imported: Import, recorded: Path) -> None:
    rules = {"success": {"thumbs": {"success": [True], "failure": [False]}}}
    report = steps_of(imported, recorded, "mlflow", ImportMap.from_mapping(rules))
    assert report.assembled.evidence.n_task_verdicts == 2
    spread = ImportMap.from_mapping(rules | {"evidence": {"task_verdicts": "spread"}})
    lookup = named(steps_of(imported, recorded, "mlflow", spread), "Find invoice")
    assert (lookup.attempts[0].success, lookup.attempts[0].evaluator) == (True, "thumbs")


@pytest.mark.parametrize("name", ALL)
def test_what_is_imported_is_a_step_log(name: str, imported: Import, recorded: Path) -> None:
    for step in steps_of(imported, recorded, name).assembled.steps:
        line = json.dumps(logged_step_to_dict(step))
        assert logged_step_to_dict(parse_logged_step(json.loads(line))) == json.loads(line)


@pytest.mark.parametrize("name", ALL)
def test_the_same_records_give_the_same_ids(name: str, imported: Import, recorded: Path) -> None:
    first, second = (steps_of(imported, recorded, name).assembled.steps for _ in range(2))
    assert [step.step_id for step in first] == [step.step_id for step in second]
    assert len({step.step_id for step in first}) == len(first)


@pytest.mark.parametrize("name", TRACED | UNTRACED)
def test_an_export_that_breaks_off_gives_what_is_whole(
    name: str, imported: Import, recorded: Path, tmp_path: Path
) -> None:
    format_name, files = ALL[name]
    whole = (recorded / files[0]).read_text(encoding="utf-8")
    broken = tmp_path / files[0]
    broken.write_text(whole[: int(len(whole) * 0.8)], encoding="utf-8")
    report = imported(format_name, [broken, *(recorded / file for file in files[1:])])
    assert len(report.malformed) >= 1
    assert report.malformed[0].reason
    assert report.assembled.steps
