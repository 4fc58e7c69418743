"""Prompts as providers' own clients send them, and kinds of records that were left out without a word."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportMap, ImportReport

Import = Callable[..., ImportReport]
ASKED = [{"role": "user", "content": "Find A-17."}]
HI = {"text": "hi"}
CORRECT = ImportMap.from_mapping({"success": {"correct": {"success": [True], "failure": [False]}}})


@pytest.fixture
def read(imported: Import, tmp_path: Path) -> Callable[..., ImportReport]:
    def run(format_name: str, *rows: dict[str, Any]) -> ImportReport:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return imported(format_name, [path], CORRECT)

    return run


def prompts(report: ImportReport) -> list[list[tuple[str, str]]]:
    return [[(m.role, m.content) for m in step.step.messages] for step in report.assembled.steps]


@pytest.mark.parametrize(
    ("asked", "read_as"),
    [
        ({"config": {"system_instruction": "Greet."}, "contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
         [("system", "Greet."), ("user", "hi")]),
        ({"contents": "hi"}, [("user", "hi")]),
        ({"contents": [{"text": "hi"}]}, [("user", "hi")]),
        ({"systemInstruction": {"parts": [{"text": "Greet."}]}, "contents": [{"role": "user", "parts": [HI]}]},
         [("system", "Greet."), ("user", "hi")]),
        ({"args": ["hi"]}, [("user", "hi")]),
        ({"args": ["hi"], "kwargs": {}}, [("user", "hi")]),
        ({"args": [], "kwargs": {"messages": ASKED}}, [("user", "Find A-17.")]),
        ({"args": [[{"role": "user", "content": "hi"}]]}, [("user", "hi")]),
        ({"messages": [{"role": "MessageRole.USER", "blocks": [{"block_type": "text", **HI}]}]}, [("user", "hi")]),
        ({"instructions": "Greet.", "input": [{"type": "message", "role": "user",
                                               "content": [{"type": "input_text", "text": "hi"}]}]},
         [("system", "Greet."), ("user", "hi")]),
        ({"system": "Greet.", "prompt": "hi"}, [("system", "Greet."), ("user", "hi")]),
        ({"messages": [[{"lc": 1, "type": "constructor", "id": ["x", "HumanMessage"], "kwargs": {"content": "hi"}}]]},
         [("user", "hi")]),
        ("hi", [("user", "hi")]),
    ],
)  # fmt: skip
def test_native_prompts_are_read(asked: Any, read_as: list[tuple[str, str]], read: Any) -> None:
    row = {"id": "g", "type": "GENERATION", "model": "gpt-4o", "input": asked}
    assert prompts(read("langfuse", row)) == [read_as]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"input": {"question": "x"}}, "input, which has question"),
        ({"input": None}, "input is empty"),
        ({"input": "redacted-by-proxy"}, "its prompt is redacted"),
        ({"input": [{"role": "user", "content": "<masked>"}]}, "its prompt is redacted"),
    ],
)
def test_a_generation_that_is_not_read_says_why(row: dict[str, Any], reason: str, read: Any) -> None:
    report = read("langfuse", {"id": "g", "type": "GENERATION", "model": "gpt-4o", **row})
    assert [reason in said for said in report.skipped] == [True], report.skipped


@pytest.mark.parametrize(
    "kind",
    ["completion", "acompletion", "atext_completion", "anthropic_messages", "responses", "aresponses",
     "generate_content", "agenerate_content", "agenerate_content_stream", "generate_content_stream"],
)  # fmt: skip
def test_every_kind_of_chat_call_of_litellm_is_one(kind: str, read: Any) -> None:
    row = {"id": "a", "call_type": kind, "model": "gpt-4o", "messages": ASKED}
    assert prompts(read("litellm", row)) == [[("user", "Find A-17.")]]


@pytest.mark.parametrize("kind", ["aembedding", "image_generation", "arerank", "aget_responses", "call_mcp_tool"])
def test_other_kinds_of_calls_are_named(kind: str, read: Any) -> None:
    report = read("litellm", {"id": "a", "call_type": kind, "model": "gpt-4o", "messages": ASKED})
    assert report.skipped == {f"LiteLLM call of type {kind}": 1}


SCORES = [
    {"id": "1", "name": "correct", "value": 1, "dataType": "BOOLEAN", "traceId": "t", "observationId": "o"},
    {"id": "2", "name": "tone", "value": 0.2, "dataType": "NUMERIC", "traceId": "t", "observationId": "o"},
]
GENERATION = {"id": "o", "traceId": "t", "type": "GENERATION", "model": "gpt-4o", "input": ASKED}


@pytest.mark.parametrize(
    "document",
    [
        {"trace": {"id": "t", "sessionId": "s", "scores": SCORES}, "observations": [GENERATION]},
        {"trace": {"id": "t", "sessionId": "s"}, "observations": [GENERATION], "scores": SCORES},
        {"trace": {"id": "t", "sessionId": "s", "scores": SCORES}, "observations": [GENERATION], "scores": SCORES},
        {"id": "t", "sessionId": "s", "scores": SCORES, "observations": [GENERATION]},
        {"data": [{"trace": {"id": "t", "session_id": "s", "scores": SCORES}, "observations": [GENERATION]}]},
        {"traces": [{"id": "t", "sessionId": "s", "scores": SCORES}], "observations": [GENERATION]},
        {"traces": [{"id": "t", "sessionId": "s"}], "observations": [GENERATION], "scores": SCORES},
    ],
)
def test_scores_and_sessions_are_found_wherever_a_trace_keeps_them(document: dict[str, Any], read: Any) -> None:
    report = read("langfuse", document)
    (step,) = report.assembled.steps
    (attempt,) = step.attempts
    assert (step.session_id, attempt.success, attempt.evaluator, report.n_signals) == ("s", True, "correct", 2)


def test_a_score_of_a_session_is_counted_and_not_malformed(read: Any) -> None:
    report = read("langfuse", {"id": "1", "name": "correct", "value": 1, "sessionId": "s"}, GENERATION)
    assert (report.malformed, report.skipped) == ((), {"a score on a whole session or dataset run": 1})


def test_traces_of_mlflow_2_are_read(read: Any) -> None:
    span = {
        "name": "Completions", "context": {"span_id": "0x84f212578f747953", "trace_id": "0x1"}, "parent_id": None,
        "start_time": 1731124123079267000, "end_time": 1731124123979267000, "status_code": "ERROR",
        "status_message": "429 Too Many Requests", "events": [],
        "attributes": {"mlflow.spanType": '"LLM"', "mlflow.spanInputs": '{"model": "gpt-4o", "prompt": "hi"}'},
    }  # fmt: skip
    trace = {"info": {"request_id": "r", "request_metadata": {}, "tags": {}}, "data": {"spans": [span]}}
    report = read("mlflow", trace)
    assert prompts(report) == [[("user", "hi")]]
    assert report.assembled.steps[0].attempts[0].error == "429 Too Many Requests"


def test_a_span_of_mlflow_without_its_id_names_the_field(read: Any) -> None:
    trace = {"info": {"trace_id": "r"}, "data": {"spans": [{"name": "x", "attributes": {}}]}}
    (bad,) = read("mlflow", trace).malformed
    assert "span 'x' has no 'span_id'" in bad.reason


@pytest.mark.parametrize(
    ("request_", "response", "read_as"),
    [
        ({"instructions": "Be brief.", "input": "hi"},
         {"object": "response", "output": [{"type": "message", "content": [{"type": "output_text", "text": "yo"}]}]},
         [("system", "Be brief."), ("user", "hi")]),
        ({"system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]},
         {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "yo"}]},
         [("system", "Be brief."), ("user", "hi")]),
        ({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
         {"candidates": [{"content": {"parts": [{"text": "yo"}]}}]}, [("user", "hi")]),
    ],
)  # fmt: skip
def test_pairs_of_other_protocols_are_read(request_: Any, response: Any, read_as: Any, read: Any) -> None:
    report = read("openai", {"id": "e", "request": {"model": "gpt-4o", **request_}, "response": response})
    assert prompts(report) == [read_as]


def test_the_schema_of_a_response_is_one(read: Any) -> None:
    schema = {"type": "object", "required": ["n"]}
    request = {"model": "gpt-4o", "input": "hi", "text": {"format": {"type": "json_schema", "schema": schema}}}
    response = {
        "object": "response",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "no"}]}],
    }
    (step,) = read("openai", {"id": "e", "request": request, "response": response}).assembled.steps
    assert (step.step.response_schema, step.attempts[0].success) == (schema, False)


def test_a_call_of_a_tool_that_is_written_as_its_message_is_a_call(read: Any) -> None:
    call = {"function": {"name": "f", "arguments": {"a": 1}}, "id": "c", "type": "function"}
    asked = [{"role": "user", "content": "hi"}, {"role": "tool", "content": [call]}, {"role": "tool", "content": "40"}]
    report = read("langfuse", {"id": "g", "type": "GENERATION", "model": "gpt-4o", "input": asked})
    assert prompts(report) == [[("user", "hi"), ("assistant", ""), ("tool", "40")]]


def test_what_came_to_langfuse_through_opentelemetry_keeps_tools_and_session(read: Any) -> None:
    words = {
        "gen_ai.tool.definitions": [{"type": "function", "function": {"name": "f"}}],
        "gen_ai.conversation.id": "s",
    }
    row = {"id": "g", "type": "GENERATION", "model": "gpt-4o", "input": ASKED, "metadata": {"attributes": words},
           "usageDetails": {}, "inputUsage": 9, "outputUsage": 2, "totalUsage": 11}  # fmt: skip
    (step,) = read("langfuse", row).assembled.steps
    assert ([tool.name for tool in step.step.tools], step.session_id) == (["f"], "s")
    assert (step.attempts[0].input_tokens, step.attempts[0].output_tokens) == (9, 2)
