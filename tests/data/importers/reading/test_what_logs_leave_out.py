"""What a log left out, blackened or keeps elsewhere: two calls are the same question only where nothing is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.assembling.test_false_failures import USER, genai, langfuse, outcomes
from tierwise.data.importers import ImportReport


@pytest.fixture
def read(imported: Callable[..., ImportReport], tmp_path: Path) -> Callable[..., ImportReport]:
    def run(format_name: str, rows: list[dict[str, Any]]) -> ImportReport:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return imported(format_name, [path])

    return run


MASKS = ["<EMAIL_ADDRESS>", "[REDACTED]", "[Filtered]", "[Scrubbed due to 'secret']", "****", "<masked>", "{{PII}}",
         "[REDACTED_EMAIL]", "y" * 4091, "y" * 200 + "…"]  # fmt: skip


@pytest.mark.parametrize("mask", MASKS)
def test_what_a_log_blackened_may_have_been_anything(mask: str, read: Any) -> None:
    asked = [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"Read {mask}"}]
    assert outcomes(read("langfuse", [langfuse("a", asked, "gpt-4o-mini", 0), langfuse("b", asked, "gpt-4o", 5)])) == [
        [None], [None],
    ]  # fmt: skip


@pytest.mark.parametrize("lost", ["droppedAttributesCount", "droppedEventsCount"])
def test_a_span_that_lost_attributes_is_like_no_other(lost: str, read: Any) -> None:
    asked = {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x"}]}])}
    rows = [genai("c", "gpt-4o-mini", 0, **asked), genai("d", "gpt-4o", 5, **asked)]
    assert outcomes(read("otlp", rows)) == [[False, None]]
    rows[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0][lost] = 3
    assert outcomes(read("otlp", rows)) == [[None], [None]]


def beside(name: str, model: str, at: int, system: str) -> dict[str, dict[str, Any]]:
    parameters = {"system": system, "temperature": 0}
    words = {
        "openinference.span.kind": "LLM", "llm.model_name": model, "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "x", "llm.invocation_parameters": json.dumps(parameters),
    }  # fmt: skip
    run = {"id": name, "trace_id": "t", "run_type": "llm", "name": "x", "start_time": f"2026-10-01T10:00:0{at}",
           "end_time": f"2026-10-01T10:00:0{at + 1}", "inputs": {"messages": [USER]},
           "extra": {"invocation_params": {**parameters, "model": model}}}  # fmt: skip
    return {
        "langfuse": langfuse(name, [USER], model, at, modelParameters=parameters), "langsmith": run,
        "otlp": genai(name, model, at, **words),
    }  # fmt: skip


@pytest.mark.parametrize("format_name", ["langfuse", "langsmith", "otlp"])
def test_a_system_prompt_among_the_parameters_tells_questions_apart(format_name: str, read: Any) -> None:
    for told, success in (("Write.", [[None], [None]]), ("Classify.", [[False, None]])):
        rows = [beside("a", "gpt-4o-mini", 0, "Classify."), beside("b", "gpt-4o", 5, told)]
        assert outcomes(read(format_name, [row[format_name] for row in rows])) == success


@pytest.mark.parametrize("lost", [["endTime"], ["startTime"], ["startTime", "endTime"]])
def test_without_times_nobody_knows_what_came_after_what(lost: list[str], read: Any) -> None:
    rows = [langfuse("a", [USER], "gpt-4o-mini", 0), langfuse("b", [USER], "gpt-4o", 5)]
    assert outcomes(read("langfuse", rows)) == [[False, None]]
    for key in lost:
        del rows[0][key]
    assert {success for step in outcomes(read("langfuse", rows)) for success in step} == {None}
