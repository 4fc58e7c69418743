"""Results of evaluation tools: the same question on several models is one step, with everybody's score."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tierwise.data.importers import ForeignLogError, ImportMap, ImportReport
from tierwise.data.importers.evaluations.archives import read_members

Import = Callable[..., ImportReport]
LOGS = Path(__file__).parent / "evaluations"
GRADES = {"success": ["C"], "failure": ["I"]}
RULES = ImportMap.from_mapping({"success": {"match": GRADES, "pass": {"success": [True], "failure": [False]}}})
INSPECT = [[LOGS / "inspect.jsonl"], [LOGS / "inspect_small.eval", LOGS / "inspect_large.eval"]]


def outcomes(report: ImportReport, words: str) -> list[tuple[str, bool | None, str | None]]:
    (step,) = [step for step in report.assembled.steps if words in step.step.prompt]
    return [(attempt.tier, attempt.success, attempt.evaluator) for attempt in step.attempts]


@pytest.mark.parametrize("paths", INSPECT, ids=["json", "eval"])
def test_a_sample_on_two_models_is_one_step_with_both_scores(paths: list[Path], imported: Import) -> None:
    report = imported("inspect", paths, RULES)
    assert report.malformed == ()
    assert outcomes(report, "P-77?") == [("small", True, "match"), ("frontier", True, "match")]
    assert outcomes(report, "P-12?") == [("small", False, "match"), ("frontier", True, "match")]
    assert outcomes(report, "depot 9") == [("small", True, "match"), ("frontier", False, "match")]


def test_tokens_and_texts_of_inspect_are_read(imported: Import) -> None:
    report = imported("inspect", INSPECT[0], RULES)
    (step,) = [step for step in report.assembled.steps if "P-12?" in step.step.prompt]
    assert [(m.role, m.content) for m in step.step.messages] == [
        ("system", "Answer briefly."),
        ("user", "How many parcels are on pallet P-12?"),
    ]
    small, large = step.attempts
    assert (small.input_tokens, small.output_tokens, small.cached_tokens) == (80, 4, 60)  # counted apart, by the total
    assert (large.input_tokens, large.output_tokens, large.cached_tokens) == (100, 9, None)
    assert (step.step.agent, small.latency_ms is not None) == ("parcels", True)


def test_a_sample_of_several_calls_is_a_task_whose_score_is_not_spread(imported: Import) -> None:
    report = imported("inspect", INSPECT[0], RULES)
    steps = [step for step in report.assembled.steps if step.step.tools]
    assert [step.step.step_index for step in steps] == [0, 1]
    assert {attempt.success for step in steps for attempt in step.attempts} == {None}
    assert [message.role for message in steps[1].step.messages] == ["user", "assistant", "tool"]


def test_scores_count_only_under_a_rule(imported: Import) -> None:
    report = imported("inspect", INSPECT[0])
    assert set(report.assembled.evidence.unmapped) == {"match", "includes"}
    assert {a.success for step in report.assembled.steps for a in step.attempts} == {None}


def sample(**fields: Any) -> dict[str, Any]:
    output = {
        "model": "gpt-4o",
        "choices": [{"message": {"role": "assistant", "content": "40"}, "stop_reason": "stop"}],
    }
    asked = {"role": "user", "content": "Count."}
    return {"id": 1, "epoch": 1, "input": "Count.", "messages": [asked, {"role": "assistant", "content": "40"}],
            "output": output, "scores": {"match": {"value": "C"}}, **fields}  # fmt: skip


def log(tmp_path: Path, *samples: dict[str, Any]) -> Path:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {"task": "t", "model": "openai/gpt-4o"}, "samples": samples}), encoding="utf-8")
    return path


def model_event(text: str, **fields: Any) -> dict[str, Any]:
    output = {"choices": [{"message": {"content": "40"}, "stop_reason": "stop"}], "usage": {"input_tokens": 9}}
    return {"event": "model", "model": "openai/gpt-4o", "input": [{"role": "user", "content": text}], "output": output,
            **fields}  # fmt: skip


def test_a_log_without_events_still_has_its_answers(imported: Import, tmp_path: Path) -> None:
    report = imported("inspect", [log(tmp_path, sample())], RULES)
    assert outcomes(report, "Count.") == [("frontier", True, "match")]


def test_calls_that_scorers_make_are_no_steps(imported: Import, tmp_path: Path) -> None:
    events = [
        {"event": "span_begin", "id": "a", "type": "solvers"},
        model_event("Count.", span_id="a"),
        {"event": "span_begin", "id": "b", "type": "scorers"},
        {"event": "span_begin", "id": "c", "type": "scorer", "parent_id": "b"},
        model_event("Is 40 right?", span_id="c"),
    ]
    older = [
        model_event("Count."),
        {"event": "step", "type": "scorer", "action": "begin"},
        model_event("Is 40 right?"),
        {"event": "step", "type": "scorer", "action": "end"},
    ]
    for each in (events, older):
        report = imported("inspect", [log(tmp_path, sample(events=each))], RULES)
        assert outcomes(report, "") == [("frontier", True, "match")]
        assert report.skipped == {"a model call of a scorer, not of the task": 1}


def test_attachments_caches_and_errors_are_understood(imported: Import, tmp_path: Path) -> None:
    events = [model_event("attachment://ab", cache="read")]
    report = imported("inspect", [log(tmp_path, sample(events=events, attachments={"ab": "A long text."}))], RULES)
    (step,) = report.assembled.steps
    assert (step.step.prompt, step.attempts[0].cost_usd) == ("A long text.", 0.0)
    failed = [model_event("Count.", error="RateLimitError: 429")]
    report = imported("inspect", [log(tmp_path, sample(events=failed, scores=None))], RULES)
    assert report.assembled.steps[0].attempts[0].error == "RateLimitError: 429"


@pytest.mark.parametrize("content", ['{"eval": {}}', '{"samples": []}', '{"eval": {}, "samples": [{}]}'])
def test_what_is_no_log_of_inspect_says_so(content: str, imported: Import, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(content, encoding="utf-8")
    (bad,) = imported("inspect", [path]).malformed
    assert "is no log of inspect_ai" in bad.reason or "without an id" in bad.reason


def test_archives_are_read_however_they_are_packed(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("samples/1.json", "{}")
        archive.writestr("other", "x")
    assert list(read_members(path, ("samples/",))) == [("samples/1.json", b"{}")]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ForeignLogError, match="is the archive complete"):
        list(read_members(path, ("samples/",)))


def test_a_prompt_on_two_providers_is_one_step_and_an_assertion_is_no_error(imported: Import) -> None:
    report = imported("promptfoo", [LOGS / "promptfoo.json"], RULES)
    assert report.malformed == ()
    steps = report.assembled.steps
    assert len(steps) == 6
    (failed,) = [s for s in steps if "P-12" in s.step.prompt and len(s.step.messages) == 2]
    small, large = failed.attempts
    assert [message.role for message in failed.step.messages] == ["system", "user"]
    assert (small.success, small.evaluator, small.error) == (False, "pass", None)
    assert (small.input_tokens, small.output_tokens, small.cached_tokens) == (100, 5, 60)
    assert (small.cost_usd, small.cost_is_estimate, large.success) == (pytest.approx(1.35e-05), False, True)
    (refused, answered) = next(s for s in steps if "P-99" in s.step.prompt).attempts
    assert (refused.success, answered.success) == (None, True)
    assert "400 Bad Request" in str(refused.error)


def asserted(kind: str, passed: bool) -> dict[str, Any]:
    return {"pass": passed, "score": float(passed), "assertion": {"type": kind}}


def promptfoo(**fields: Any) -> dict[str, Any]:
    return {"id": "r", "prompt": {"raw": "Count."}, "provider": {"id": "openai:chat:gpt-4o"}, "success": True,
            "response": {"output": "40"}, "vars": {}, **fields}  # fmt: skip


@pytest.mark.parametrize(
    ("grading", "success"),
    [
        (None, None),
        ({"pass": True, "componentResults": []}, None),
        ({"pass": True, "componentResults": [{"pass": True}]}, True),
        ({"pass": False, "componentResults": [{"pass": False}]}, False),
        ({"pass": False, "componentResults": [asserted("latency", False)]}, None),
        ({"pass": True, "componentResults": [asserted("cost", True)]}, None),
        ({"pass": False, "componentResults": [asserted("latency", False), asserted("contains", True)]}, True),
        ({"pass": False, "componentResults": [asserted("not-cost", False), asserted("contains", True)]}, True),
        ({"pass": False, "componentResults": [asserted("latency", False), asserted("contains", False)]}, False),
        ({"pass": False, "componentResults": [asserted("cost", True), asserted("contains", False)]}, False),
        ({"pass": False, "componentResults": [asserted("llm-rubric", True)]}, False),
        ({"pass": True, "componentResults": [None, asserted("contains", True)]}, True),
    ],
)
def test_a_test_that_asserts_nothing_of_the_answer_proves_nothing(
    grading: Any, success: bool | None, imported: Import, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(promptfoo(gradingResult=grading)) + "\n", encoding="utf-8")
    assert outcomes(imported("promptfoo", [path], RULES), "Count.")[0][1] is success


@pytest.mark.parametrize(
    "provider",
    ["openai:gpt-4o", "openai:chat:gpt-4o", "openai:responses:gpt-4o", "azure:chat:gpt-4o", "openrouter:openai/gpt-4o",
     "litellm:openai/gpt-4o-2024-08-06"],
)  # fmt: skip
def test_a_provider_names_its_model(provider: str, imported: Import, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"results": [promptfoo(provider=provider)]}), encoding="utf-8")
    assert outcomes(imported("promptfoo", [path], RULES), "Count.") == [("frontier", None, None)]


def test_an_answer_out_of_promptfoos_cache_cost_nothing(imported: Import, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    row = promptfoo(response={"output": "40", "cached": True, "tokenUsage": {"cached": 105, "total": 105}})
    path.write_text(json.dumps({"results": {"results": [row]}}), encoding="utf-8")
    (step,) = imported("promptfoo", [path], RULES).assembled.steps
    assert (step.attempts[0].cost_usd, step.attempts[0].input_tokens) == (0.0, None)
