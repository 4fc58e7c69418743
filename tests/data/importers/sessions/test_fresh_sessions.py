"""Sessions of further agents, in shapes that they and their users keep as test data, with words of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format
from tierwise.data.records import LoggedStep

Imported = Callable[..., ImportReport]
ANY = ImportMap.from_mapping({"models": {"*mini*": "small", "*": "frontier"}})


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def asked(step: LoggedStep) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in step.step.messages]


def pi_entry(number: int, message: dict[str, Any], parent: int | None = None, **more: Any) -> dict[str, Any]:
    above = number - 1 if parent is None else parent
    return {"type": "message", "id": f"e{number}", "parentId": f"e{above}" if above else None,
            "timestamp": f"2026-02-03T10:00:{number:02}Z", "message": message, **more}  # fmt: skip


def pi_answer(*content: dict[str, Any], reason: str = "stop", **more: Any) -> dict[str, Any]:
    usage = {"input": 40, "output": 5, "cacheRead": 60, "cacheWrite": 0, "totalTokens": 105,
             "cost": {"input": 0.1, "output": 0.1, "total": 0.25}}  # fmt: skip
    return {"role": "assistant", "content": list(content), "model": "gpt-4o-mini", "provider": "openai",
            "usage": usage, "stopReason": reason, **more}  # fmt: skip


USER = {"role": "user", "content": [{"type": "text", "text": "How many?"}]}
CALL = {"type": "toolCall", "id": "c1", "name": "count", "arguments": {"of": "parcels"}}
RESULT = {"role": "toolResult", "toolCallId": "c1", "toolName": "count", "content": [{"type": "text", "text": "4"}]}
THOUGHT = {"type": "thinking", "thinking": "Let me count."}
FOUR = {"type": "text", "text": "Four."}
HEAD = {"type": "session", "version": 3, "id": "s", "timestamp": "2026-02-03T10:00:00Z", "cwd": "/home"}


def test_a_session_of_pi_is_a_task_of_calls(imported: Imported, tmp_path: Path) -> None:
    rows = [HEAD, {"type": "model_change", "id": "m", "parentId": None, "modelId": "gpt-4o-mini"},
            pi_entry(1, USER), pi_entry(2, pi_answer(THOUGHT, CALL, reason="toolUse")), pi_entry(3, RESULT),
            pi_entry(4, pi_answer(FOUR))]  # fmt: skip
    paths = written(tmp_path / "x.jsonl", *rows)
    assert detect_format([str(paths[0])], ANY) == "pi"
    report = imported("pi", paths, ANY)
    first, second = report.assembled.steps
    assert (report.malformed, dict(report.skipped), first.task_id) == ((), {}, "s")
    assert asked(second) == [("user", "How many?"), ("assistant", ""), ("tool", "4")]
    (attempt,) = second.attempts
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens, attempt.cost_usd) == (100, 5, 60, 0.25)
    assert (attempt.output, attempt.finish_reason, attempt.success) == ("Four.", "stop", None)
    assert [call.name for call in first.attempts[0].tool_calls or ()] == ["count"]


def test_a_branch_of_pi_that_was_left_is_no_part_of_what_follows(imported: Imported, tmp_path: Path) -> None:
    other = {"role": "user", "content": "How few?"}
    rows = [
        HEAD,
        pi_entry(1, USER),
        pi_entry(2, pi_answer(FOUR)),
        pi_entry(3, other, parent=0),
        pi_entry(4, pi_answer(FOUR)),
    ]
    report = imported("pi", written(tmp_path / "x.jsonl", *rows), ANY)
    assert [asked(step) for step in report.assembled.steps] == [[("user", "How many?")], [("user", "How few?")]]


@pytest.mark.parametrize(("kept", "n_kept"), [("e3", 2), ("e9", 0)])
def test_a_compaction_of_pi_leaves_its_summary_and_the_end(
    kept: str, n_kept: int, imported: Imported, tmp_path: Path
) -> None:
    summary = {"type": "compaction", "id": "e5", "parentId": "e4", "summary": "Counting.", "firstKeptEntryId": kept}
    again = {"role": "user", "content": "Again?"}
    rows = [HEAD, pi_entry(1, USER), pi_entry(2, pi_answer(FOUR)), pi_entry(3, again), pi_entry(4, pi_answer(FOUR)),
            summary, pi_entry(6, USER), pi_entry(7, pi_answer(FOUR))]  # fmt: skip
    last = imported("pi", written(tmp_path / "x.jsonl", *rows), ANY).assembled.steps[-1]
    tail = [("user", "Again?"), ("assistant", "Four.")][:n_kept]
    assert asked(last) == [("user", "Counting."), *tail, ("user", "How many?")]


def test_an_answer_of_pi_that_failed_blames_nobody_and_is_not_said_again(imported: Imported, tmp_path: Path) -> None:
    failed = pi_answer(reason="error", errorMessage="429 rate limit reached")
    rows = [HEAD, pi_entry(1, USER), pi_entry(2, failed), pi_entry(3, pi_answer(FOUR))]
    report = imported("pi", written(tmp_path / "x.jsonl", *rows), ANY)
    (step,) = report.assembled.steps
    assert asked(step) == [("user", "How many?")]
    assert [(each.success, each.error) for each in step.attempts] == [(None, "429 rate limit reached"), (None, None)]


def goose(*content: dict[str, Any], role: str = "assistant", **more: Any) -> dict[str, Any]:
    return {"role": role, "created": 1_790_000_000, "content": list(content), **more}


REQUEST = {"type": "toolRequest", "id": "c1",
           "toolCall": {"status": "success", "value": {"name": "count", "arguments": {"of": "parcels"}}}}  # fmt: skip
GIVEN = [
    {"status": "success", "value": {"content": [{"type": "text", "text": "4"}], "isError": False}},
    {"status": "success", "value": [{"type": "text", "text": "4"}]},
]
COUNTS = {"input_tokens": 90, "output_tokens": 4, "total_tokens": 94, "accumulated_input_tokens": 170}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("is_export", [True, False])
def test_a_session_of_goose_counts_its_last_answer(
    given: Any, is_export: bool, imported: Imported, tmp_path: Path
) -> None:
    messages = [goose({"type": "text", "text": "How many?"}, role="user"), goose(REQUEST),
                goose({"type": "toolResponse", "id": "c1", "toolResult": given}, role="user"),
                goose({"type": "text", "text": "Unseen."}, role="user", metadata={"agentVisible": False}),
                goose({"type": "text", "text": "Four."})]  # fmt: skip
    head = {"id": "s", "working_dir": "/home", "model_config": {"model_name": "gpt-4o-mini"}, **COUNTS}
    rows: list[Any] = [{**head, "conversation": messages}] if is_export else [head, *messages]
    paths = written(tmp_path / "x.jsonl", *rows)
    assert detect_format([str(paths[0])], ANY) == "goose"
    report = imported("goose", paths, ANY)
    first, second = report.assembled.steps
    assert asked(second) == [("user", "How many?"), ("assistant", ""), ("tool", "4")]
    assert first.attempts[0].input_tokens is None
    assert (second.attempts[0].input_tokens, second.attempts[0].output_tokens) == (90, 4)
    assert any("accumulated_input_tokens" in reason for reason in report.skipped)


def test_a_session_of_goose_without_its_model_says_so(imported: Imported, tmp_path: Path) -> None:
    rows = [{"working_dir": "/home", **COUNTS}, goose({"type": "text", "text": "Hi."}, role="user"),
            goose({"type": "text", "text": "Hello."})]  # fmt: skip
    report = imported("goose", written(tmp_path / "x.jsonl", *rows), ANY)
    assert dict(report.skipped) == {"a call without the name of its model; model_config.model_name was looked for": 1}


def test_a_task_of_cline_that_names_its_models(imported: Imported, tmp_path: Path) -> None:
    told = {"ts": 1_790_000_000_000, "modelInfo": {"modelId": "openai/gpt-4o-mini", "providerId": "cline"},
            "metrics": {"tokens": {"prompt": 100, "completion": 5, "cached": 60}, "cost": 0.25}}  # fmt: skip
    use = {"type": "tool_use", "id": "c1", "name": "read_file", "input": {"path": "a"}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "4"}]}
    rows = [{"role": "user", "content": [{"type": "text", "text": "How many?"}]},
            {"role": "assistant", "content": [use], **told}, {"role": "user", "content": [result]},
            {"role": "assistant", "content": [FOUR], **told}]  # fmt: skip
    path = tmp_path / "api_conversation_history.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert detect_format([str(path)], ANY) == "cline"
    report = imported("cline", [path], ANY)
    last = report.assembled.steps[-1]
    assert asked(last) == [("user", "How many?"), ("assistant", ""), ("tool", "4")]
    (attempt,) = last.attempts
    assert (attempt.input_tokens, attempt.cached_tokens, attempt.cost_usd) == (100, 60, 0.25)
