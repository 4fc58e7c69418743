"""Bedrock's invocation log, chats of Gemini CLI, trajectories of SWE-agent and of Harbor's agents, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.made_logs import MADE_LOGS
from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format
from tierwise.data.records import Attempt, LoggedStep

Imported = Callable[..., ImportReport]
SONNET = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
ANY = ImportMap.from_mapping({"models": {"*mini*": "small", "*": "frontier"}})


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def asked(step: LoggedStep) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in step.step.messages]


def single(report: ImportReport) -> tuple[LoggedStep, Attempt]:
    (step,) = report.assembled.steps
    (attempt,) = step.attempts
    return step, attempt


@pytest.mark.parametrize("name", sorted(MADE_LOGS.keys() - {"csv"}))
def test_the_format_is_found(name: str, tmp_path: Path) -> None:
    assert detect_format([str(MADE_LOGS[name](tmp_path))], ANY) == name


ASKED: dict[str, Any] = {
    "system": [{"text": "Count."}],
    "messages": [{"role": "user", "content": [{"text": "How many?"}, {"cachePoint": {"type": "default"}}]}],
}
TEXT_EVENTS = [
    {"type": "message_start", "message": {"model": "claude-sonnet-4-5", "usage": {"input_tokens": 9}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Fo"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ur."}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"invocationLatency": 800}},
]
CONVERSED = {"output": {"message": {"role": "assistant", "content": [{"text": "Four."}]}}, "stopReason": "end_turn"}
BLOCK_EVENTS = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Four."}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 9, "outputTokens": 3}, "metrics": {"latencyMs": 800}}},
]
ANSWERS: dict[str, Any] = {
    "Converse": {**CONVERSED, "usage": {"inputTokens": 9, "outputTokens": 3}, "metrics": {"latencyMs": 800}},
    "stream of Anthropic": TEXT_EVENTS,
    "stream of Converse": BLOCK_EVENTS,
    "Anthropic": {"role": "assistant", "content": [{"type": "text", "text": "Four."}], "stop_reason": "end_turn",
                  "usage": {"input_tokens": 9, "output_tokens": 3}},
    "Titan": {"results": [{"outputText": "Four.", "completionReason": "FINISH"}]},
    "Llama": {"generation": "Four.", "stop_reason": "stop"},
    "stream of text": [{"completion": "Fo", "stop_reason": None}, {"completion": "ur.", "stop_reason": "stop"}],
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_every_body_of_bedrock_is_one_answer(name: str, imported: Imported, tmp_path: Path) -> None:
    row = {
        "schemaType": "ModelInvocationLog", "timestamp": "2026-10-01T08:00:00Z", "requestId": "q", "modelId": SONNET,
        "input": {"inputBodyJson": ASKED, "inputTokenCount": 9}, "requestMetadata": {"session_id": "s-1"},
        "output": {"outputBodyJson": ANSWERS[name], "outputTokenCount": 3},
    }  # fmt: skip
    step, attempt = single(imported("bedrock", written(tmp_path / "log.jsonl", row), ANY))
    assert asked(step) == [("system", "Count."), ("user", "How many?")]
    assert (attempt.model, attempt.output, attempt.finish_reason) == (SONNET, "Four.", "stop")
    assert (attempt.input_tokens, attempt.output_tokens, step.session_id) == (9, 3, "s-1")
    if "stream of A" in name or "Converse" in name:
        assert attempt.latency_ms == 800


TOOL_EVENTS = [
    [{"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "c", "name": "add"}},
     {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"n"'}},
     {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}}],
    [{"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "c", "name": "add"}}}},
     {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"n": 1}'}}}}],
]  # fmt: skip


@pytest.mark.parametrize("events", TOOL_EVENTS)
def test_tools_in_streams_of_bedrock_are_whole(events: Any, imported: Imported, tmp_path: Path) -> None:
    row = {"modelId": SONNET, "requestId": "q", "input": {"inputBodyJson": ASKED}, "output": {"outputBodyJson": events}}
    _, attempt = single(imported("bedrock", written(tmp_path / "log.jsonl", row), ANY))
    assert attempt.tool_calls is not None
    assert [(call.name, call.arguments) for call in attempt.tool_calls] == [("add", '{"n": 1}')]


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: {"@message": json.dumps(row)},
                                  lambda row: {"events": [{"timestamp": 1, "message": json.dumps(row)}]}])  # fmt: skip
def test_the_cache_stands_beside_bedrocks_input(wrap: Any, imported: Imported, tmp_path: Path) -> None:
    counted = {"inputTokenCount": 3, "cacheReadInputTokenCount": 20, "cacheWriteInputTokenCount": 70}
    row = {
        "modelId": f"arn:aws:bedrock:us-west-2:1:inference-profile/{SONNET}",
        "requestId": "q",
        "input": {"inputBodyJson": ASKED, **counted},
        "output": {"outputBodyJson": CONVERSED, "outputTokenCount": 3},
    }
    _, attempt = single(imported("bedrock", written(tmp_path / "log.json", wrap(row)), ANY))
    assert (attempt.input_tokens, attempt.cached_tokens, attempt.extra["cache_write_tokens"]) == (93, 20, 70)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"input": {"inputTokenCount": 1}}, "is textDataDeliveryEnabled off"),
        ({"input": {"inputBodyS3Path": "s3://b/x"}}, "its body lies at input.inputBodyS3Path"),
        ({"input": {"inputBodyJson": {"taskType": "TEXT"}}}, "inputBodyJson has only taskType"),
        ({"modelId": "amazon.titan-embed-text-v2:0", "input": {}}, "answers with no text"),
    ],
)
def test_what_bedrock_did_not_log_is_told(fields: Any, why: str, imported: Imported, tmp_path: Path) -> None:
    report = imported("bedrock", written(tmp_path / "log.jsonl", {"modelId": SONNET, **fields}), ANY)
    assert report.assembled.steps == ()
    assert [reason for reason in report.skipped if why in reason]


@pytest.mark.parametrize(
    ("code", "message", "success"),
    [
        ("ThrottlingException", "Too many requests", None),
        ("ModelTimeoutException", None, None),
        ("AccessDeniedException", "no", None),
        ("ValidationException", "Input is too long for requested model.", False),
    ],
)
def test_trouble_of_bedrock_blames_nobody(
    code: str, message: str | None, success: bool | None, imported: Imported, tmp_path: Path
) -> None:
    row = {"modelId": SONNET, "input": {"inputBodyJson": ASKED}, "errorCode": code, "errorMessage": message}
    _, attempt = single(imported("bedrock", written(tmp_path / "log.jsonl", row), ANY))
    assert (attempt.success, attempt.error) == (success, message or code)


TOKENS = {"input": 90, "output": 4, "cached": 60, "thoughts": 6, "tool": 0, "total": 100}
ASKS = {"id": "u", "type": "user", "content": [{"text": "How many?"}]}
CALLED = {"id": "t", "name": "list", "args": {"path": "."}}
DONE = {**CALLED, "status": "success", "result": [{"functionResponse": {"response": {"output": "a b"}}}]}
LOOKS = {"id": "g1", "type": "gemini", "content": "", "model": "gemini-2.5-pro", "tokens": TOKENS}
SAYS = {"id": "g2", "type": "gemini", "content": "Two.", "model": "gemini-2.5-pro", "tokens": TOKENS}
WHOLE = {"sessionId": "s", "messages": [ASKS, {**LOOKS, "toolCalls": [DONE]}, SAYS]}
LINES = [
    {"sessionId": "s", "projectHash": "h"}, ASKS, {**LOOKS, "toolCalls": [CALLED]}, {"$set": {"lastUpdated": "x"}},
    {**LOOKS, "toolCalls": [DONE]}, SAYS,
]  # fmt: skip
REWOUND = [*LINES[:-1], {"id": "x", "type": "gemini", "content": "Wrong.", "model": "m"}, {"$rewindTo": "x"}, SAYS]


@pytest.mark.parametrize("rows", [[WHOLE], LINES, REWOUND, [{"kind": "main", **WHOLE}]])
def test_chats_of_gemini_cli_are_one_in_every_form(rows: list[Any], imported: Imported, tmp_path: Path) -> None:
    first, second = imported("gemini-cli", written(tmp_path / "session-1.jsonl", *rows), ANY).assembled.steps
    assert asked(first) == [("user", "How many?")]
    assert asked(second) == [("user", "How many?"), ("assistant", ""), ("tool", "a b")]
    (attempt,) = first.attempts
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == (90, 10, 60)
    assert attempt.tool_calls is not None
    assert second.attempts[0].output == "Two."


@pytest.mark.parametrize(
    ("step", "n_calls"),
    [
        ({"source": "agent", "message": "Two."}, 2),
        ({"role": "assistant", "message": [{"type": "text", "text": "Two."}]}, 2),
        ({"source": "agent", "message": "Two.", "is_copied_context": True}, 1),
        ({"source": "agent", "message": "Two.", "llm_call_count": 0}, 1),
    ],
)
def test_steps_of_harbors_agents(step: Any, n_calls: int, imported: Imported, tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]
    agent = {"name": "terminus", "model_name": "openai/gpt-4o-mini", "tool_definitions": tools}
    metrics = {"prompt_tokens": 90, "completion_tokens": 4, "cached_tokens": 60, "cost_usd": 0.25,
               "extra": {"cache_creation_input_tokens": 20}}  # fmt: skip
    steps = [{"source": "user", "message": "How many?"}, step, {"source": "user", "message": "Sure?"},
             {"source": "agent", "message": "Yes.", "metrics": metrics}]  # fmt: skip
    report = imported("atif", written(tmp_path / "t.json", {"session_id": "s", "agent": agent, "steps": steps}), ANY)
    assert len(report.assembled.steps) == n_calls
    last = report.assembled.steps[-1]
    assert asked(last) == [("user", "How many?"), ("assistant", "Two."), ("user", "Sure?")]
    assert [tool.name for tool in last.step.tools] == ["bash"]
    (attempt,) = last.attempts
    assert (attempt.input_tokens, attempt.cached_tokens, attempt.cost_usd) == (90, 60, 0.25)
    assert attempt.extra["cache_write_tokens"] == 20


@pytest.mark.parametrize("config", [{"agent": {"model": {"name": "gpt-4o-mini"}}},
                                    json.dumps({"agent": {"model": {"name": "gpt-4o-mini"}}}),
                                    {"agent": {"model": {"model_name": "gpt-4o-mini"}}}])  # fmt: skip
def test_runs_of_swe_agent_end_with_a_verdict_on_their_task(config: Any, imported: Imported, tmp_path: Path) -> None:
    shown = {"role": "assistant", "content": "A demonstration.", "is_demo": True}
    history = [{"role": "user", "content": "Mend."}, shown, {"role": "assistant", "content": "Done."}]
    run = {"history": history, "info": {"exit_status": "submitted"}, "replay_config": config}
    rule = {"success": {"exit_status": {"success": ["submitted"]}}}
    report = imported("swe-agent", written(tmp_path / "x.traj", run), ImportMap.from_mapping(rule))
    step, attempt = single(report)
    assert asked(step) == [("user", "Mend."), ("assistant", "A demonstration.")]
    assert (attempt.success, attempt.evaluator) == (True, "exit_status")
