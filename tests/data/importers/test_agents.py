"""Logs of coding agents: what the real programs wrote about the same short session against a stub."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, ImportReport, import_records
from tierwise.features.trajectory import read_trajectory

AGENTS = Path(__file__).parent / "fixtures" / "agents"
RECORDED = {
    "codex": "codex.jsonl",
    "claude-code": "claude_code.jsonl",
    "opencode": "opencode.json",
    "mini-swe-agent": "mini_swe_agent.traj.json",
}
SHELLS = {"codex": "exec_command", "claude-code": "Bash", "opencode": "bash", "mini-swe-agent": "bash"}
QUESTIONS = dict.fromkeys(RECORDED, "What is the total?") | {"mini-swe-agent": "instructions stood here"}
RESULT = "the total is 42"
AT = "2026-11-01T12:00:0"

Import = Callable[..., ImportReport]


@pytest.fixture
def read(tmp_path: Path) -> Import:
    """Imports files, or an object that is written to one."""
    stub = {"name": "stub-1", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    tiers = TierCatalogue.from_mapping(
        {"tiers": [{"name": "small", "models": [stub]}, {"name": "frontier", "models": [{"name": "other"}]}]}
    )

    def run(format_name: str, source: Any, mapping: ImportMap | None = None) -> ImportReport:
        if not isinstance(source, Path):
            path = tmp_path / "session.json"
            path.write_text(source if isinstance(source, str) else json.dumps(source), encoding="utf-8")
            source = path
        mapping = mapping or ImportMap()
        return import_records(format_name, FORMATS[format_name].read([source], mapping), tiers, mapping)

    return run


@pytest.mark.parametrize("name", RECORDED)
def test_every_answer_of_the_model_is_a_step_with_its_prefix(name: str, read: Import) -> None:
    report = read(name, AGENTS / RECORDED[name])
    assert report.malformed == ()
    asked, shown = report.assembled.steps
    assert asked.task_id == shown.task_id is not None
    assert (asked.step.step_index, shown.step.step_index) == (0, 1)
    assert asked.step.messages[-1].role == "user"
    assert QUESTIONS[name] in asked.step.messages[-1].content
    called, result = shown.step.messages[-2:]
    assert shown.step.messages[: len(asked.step.messages)] == asked.step.messages
    assert (called.role, called.content) == ("assistant", "Let me see.")
    assert [each["function"]["name"] for each in called.extra["tool_calls"]] == [SHELLS[name]]
    assert result.role == "tool"
    assert RESULT in result.content


@pytest.mark.parametrize("name", RECORDED)
def test_tokens_cost_and_times_are_those_of_the_log(name: str, read: Import) -> None:
    for logged in read(name, AGENTS / RECORDED[name]).assembled.steps:
        (attempt,) = logged.attempts
        assert (attempt.tier, attempt.model, attempt.success) == ("small", "stub-1", None)
        assert (attempt.input_tokens, attempt.cached_tokens, attempt.output_tokens) == (120, 20, 7)
        assert attempt.cost_usd is not None
        assert logged.timestamp is not None


@pytest.mark.parametrize("name", RECORDED)
def test_the_trajectory_is_read_off_the_imported_messages(name: str, read: Import) -> None:
    trajectory = read_trajectory(read(name, AGENTS / RECORDED[name]).assembled.steps[1].step.messages)
    (action,), (result,) = trajectory.actions, trajectory.results
    assert action.kind == "run"
    assert result is not None
    assert not result.is_failure


@pytest.mark.parametrize("name", [*RECORDED, "openhands", "bedrock", "gemini-cli", "swe-agent", "atif"])
def test_foreign_lines_are_reported_or_left_out_and_never_stop_an_import(name: str, read: Import) -> None:
    report = read(name, '{"some": "thing"}\n{"payload": 3, "message": []}\nnot json\n')
    assert report.assembled.steps == ()
    assert report.malformed


def test_how_a_run_of_mini_swe_agent_ended_is_a_verdict_on_its_task(read: Import) -> None:
    rule = {"success": {"exit_status": {"success": ["Submitted"]}}, "evidence": {"task_verdicts": "spread"}}
    source = AGENTS / RECORDED["mini-swe-agent"]
    assert [step.attempts[0].success for step in read("mini-swe-agent", source).assembled.steps] == [None, None]
    judged = read("mini-swe-agent", source, ImportMap.from_mapping(rule)).assembled.steps
    assert [step.attempts[0].success for step in judged] == [True, True]


USAGE = {"prompt_tokens": 120, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 20}}


def test_actions_of_one_answer_of_openhands_are_one_step(read: Import) -> None:
    """Events of the application, by hand."""
    response = {"id": "r1", "model": "stub-1", "usage": USAGE}
    runs = [
        {"id": number, "timestamp": f"{AT}{number}", "source": "agent", "action": "run",
         "args": {"command": f"ls {number}", "thought": "Let me see."},
         "tool_call_metadata": {"function_name": "bash", "tool_call_id": f"c{number}", "model_response": response}}
        for number in (2, 3)
    ]  # fmt: skip
    events = [
        {"id": 0, "timestamp": f"{AT}0", "source": "agent", "action": "system", "args": {"content": "Act."}},
        {"id": 1, "timestamp": f"{AT}1", "source": "user", "action": "message", "args": {"content": "Total?"}},
        *runs,
        {"id": 4, "timestamp": f"{AT}4", "source": "agent", "observation": "run", "content": RESULT,
         "cause": 2, "tool_call_metadata": {"tool_call_id": "c2"}},
        {"id": 5, "timestamp": f"{AT}5", "source": "agent", "observation": "error", "content": "no", "cause": 3},
        {"id": 6, "timestamp": f"{AT}6", "source": "agent", "action": "finish",
         "args": {"final_thought": "42"}, "tool_call_metadata": {"model_response": {**response, "id": "r2"}}},
    ]  # fmt: skip
    asked, shown = read("openhands", events).assembled.steps
    assert [message.role for message in asked.step.messages] == ["system", "user"]
    assert [message.role for message in shown.step.messages[2:]] == ["assistant", "tool", "tool"]
    assert [call["id"] for call in shown.step.messages[2].extra["tool_calls"]] == ["c2", "c3"]
    assert shown.step.messages[4].extra["is_error"]
    assert (asked.attempts[0].input_tokens, asked.attempts[0].cached_tokens) == (120, 20)


def test_events_of_the_sdk_of_openhands_with_the_state_beside_them(read: Import) -> None:
    """The other generation, by hand."""
    counted = {"response_id": "r1", "prompt_tokens": 120, "completion_tokens": 7, "cache_read_tokens": 20}
    asked = {"name": "terminal", "arguments": '{"command": "ls"}'}
    words = {"role": "user", "content": [{"type": "text", "text": "Total?"}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "42"}]}
    events = [
        {"agent": {"llm": {"model": "stub-1"}}, "stats": {"usage_to_metrics": {"agent": {"token_usages": [counted]}}}},
        {"kind": "SystemPromptEvent", "timestamp": f"{AT}0", "system_prompt": {"text": "Act."}},
        {"kind": "MessageEvent", "timestamp": f"{AT}1", "source": "user", "llm_message": words},
        {"kind": "ActionEvent", "timestamp": f"{AT}2", "source": "agent", "llm_response_id": "r1",
         "thought": [{"text": "Let me see."}], "tool_name": "terminal", "tool_call_id": "c1", "tool_call": asked},
        {"kind": "ObservationEvent", "timestamp": f"{AT}3", "tool_call_id": "c1",
         "observation": {"content": [{"text": RESULT}]}},
        {"kind": "MessageEvent", "timestamp": f"{AT}4", "source": "agent", "llm_response_id": "r2",
         "llm_message": answer},
    ]  # fmt: skip
    first, second = read("openhands", events).assembled.steps
    assert first.attempts[0].input_tokens == 120
    assert second.attempts[0].input_tokens is None
    assert [message.content for message in second.step.messages] == ["Act.", "Total?", "Let me see.", RESULT]
