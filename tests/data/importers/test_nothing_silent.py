"""Calls in other people's words are read, and what is not read says which word was looked for and which was there."""

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


def otlp(attributes: dict[str, Any], events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    def valued(values: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = {int: "intValue", float: "doubleValue"}
        return [{"key": key, "value": {kinds.get(type(value), "stringValue"): value}} for key, value in values.items()]

    raw = [{"name": event.pop("name"), "attributes": valued(event)} for event in events or []]
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "x", "attributes": valued(attributes), "events": raw}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


@pytest.fixture
def read(imported: Import, tmp_path: Path) -> Callable[..., ImportReport]:
    def run(format_name: str, *rows: dict[str, Any]) -> ImportReport:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return imported(format_name, [path], CORRECT)

    return run


def prompts(report: ImportReport) -> list[list[tuple[str, str]]]:
    return [[(m.role, m.content) for m in step.step.messages] for step in report.assembled.steps]


MODEL = {"gen_ai.request.model": "gpt-4o"}
MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Find A-17."}]}])


@pytest.mark.parametrize(
    "operation",
    ["chat", "chat.completions", "ChatCompletion", "acompletion", "responses", "messages", "generate", "converse",
     "generateContent", "inference", "llm", "prompt_run"],
)  # fmt: skip
def test_an_operation_may_be_called_anything(operation: str, read: Any) -> None:
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": operation, "gen_ai.input.messages": MESSAGES}))
    assert prompts(report) == [[("user", "Find A-17.")]]


@pytest.mark.parametrize("operation", ["embeddings", "execute_tool", "invoke_agent", "create_agent", "rerank"])
def test_what_says_that_it_is_no_call_is_none(operation: str, read: Any) -> None:
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": operation, "gen_ai.input.messages": MESSAGES}))
    assert (report.n_calls, report.n_frames) == (0, 1)


OTHER_WORDS: dict[str, dict[str, Any]] = {
    "instructions as plain text": {
        "gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES, "gen_ai.system_instructions": "Be brief.",
    },
    "instructions as parts": {
        "gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES,
        "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
    },
    "ai sdk": {
        "ai.operationId": "ai.streamText.doStream",
        "ai.prompt.messages": json.dumps([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Find A-17."}]},
        ]),
    },
    "logfire events": {
        "events": json.dumps([
            {"event.name": "gen_ai.system.message", "role": "system", "content": "Be brief."},
            {"event.name": "gen_ai.user.message", "role": "user", "content": "Find A-17."},
        ]),
    },
    "logfire request": {
        "request_data": json.dumps({"instructions": "Be brief.", "input": "Find A-17."}),
    },
    "langfuse through otlp": {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.input": json.dumps({"system": "Be brief.", "messages": ASKED}),
    },
    "indexed parts": {
        "llm.request.type": "chat", "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be brief.",
        "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": '[{"type": "text", "text": "Find A-17."}]',
    },
    "mlflow through otlp": {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": json.dumps({"model": "gpt-4o", "system": "Be brief.", "messages": ASKED}),
    },
    "openinference with anthropic's request": {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o",
        "input.value": json.dumps({"system": "Be brief.", "messages": ASKED}),
    },
    "google's agent development kit": {
        "gen_ai.system": "gcp.vertex.agent",
        "gcp.vertex.agent.llm_request": json.dumps({
            "model": "gpt-4o", "config": {"system_instruction": "Be brief."},
            "contents": [{"role": "user", "parts": [{"text": "Find A-17."}]}],
        }),
    },
    "a python list": {
        "gen_ai.prompt": "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Find A-17.'}]",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_a_prompt_in_other_words_is_read(name: str, read: Any) -> None:
    report = read("otlp", otlp({**MODEL, **OTHER_WORDS[name]}))
    assert prompts(report) == [[("system", "Be brief."), ("user", "Find A-17.")]]


@pytest.mark.parametrize(
    "events",
    [
        [{"name": "gen_ai.user.message", "content": "Find A-17."}],
        [{"name": "gen_ai.user.message", "gen_ai.event.content": '{"role": "user", "content": "Find A-17."}'}],
        [{"name": "gen_ai.user.message", "content": '[{"text": "Find A-17."}]'}],
        [{"name": "gen_ai.content.prompt", "gen_ai.prompt": '[{"role": "user", "content": "Find A-17."}]'}],
        [{"name": "gen_ai.client.inference.operation.details", "gen_ai.input.messages": MESSAGES}],
    ],
)
def test_messages_in_events_are_read_in_every_wrapping(events: list[dict[str, Any]], read: Any) -> None:
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": "chat"}, events))
    assert prompts(report) == [[("user", "Find A-17.")]]


def test_tool_calls_in_events_of_strands_are_read(read: Any) -> None:
    events = [
        {"name": "gen_ai.user.message", "content": '[{"text": "Count."}]'},
        {
            "name": "gen_ai.assistant.message",
            "content": '[{"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}]',
        },
        {"name": "gen_ai.tool.message", "content": '[{"toolResult": {"toolUseId": "t", "content": [{"text": "40"}]}}]'},
    ]
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": "chat"}, events))
    assert prompts(report) == [[("user", "Count."), ("assistant", ""), ("tool", "40")]]
    (call,) = report.assembled.steps[0].step.messages[1].extra["tool_calls"]
    assert call["function"] == {"name": "f", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({**MODEL, "gen_ai.operation.name": "chat"}, "is the recording of message contents switched off?"),
        ({**MODEL, "gen_ai.operation.name": "chat", "acme.prompt_text": "x"}, "but acme.prompt_text is"),
        ({**MODEL, "gen_ai.operation.name": "chat", "gen_ai.prompt": "{}"}, "gen_ai.prompt is there"),
        ({**MODEL, "gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES[:40]}, "breaks off"),
        ({**MODEL, "gen_ai.operation.name": "summon"}, "the operation 'summon'"),
        ({"gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES}, "without the name of its model"),
        ({"mlflow.spanType": '"LLM"', "mlflow.llm.model": '"gpt-4o"', "mlflow.spanInputs": '{"q": 1}'},
         "mlflow.spanInputs holds no messages"),
        ({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}, "neither llm.input_messages nor input.value"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_what_was_looked_for(attributes: dict[str, Any], reason: str, read: Any) -> None:
    report = read("otlp", otlp(attributes))
    assert report.assembled.steps == ()
    assert [reason in said for said in report.skipped] == [True], report.skipped


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


def test_content_events_of_which_each_is_a_message_are_read(read: Any) -> None:
    events = [
        {"name": "gen_ai.content.prompt", "role": "system", "gen_ai.prompt": "Be brief."},
        {"name": "gen_ai.content.prompt", "role": "user", "gen_ai.prompt": "Find A-17."},
    ]
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": "chat"}, events))
    assert prompts(report) == [[("system", "Be brief."), ("user", "Find A-17.")]]
