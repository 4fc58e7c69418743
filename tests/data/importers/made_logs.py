"""Small logs by hand, one a format that no recorder writes: a good answer, one that was cut off, one that failed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.data.importers.made_row_logs import ROW_LOGS

AT = "2026-10-01T08:00:0"
CHAT = [{"role": "user", "content": "How many boxes?"}]


def table(folder: Path) -> Path:
    path = folder / "calls.csv"
    path.write_text(
        "prompt,model,answer,accepted,error\nHow many?,gpt-4o-mini,4,yes,\nHow few?,gpt-4o-mini,9,no,\n"
        "How far?,gpt-4o-mini,,,context_length_exceeded\n",
        encoding="utf-8",
    )
    return path


def openhands(folder: Path) -> Path:
    def response(number: int) -> dict[str, Any]:
        function = {"name": "run", "arguments": '{"command": "ls"}'}
        said = {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [{"id": f"c{number}", "function": function}],
        }
        usage = {"prompt_tokens": 90, "completion_tokens": 4, "total_tokens": 94, "cache_creation_input_tokens": 60}
        return {
            "id": f"r{number}", "model": "gpt-4o-mini", "usage": usage,
            "choices": [{"message": said, "finish_reason": "tool_calls"}],
        }  # fmt: skip

    def ran(number: int) -> dict[str, Any]:
        told = {"function_name": "run", "tool_call_id": f"c{number}", "model_response": response(number)}
        shared = {"id": number, "timestamp": f"{AT}{number}", "source": "agent", "action": "run"}
        return {**shared, "args": {"command": "ls -1"}, "tool_call_metadata": told}

    result = {"id": 4, "timestamp": f"{AT}4", "source": "agent", "observation": "run", "content": "a b", "cause": 3}
    events = [
        {"id": 0, "timestamp": f"{AT}0", "source": "environment", "observation": "agent_state_changed", "content": ""},
        {"id": 1, "timestamp": f"{AT}1", "source": "user", "action": "message", "args": {"content": "How many boxes?"}},
        {"id": 2, "timestamp": f"{AT}2", "source": "user", "observation": "null", "content": "", "cause": 1},
        ran(3), {**result, "tool_call_metadata": {"tool_call_id": "c3"}, "success": False}, ran(5),
    ]  # fmt: skip
    return _written(folder / "trajectory.json", events)


def bedrock(folder: Path) -> Path:
    def row(number: int, **fields: Any) -> dict[str, Any]:
        asked = {"inputBodyJson": {"messages": CHAT, "system": [{"text": "Count."}]}, "inputTokenCount": 9}
        return {
            "schemaType": "ModelInvocationLog", "timestamp": f"{AT}{number}Z", "requestId": f"q{number}",
            "modelId": "us.amazon.nova-lite-v1:0", "input": asked, **fields,
        }  # fmt: skip

    said = {"output": {"message": {"role": "assistant", "content": [{"text": "Four."}]}}, "stopReason": "end_turn"}
    cut = {**said, "stopReason": "max_tokens"}
    rows = [
        row(1, output={"outputBodyJson": said, "outputTokenCount": 2}),
        row(2, output={"outputBodyJson": cut, "outputTokenCount": 2}),
        row(3, errorCode="ThrottlingException"),
        row(4, errorCode="ValidationException", errorMessage="Input is too long for requested model."),
    ]
    return _written(folder / "bedrock.jsonl", *rows)


def gemini_cli(folder: Path) -> Path:
    tokens = {"input": 90, "output": 4, "cached": 60, "thoughts": 6, "tool": 0, "total": 100}
    asked = {"id": "t1", "name": "list", "args": {"path": "."}, "status": "success", "resultDisplay": "a b"}
    messages = [
        {"id": "u1", "timestamp": f"{AT}0Z", "type": "user", "content": [{"text": "How many boxes?"}]},
        {"id": "g1", "timestamp": f"{AT}1Z", "type": "gemini", "content": "", "model": "gemini-2.5-flash",
         "toolCalls": [asked], "tokens": tokens},
        {"id": "g2", "timestamp": f"{AT}2Z", "type": "gemini", "content": "Two.", "model": "gemini-2.5-flash"},
    ]  # fmt: skip
    return _written(folder / "session.json", {"sessionId": "s-1", "projectHash": "h", "messages": messages})


def swe_agent(folder: Path) -> Path:
    call = {"id": "c1", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    run = {
        "history": [
            {"role": "system", "content": "Act."},
            {"role": "user", "content": "Mend it.", "message_type": "observation"},
            {"role": "assistant", "content": "Let me look.", "tool_calls": [call], "message_type": "action"},
            {"role": "tool", "content": "a b", "tool_call_ids": ["c1"]},
            {"role": "assistant", "content": "Done.", "message_type": "action"},
        ],
        "info": {"exit_status": "submitted"},
        "replay_config": json.dumps({"agent": {"model": {"name": "gpt-4o-mini"}}}),
    }
    return _written(folder / "repair.traj", run)


def atif(folder: Path) -> Path:
    asked = {"tool_call_id": "c1", "function_name": "bash", "arguments": {"command": "ls"}}
    steps = [
        {"step_id": 1, "source": "user", "message": "How many boxes?"},
        {"step_id": 2, "source": "agent", "message": "Let me look.", "tool_calls": [asked], "timestamp": f"{AT}1Z",
         "observation": {"results": [{"source_call_id": "c1", "content": "a b"}]},
         "metrics": {"prompt_tokens": 90, "completion_tokens": 4, "cached_tokens": 60, "cost_usd": 0.002}},
        {"step_id": 3, "source": "agent", "message": "Two.", "timestamp": f"{AT}2Z"},
    ]  # fmt: skip
    agent = {"name": "terminus", "version": "2", "model_name": "openai/gpt-4o-mini"}
    run = {"schema_version": "ATIF-v1.5", "session_id": "s-1", "agent": agent, "steps": steps}
    return _written(folder / "trajectory.json", run)


def _written(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


MADE_LOGS: dict[str, Callable[[Path], Path]] = {
    "csv": table, "openhands": openhands, "bedrock": bedrock, "gemini-cli": gemini_cli, "swe-agent": swe_agent,
    "atif": atif, **ROW_LOGS,
}  # fmt: skip
