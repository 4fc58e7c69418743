"""What sessions of coding agents hold beside words and answers: branches, words on the way, caches, reasons, notes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportReport
from tierwise.data.records import LoggedStep

Imported = Callable[..., ImportReport]
USED = {"input_tokens": 4, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 60, "output_tokens": 7}


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def line(name: str, parent: str | None, **fields: Any) -> dict[str, Any]:
    return {"uuid": name, "parentUuid": parent, "sessionId": "s", "timestamp": "2026-10-01T08:00:00Z", **fields}


def user(name: str, parent: str | None, text: str) -> dict[str, Any]:
    return line(name, parent, type="user", message={"role": "user", "content": text})


def answer(name: str, parent: str | None, *parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    said = {"id": f"m-{name}", "role": "assistant", "model": "gpt-4o", "content": list(parts), "usage": USED, **fields}
    return line(name, parent, type="assistant", message=said)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(call_id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "Read", "input": {"path": call_id}}


def result(name: str, parent: str, call_id: str) -> dict[str, Any]:
    part = {"type": "tool_result", "tool_use_id": call_id, "content": f"of {call_id}"}
    return line(name, parent, type="user", message={"role": "user", "content": [part]})


def heard(step: LoggedStep) -> list[str]:
    return [message.content for message in step.step.messages]


def prompts(report: ImportReport) -> list[list[str]]:
    return [heard(step) for step in sorted(report.assembled.steps, key=lambda step: step.step_id)]


BEGUN = [user("u", None, "Begin."), answer("1", "u", text("Ready."))]
SHORTENED = [line("k", None, type="system", subtype="compact_boundary"), user("s", "k", "In short.")]
FIRST = [user("b", "1", "One way."), answer("2", "b", text("Tried."))]


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        ([*BEGUN, *FIRST, *SHORTENED, user("c", "s", "One."), answer("3", "c", text("x")), user("d", "s", "Two."),
          answer("9", "d", text("."))], ["In short.", "Two."]),
        ([*BEGUN, *SHORTENED, user("c", "1", "Back."), answer("9", "c", text("."))], ["Begin.", "Ready.", "Back."]),
        ([*BEGUN, *FIRST, user("c", "1", "Other."), answer("9", "c", text("."))], ["Begin.", "Ready.", "Other."]),
        ([*BEGUN, *FIRST, user("c", "u", "Again."), answer("9", "c", text("."))], ["Begin.", "Again."]),
        ([*BEGUN, *FIRST, answer("9", "b", text("Once more."))], ["Begin.", "Ready.", "One way."]),
        ([*BEGUN, *FIRST, user("c", None, "Anew."), answer("9", "c", text("."))], ["Anew."]),
        (
            [*BEGUN, *FIRST, user("c", "1", "Other."), answer("3", "c", text("x")), user("d", "2", "Back."),
             answer("9", "d", text("."))],
            ["Begin.", "Ready.", "One way.", "Tried.", "Back."],
        ),
        ([*BEGUN, *FIRST, user("c", "lost", "More."), answer("9", "c", text("."))],
         ["Begin.", "Ready.", "One way.", "Tried.", "More."]),
    ],
    ids=["back in what was shortened", "back before it was shortened", "back to an answer", "back to words",
         "answered again", "begun anew", "back to a branch", "unknown parent"],
)  # fmt: skip
def test_what_was_left_is_no_part_of_what_is_asked_later(
    lines: list[Any], last: list[str], imported: Imported, tmp_path: Path
) -> None:
    assert prompts(imported("claude-code", written(tmp_path / "s.jsonl", *lines)))[-1] == last


@pytest.mark.parametrize("order", [["r1", "r2"], ["r2", "r1"]])
@pytest.mark.parametrize("parent", ["r1", "r2"])
def test_results_of_tools_side_by_side_are_all_heard(
    order: list[str], parent: str, imported: Imported, tmp_path: Path
) -> None:
    said = [answer("2a", "1", use("c1")), {**answer("2b", "2a", use("c2"))}]
    said[1]["message"]["id"] = said[0]["message"]["id"]
    results = {"r1": result("r1", "2a", "c1"), "r2": result("r2", "2b", "c2")}
    lines = [*BEGUN, *said, *(results[name] for name in order), answer("9", parent, text("Both read."))]
    last = prompts(imported("claude-code", written(tmp_path / "s.jsonl", *lines)))[-1]
    assert last[:3] == ["Begin.", "Ready.", ""]
    assert sorted(last[3:]) == ["of c1", "of c2"]


def test_the_result_of_a_sub_agent_belongs_to_who_asked_for_it(imported: Imported, tmp_path: Path) -> None:
    """The main conversation names the agent beside its result; the agent's own lines are told by their side chain."""

    def aside(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "isSidechain": True, "agentId": "a7"}

    lines = [
        user("u", None, "Begin."), answer("1", "u", use("c1")), aside(user("v", None, "Look.")),
        aside(answer("2", "v", use("c2"))), aside(result("w", "2", "c2")), aside(answer("3", "w", text("Seen."))),
        {**result("r", "1", "c1"), "isSidechain": False, "agentId": "a7"}, answer("9", "r", text("Done.")),
    ]  # fmt: skip
    told = prompts(imported("claude-code", written(tmp_path / "s.jsonl", *lines)))
    assert told == [["Begin."], ["Look."], ["Look.", "", "of c2"], ["Begin.", "", "of c1"]]


@pytest.mark.parametrize("prompt", ["Hurry.", [text("Hurry.")]])
def test_what_is_typed_while_the_model_works_is_heard(prompt: Any, imported: Imported, tmp_path: Path) -> None:
    queued = line("q", "r", type="attachment", attachment={"type": "queued_command", "prompt": prompt})
    note = line("n", "q", type="attachment", attachment={"type": "hook_success", "content": "ok"})
    lines = [*BEGUN, answer("2", "1", use("c1")), result("r", "2", "c1"), queued, note, answer("9", "n", text("Yes."))]
    last = prompts(imported("claude-code", written(tmp_path / "s.jsonl", *lines)))[-1]
    assert last[-2:] == ["of c1", "Hurry."]


def test_what_the_program_prints_as_a_stream_is_read(imported: Imported, tmp_path: Path) -> None:
    """Its lines have neither parents nor ids of their own, and sub-agents are told by the tool that started them."""

    def bare(row: dict[str, Any], tool: str | None = None) -> dict[str, Any]:
        kept = {key: row[key] for key in ("type", "message")}
        return {**kept, "session_id": "s-9", "parent_tool_use_id": tool}

    lines = [
        {"type": "system", "subtype": "init", "session_id": "s-9", "model": "gpt-4o"},
        bare(user("u", None, "Begin.")), bare(answer("1", None, use("c1"))),
        bare(user("v", None, "Look."), "c1"), bare(answer("2", None, text("Seen.")), "c1"),
        bare(result("r", "1", "c1")), bare(answer("9", None, text("Done."))),
        {"type": "result", "subtype": "success", "total_cost_usd": 0.1},
    ]  # fmt: skip
    first, side, last = sorted(
        imported("claude-code", written(tmp_path / "s.jsonl", *lines)).assembled.steps, key=lambda step: step.step_id
    )
    assert (heard(first), heard(side), heard(last)) == (["Begin."], ["Look."], ["Begin.", "", "of c1"])
    assert (first.task_id, side.task_id) == ("s-9", "s-9/c1")


def test_what_was_written_to_the_cache_is_counted_and_no_time_is_made_up(imported: Imported, tmp_path: Path) -> None:
    lines = [user("u", None, "Begin."), answer("1", "u", text("Ready."), stop_reason="max_tokens")]
    (step,) = imported("claude-code", written(tmp_path / "s.jsonl", *lines)).assembled.steps
    (attempt,) = step.attempts
    assert (attempt.input_tokens, attempt.cached_tokens, attempt.extra["cache_write_tokens"]) == (94, 30, 60)
    assert (attempt.finish_reason, attempt.latency_ms) == ("length", None)


def opencode(tokens: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    info = {"role": "assistant", "id": "m", "modelID": "gpt-4o", "tokens": tokens, "finish": "length"}
    asked = {"info": {"role": "user", "id": "u"}, "parts": [text("Begin.")]}
    return "opencode", {"info": {"id": "s"}, "messages": [asked, {"info": info, "parts": [text("Ready.")]}]}


def mini(usage: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    choice = {"message": {"role": "assistant", "content": "Ready."}, "finish_reason": "length"}
    response = {"model": "gpt-4o", "usage": usage, "choices": [choice]}
    said = {"role": "assistant", "content": "Ready.", "extra": {"response": response}}
    return "mini-swe-agent", {"info": {}, "messages": [{"role": "user", "content": "Begin."}, said]}


@pytest.mark.parametrize(
    ("name", "log"),
    [
        opencode({"input": 4, "output": 5, "reasoning": 2, "cache": {"read": 30, "write": 60}}),
        opencode({"total": 101, "input": 4, "output": 5, "reasoning": 2, "cache": {"read": 30, "write": 60}}),
        mini({"prompt_tokens": 94, "completion_tokens": 7, "total_tokens": 101, "cache_creation_input_tokens": 60,
              "cache_read_input_tokens": 30, "prompt_tokens_details": {"cached_tokens": 30}}),
        mini({"input_tokens": 4, "output_tokens": 7, **{key: USED[key] for key in USED if "cache" in key}}),
    ],
)  # fmt: skip
def test_every_agent_counts_alike(name: str, log: Any, imported: Imported, tmp_path: Path) -> None:
    (step,) = imported(name, written(tmp_path / "s.json", log)).assembled.steps
    (attempt,) = step.attempts
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == (94, 7, 30)
    assert attempt.extra["cache_write_tokens"] == 60
    assert attempt.finish_reason == "length"


NOTES = [
    {"source": "environment", "observation": "agent_state_changed", "content": ""},
    {"source": "environment", "observation": "null", "content": "", "cause": 0},
    {"source": "user", "observation": "recall", "content": "Added workspace context", "cause": 1},
    {"source": "agent", "action": "condensation", "args": {"forgotten_event_ids": []}},
    {"source": "agent", "action": "pause", "args": {}},
]


@pytest.mark.parametrize("note", NOTES)
def test_notes_of_openhands_are_no_words_and_no_calls(note: Any, imported: Imported, tmp_path: Path) -> None:
    asked = {"id": 2, "timestamp": "2026-10-01T08:00:02", "source": "user", "action": "message",
             "args": {"content": "Begin."}}  # fmt: skip
    function = {"name": "edit", "arguments": '{"command": "create"}'}
    said = {"role": "assistant", "content": "Let me.", "tool_calls": [{"id": "c", "function": function}]}
    response = {"id": "r", "model": "gpt-4o", "choices": [{"message": said, "finish_reason": "tool_calls"}]}
    told = {"function_name": "edit", "tool_call_id": "c", "model_response": response}
    acted = {"id": 3, "timestamp": "2026-10-01T08:00:03", "source": "agent", "action": "edit",
             "args": {"start": 1, "end": -1, "thought": "Let me."}, "tool_call_metadata": told}  # fmt: skip
    noted = {"id": 1, "timestamp": "2026-10-01T08:00:01", **note}
    (step,) = imported("openhands", written(tmp_path / "t.json", [noted, asked, acted])).assembled.steps
    assert heard(step) == ["Begin."]
    (attempt,) = step.attempts
    assert attempt.tool_calls is not None
    assert [(call.name, call.arguments) for call in attempt.tool_calls] == [("edit", '{"command": "create"}')]
    assert (attempt.output, attempt.finish_reason) == ("Let me.", "tool_calls")


def test_a_session_whose_beginning_is_missing_says_so(imported: Imported, tmp_path: Path) -> None:
    report = imported("claude-code", written(tmp_path / "s.jsonl", answer("1", "lost", text("Ready."))))
    assert [reason for reason in report.skipped if "is the beginning of the session in the file?" in reason]
