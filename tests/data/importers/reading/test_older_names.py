"""Spans in the words of earlier releases, written down from the conventions' change logs, not recorded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.records import LoggedStep

Import = Callable[..., ImportReport]

OLD_TRACELOOP = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "Find A-17.",
    "llm.request.functions.0.name": "lookup",
    "llm.request.functions.0.parameters": '{"type": "object", "required": ["number"]}',
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.tool_calls.0.name": "lookup",
    "gen_ai.completion.0.tool_calls.0.arguments": "{}",
    "gen_ai.usage.prompt_tokens": 10,
    "gen_ai.usage.completion_tokens": 2,
    "gen_ai.usage.cache_read_input_tokens": 4,
    "gen_ai.usage.cache_creation_input_tokens": 5,
}
NEW_CONVENTIONS = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-4o-mini",
    "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Find A-17."}]}]',
    "gen_ai.tool.definitions": '[{"type": "function", "name": "lookup", "parameters": {"required": ["number"]}}]',
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "tool_call", "name": "lookup", "arguments": {}}]}]
    ),
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.usage.cache_read.input_tokens": 4,
    "gen_ai.usage.cache_write.input_tokens": 5,
}


def otlp(attributes: dict[str, Any], **span: Any) -> dict[str, Any]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    values = [{"key": key, "value": {kinds[type(value)]: value}} for key, value in attributes.items()]
    whole = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "chat", "attributes": values, **span}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [whole]}]}]}


def only_step(imported: Import, tmp_path: Path, document: dict[str, Any]) -> LoggedStep:
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    report = imported("otlp", [path])
    assert report.malformed == ()
    (step,) = report.assembled.steps
    return step


@pytest.mark.parametrize("attributes", [OLD_TRACELOOP, NEW_CONVENTIONS], ids=["old", "new"])
def test_old_and_new_names_say_the_same(attributes: dict[str, Any], imported: Import, tmp_path: Path) -> None:
    step = only_step(imported, tmp_path, otlp(attributes))
    assert [(message.role, message.content) for message in step.step.messages] == [
        ("system", "Be brief."),
        ("user", "Find A-17."),
    ]
    (attempt,) = step.attempts
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == (10, 2, 4)
    assert attempt.extra["cache_write_tokens"] == 5
    assert (attempt.success, attempt.error) == (False, "arguments of 'lookup': 'number' is a required property")


def test_messages_in_events_are_read(imported: Import, tmp_path: Path) -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    content = [{"key": "content", "value": {"stringValue": "Hello."}}]
    events = [{"name": "gen_ai.user.message", "attributes": content}]
    step = only_step(imported, tmp_path, otlp(attributes, events=events))
    assert [(message.role, message.content) for message in step.step.messages] == [("user", "Hello.")]


def test_ids_in_base64_are_the_same_as_in_hexadecimal(imported: Import, tmp_path: Path) -> None:
    plain = only_step(imported, tmp_path, otlp(NEW_CONVENTIONS, traceId="d5f18c86219e7cc67bb4a332e1a49e6d"))
    base64 = only_step(imported, tmp_path, otlp(NEW_CONVENTIONS, traceId="1fGMhiGefMZ7tKMy4aSebQ=="))
    assert plain.task_id == base64.task_id == "d5f18c86219e7cc67bb4a332e1a49e6d"


def test_langfuse_traces_hold_their_observations_and_scores(imported: Import, tmp_path: Path) -> None:
    """In the snake_case of its exports to blob storage, with a score on the whole trace."""
    generation = {
        "id": "g", "type": "GENERATION", "provided_model_name": "gpt-4o", "input": '[{"role": "user", "content": "?"}]',
        "usage_details": {"input": 5, "input_cached_tokens": 7, "output": 2}, "start_time": "2026-11-01 12:00:00 UTC",
    }  # fmt: skip
    score = {"name": "solved", "value": 1, "data_type": "BOOLEAN"}
    path = tmp_path / "traces.json"
    path.write_text(json.dumps([{"id": "t", "session_id": "s", "observations": [generation], "scores": [score]}]))
    mapping = ImportMap.from_mapping({"success": {"solved": {"success": [True], "failure": [False]}}})
    report = imported("langfuse", [path], mapping)
    assert report.malformed == ()
    (step,) = report.assembled.steps
    assert (step.task_id, step.session_id, step.timestamp) == ("t", "s", 1_793_534_400.0)
    (attempt,) = step.attempts
    assert (attempt.input_tokens, attempt.cached_tokens, attempt.success) == (12, 7, True)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"spans": []}, "has no resourceSpans"),
        (otlp(NEW_CONVENTIONS, spanId=None), "a span without traceId or spanId"),
        (otlp(NEW_CONVENTIONS, spanId="!!"), "is neither hexadecimal nor base64"),
        (otlp(NEW_CONVENTIONS, startTimeUnixNano="soon"), "has the time 'soon'"),
        (otlp(NEW_CONVENTIONS | {"gen_ai.usage.input_tokens": -3}), "cannot be below 0"),
    ],
)
def test_what_is_no_span_is_kept_with_the_reason(
    document: dict[str, Any], reason: str, imported: Import, tmp_path: Path
) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text(json.dumps(otlp(OLD_TRACELOOP)) + "\n" + json.dumps(document) + "\n", encoding="utf-8")
    report = imported("otlp", [path])
    (bad,) = report.malformed
    assert (bad.line_number, reason in bad.reason) == (2, True), bad.reason
    assert len(report.assembled.steps) == 1
