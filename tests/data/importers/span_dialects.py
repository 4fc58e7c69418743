"""The dialects of spans: each writer gives a format and the rows of its file."""

import json
from typing import Any

from tests.data.importers.made_calls import END, ISO_END, ISO_START, SPAN, START, TRACE, Made, Rows


def otlp(words: dict[str, Any], events: list[tuple[str, dict[str, Any]]] = []) -> Rows:  # noqa: B006
    def valued(values: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = {int: "intValue", float: "doubleValue"}
        return [{"key": key, "value": {kinds.get(type(each), "stringValue"): each}} for key, each in values.items()]

    span = {
        "traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": str(START), "endTimeUnixNano": str(END),
        "attributes": valued(words),
        "events": [{"name": name, "attributes": valued(values)} for name, values in events],
    }  # fmt: skip
    return "otlp", [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}]


def counts(made: Made) -> dict[str, Any]:
    return {
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model,
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "gen_ai.usage.cache_read.input_tokens": made.cached, "gen_ai.operation.name": "chat",
    }  # fmt: skip


def parts(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def genai_new(made: Made) -> Rows:
    tools = [{"type": "function", "name": made.tool, "description": "d", "parameters": made.schema}]
    return otlp({
        **counts(made), "gen_ai.system_instructions": json.dumps([{"type": "text", "content": made.system}]),
        "gen_ai.input.messages": json.dumps([parts("user", made.user)]), "gen_ai.tool.definitions": json.dumps(tools),
        "gen_ai.output.messages": json.dumps([{**parts("assistant", made.answer), "finish_reason": "stop"}]),
    })  # fmt: skip


def genai_events(made: Made) -> Rows:
    return otlp({**counts(made), "gen_ai.tool.definitions": json.dumps([made.function])}, [
        ("gen_ai.system.message", {"content": made.system}),
        ("gen_ai.user.message", {"content": made.user}),
        ("gen_ai.choice", {"message": json.dumps({"content": made.answer}), "finish_reason": "stop"}),
    ])  # fmt: skip


def openllmetry(made: Made) -> Rows:
    return otlp({
        "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model,
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": made.system, "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": json.dumps([{"type": "text", "text": made.user}]),
        "llm.request.functions.0.name": made.tool, "llm.request.functions.0.parameters": json.dumps(made.schema),
        "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": made.answer,
        "gen_ai.usage.prompt_tokens": made.n_in, "gen_ai.usage.completion_tokens": made.n_out,
        "gen_ai.usage.cache_read_input_tokens": made.cached,
    })  # fmt: skip


def openinference(made: Made) -> Rows:
    return otlp(openinference_words(made))


def openinference_words(made: Made) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM", "llm.model_name": made.model,
        "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": made.system,
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": made.user,
        "llm.tools.0.tool.json_schema": json.dumps(made.function),
        "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": made.answer,
        "llm.token_count.prompt": made.n_in, "llm.token_count.completion": made.n_out,
        "llm.token_count.prompt_details.cache_read": made.cached, "llm.cost.total": made.cost_usd,
    }  # fmt: skip


def phoenix(made: Made) -> Rows:
    span = {
        "id": "x", "name": "chat", "context": {"trace_id": TRACE, "span_id": SPAN}, "span_kind": "LLM",
        "start_time": ISO_START, "end_time": ISO_END, "status_code": "OK", "attributes": openinference_words(made),
    }  # fmt: skip
    verdict = {"span_id": SPAN, "name": "good", "annotator_kind": "HUMAN", "result": {"score": float(made.is_good)}}
    return "phoenix", [span, verdict]


def logfire(made: Made) -> Rows:
    return otlp({
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model, "gen_ai.operation.name": "chat",
        "request_data": json.dumps(made.request), "response_data": json.dumps(made.completion),
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "gen_ai.usage.details.cached_tokens": made.cached, "operation.cost": made.cost_usd,
    })  # fmt: skip


def ai_sdk(made: Made) -> Rows:
    tool = {"type": "function", "name": made.tool, "description": "d", "inputSchema": made.schema}
    user = {"role": "user", "content": [{"type": "text", "text": made.user}]}
    return otlp({
        "operation.name": "ai.generateText.doGenerate", "ai.operationId": "ai.generateText.doGenerate",
        "gen_ai.request.model": "gpt-4o-mini", "gen_ai.response.model": made.model, "ai.response.text": made.answer,
        "ai.prompt.messages": json.dumps([made.messages[0], user]), "ai.prompt.tools": json.dumps([tool]),
        "gen_ai.usage.input_tokens": made.n_in, "gen_ai.usage.output_tokens": made.n_out,
        "ai.usage.cachedInputTokens": made.cached,
    })  # fmt: skip


def semantic_kernel(made: Made) -> Rows:
    answer = {"role": "Assistant", "content": made.answer}
    words = {
        **counts(made),
        "gen_ai.operation.name": "chat.completions",
        "gen_ai.tool.definitions": json.dumps([made.function]),
    }
    return otlp(words, [
        ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(made.messages)}),
        ("gen_ai.content.completion", {"gen_ai.completion": json.dumps([answer])}),
    ])  # fmt: skip


def azure(made: Made) -> Rows:
    said = [(f"gen_ai.{each['role']}.message", each) for each in made.messages]
    choice = {"message": {"content": made.answer}, "finish_reason": "stop", "index": 0}
    events = [*said, ("gen_ai.choice", choice)]
    words = {**counts(made), "gen_ai.system": "az.ai.inference", "gen_ai.tool.definitions": json.dumps([made.function])}
    return otlp(words, [(name, {"gen_ai.event.content": json.dumps(each)}) for name, each in events])


def strands(made: Made) -> Rows:
    words = {**counts(made), "gen_ai.system": "strands-agents", "gen_ai.tool.definitions": json.dumps([made.function])}
    return otlp(words, [
        ("gen_ai.system.message", {"content": json.dumps([{"text": made.system}])}),
        ("gen_ai.user.message", {"content": json.dumps([{"text": made.user}])}),
        ("gen_ai.choice", {"message": json.dumps([{"text": made.answer}]), "finish_reason": "end_turn"}),
    ])  # fmt: skip
