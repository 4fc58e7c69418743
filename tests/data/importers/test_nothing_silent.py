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
    "openinference's messages as one list": {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o",
        "llm.input_messages": json.dumps([
            {"message.role": "system", "message.content": "Be brief."},
            {"message": {"role": "user", "content": "Find A-17."}},
        ]),
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
        ({"gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES}, "the name of its model; gen_ai.req"),
        ({"mlflow.spanType": '"LLM"', "mlflow.llm.model": '"gpt-4o"', "mlflow.spanInputs": '{"q": 1}'},
         "mlflow.spanInputs holds no messages"),
        ({"acme.model": "gpt-4o", "acme.prompt": "x"}, "a span with acme.prompt and acme.model"),
        ({"braintrust.span_attributes": '{"type": "llm"}', "braintrust.input_json": "x"},
         "a span with braintrust.input_json and braintrust.span_attributes"),
        ({"genkit:metadata:subtype": "model", "genkit:input": "x"}, "a span with genkit:input and"),
        ({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}, "neither llm.input_messages nor input.value"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_what_was_looked_for(attributes: dict[str, Any], reason: str, read: Any) -> None:
    report = read("otlp", otlp(attributes))
    assert report.assembled.steps == ()
    assert [reason in said for said in report.skipped] == [True], report.skipped


def test_content_events_of_which_each_is_a_message_are_read(read: Any) -> None:
    events = [
        {"name": "gen_ai.content.prompt", "role": "system", "gen_ai.prompt": "Be brief."},
        {"name": "gen_ai.content.prompt", "role": "user", "gen_ai.prompt": "Find A-17."},
    ]
    report = read("otlp", otlp({**MODEL, "gen_ai.operation.name": "chat"}, events))
    assert prompts(report) == [[("system", "Be brief."), ("user", "Find A-17.")]]


@pytest.mark.parametrize(
    ("attributes", "said", "counts"),
    [
        ({"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o", "ai.response.text": "Yo.",
          "ai.prompt.messages": json.dumps(ASKED), "ai.usage.inputTokens": 100, "ai.usage.outputTokens": 5,
          "ai.usage.inputTokenDetails.cacheReadTokens": 60}, "Yo.", (100, 5, 60)),
        ({"request_data": json.dumps({"model": "gpt-4o", "messages": ASKED}),
          "response_data": json.dumps({"message": {"role": "assistant", "content": "Yo."},
                                       "usage": {"prompt_tokens": 100, "completion_tokens": 5}})}, "Yo.",
         (100, 5, None)),
        ({**MODEL, "gen_ai.operation.name": "chat", "gen_ai.request.messages": json.dumps(ASKED),
          "gen_ai.response.text": '["Yo."]'}, "Yo.", (None, None, None)),
        ({"gen_ai.span.kind": "LLM", "gen_ai.model_name": "gpt-4o", "gen_ai.prompt": "Find A-17.",
          "gen_ai.completion": "Yo."}, "Yo.", (None, None, None)),
    ],
)  # fmt: skip
def test_answers_and_counts_in_other_words_are_read(
    attributes: dict[str, Any], said: str, counts: tuple[int | None, ...], read: Any
) -> None:
    (step,) = read("otlp", otlp(attributes)).assembled.steps
    (attempt,) = step.attempts
    assert (step.step.messages[-1].content, attempt.output) == ("Find A-17.", said)
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == counts
