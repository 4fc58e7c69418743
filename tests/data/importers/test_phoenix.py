"""Phoenix's spans as its API and its client give them, with what people and judges annotated."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportMap, ImportReport

Import = Callable[..., ImportReport]
LOGS = Path(__file__).parent / "evaluations"
RULES = ImportMap.from_mapping({"success": {"correct": {"success": ["yes"], "failure": ["no"]}}})
ANNOTATIONS = LOGS / "phoenix_annotations.json"


@pytest.mark.parametrize("name", ["phoenix_spans.json", "phoenix_table.jsonl"])
def test_spans_and_annotations_become_steps_with_verdicts(name: str, imported: Import) -> None:
    report = imported("phoenix", [LOGS / name, ANNOTATIONS], RULES)
    assert (report.malformed, report.n_frames) == ((), 1)
    by_prompt = {step.step.messages[-1].content: step for step in report.assembled.steps}
    good, bad, refused = (next(step for text, step in by_prompt.items() if word in text) for word in ("77", "9.", "12"))
    assert (good.step.messages[0].role, good.step.messages[0].content) == ("system", "Answer briefly.")
    assert (good.step.agent, [tool.name for tool in good.step.tools]) == ("warehouse", ["count"])
    assert (good.session_id, good.task_id == bad.task_id == refused.task_id) == ("s-1", True)
    (attempt,) = good.attempts
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == (100, 5, 60)
    assert [step.attempts[0].success for step in (good, bad, refused)] == [True, False, None]
    assert (good.attempts[0].evaluator, refused.attempts[0].error) == ("correct", "429 rate limit")


def test_nested_attributes_and_annotations_inside_spans_are_read(imported: Import, tmp_path: Path) -> None:
    messages = [{"message": {"role": "user", "content": "hi"}}]
    span: dict[str, Any] = {
        "context": {"trace_id": "t", "span_id": "s"}, "span_kind": "LLM", "name": "x",
        "attributes": {"llm": {"model_name": "gpt-4o", "input_messages": messages, "token_count": {"prompt": 9}}},
        "annotations": [{"name": "correct", "annotator_kind": "HUMAN", "result": {"label": "yes"}}],
    }  # fmt: skip
    path = tmp_path / "spans.json"
    path.write_text(json.dumps({"data": [span], "next_cursor": None}), encoding="utf-8")
    (step,) = imported("phoenix", [path], RULES).assembled.steps
    assert (step.step.prompt, step.attempts[0].input_tokens, step.attempts[0].success) == ("hi", 9, True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"name": "x"}, "is neither a span with context.span_id"),
        ({"name": "correct", "result": {}, "span_id": "s"}, "has neither label nor score"),
        ({"name": "correct", "result": {"label": "yes"}}, "or belongs to no span"),
    ],
)
def test_what_is_no_export_says_so(row: dict[str, Any], reason: str, imported: Import, tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (bad,) = imported("phoenix", [path], RULES).malformed
    assert reason in bad.reason
