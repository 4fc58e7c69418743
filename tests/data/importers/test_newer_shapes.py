"""Shapes that current versions of the tools write: seen in public repositories, told here with words of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportReport
from tierwise.data.records import LoggedStep

Imported = Callable[..., ImportReport]


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def asked(step: LoggedStep) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in step.step.messages]


def codex_line(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-10-01T08:00:00Z", "type": kind, "payload": payload}


EVENT = codex_line("event_msg", type="user_message", message="Count the files.")
ITEM = codex_line(
    "response_item", type="message", role="user", content=[{"type": "input_text", "text": "Count the files."}]
)


@pytest.mark.parametrize("said", [[EVENT], [ITEM], [EVENT, ITEM], [ITEM, EVENT]])
def test_what_the_user_of_codex_said_is_heard_once(said: list[Any], imported: Imported, tmp_path: Path) -> None:
    answer = codex_line(
        "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": "Four."}]
    )
    head = [codex_line("session_meta", id="s"), codex_line("turn_context", model="gpt-4o")]
    (step,) = imported("codex", written(tmp_path / "r.jsonl", *head, *said, answer)).assembled.steps
    assert asked(step) == [("user", "Count the files.")]
    assert step.attempts[0].output == "Four."


def test_the_same_words_in_the_next_turn_are_heard_again(imported: Imported, tmp_path: Path) -> None:
    answer = codex_line(
        "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": "4"}]
    )
    lines = [
        codex_line("session_meta", id="s"),
        codex_line("turn_context", model="gpt-4o"),
        EVENT,
        answer,
        EVENT,
        answer,
    ]
    first, second = imported("codex", written(tmp_path / "r.jsonl", *lines)).assembled.steps
    assert [role for role, _ in asked(first)] == ["user"]
    assert [role for role, _ in asked(second)] == ["user", "assistant", "user"]


@pytest.mark.parametrize("kind", ["llm", "LLM", "chat_model"])
def test_runs_of_both_versions_of_langsmiths_api(kind: str, imported: Imported, tmp_path: Path) -> None:
    row = {
        "id": "r-1", "name": "ChatModel", "run_type": kind, "start_time": "2026-10-01T08:00:00Z", "trace_id": "t-1",
        "inputs": {"messages": [{"type": "human", "data": {"content": "How many days?"}}]},
        "outputs": {"messages": [{"type": "ai", "data": {"content": "Ten."}}]},
        "extra": {"metadata": {"ls_model_name": "gpt-4o"}},
    }  # fmt: skip
    (step,) = imported("langsmith", written(tmp_path / "runs.jsonl", row)).assembled.steps
    assert asked(step) == [("user", "How many days?")]
    assert step.attempts[0].output == "Ten."


def test_observations_that_name_their_type_in_full(imported: Imported, tmp_path: Path) -> None:
    seen = {
        "id": "o-1", "observationType": "GENERATION", "startTime": "2026-10-01T08:00:00Z", "model": "gpt-4o",
        "input": [{"role": "user", "content": "Sort it."}], "output": "billing",
        "usageDetails": {"input": 10, "output": 5, "total": 15}, "calculatedTotalCost": 0.25,
    }  # fmt: skip
    frame = {"id": "o-2", "observationType": "SPAN", "name": "sorting", "startTime": "2026-10-01T08:00:00Z"}
    trace = {"id": "t-1", "name": "mail", "observations": [seen, frame]}
    (step,) = imported("langfuse", written(tmp_path / "t.jsonl", trace)).assembled.steps
    (attempt,) = step.attempts
    assert (asked(step), attempt.output) == ([("user", "Sort it.")], "billing")
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost_usd) == (10, 5, 0.25)
