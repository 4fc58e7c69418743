"""What spans say about LLM calls, in the words of three vocabularies, each in its old and new names.

The GenAI semantic conventions of OpenTelemetry are still in development and rename attributes between releases, so the
names are kept here rather than imported.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.data.importers.call import FoundCall
from tierwise.data.importers.chat import (
    answer_of,
    decoded,
    first_amount,
    first_count,
    plain_messages,
    plain_tools,
    response_schema,
    usage_of,
)
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Answer
from tierwise.data.importers.spans import Span

_CHAT_OPERATIONS = ("chat", "text_completion", "generate_content", "completion")
_SCHEMA_NAMES = (
    "gen_ai.request.structured_output_schema",
    "gen_ai.output.schema",
    "llm.request.structured_output_schema",
)


def found_call(span: Span, mapping: ImportMap) -> FoundCall | None:
    """The call that a span is about, or None for a span that is no LLM call."""
    words = span.attributes
    if words.get("openinference.span.kind") == "LLM":
        return _found(span, mapping, _openinference(words))
    if "mlflow.spanType" in words:
        is_call = words["mlflow.spanType"] in ("CHAT_MODEL", "LLM")
        return _found(span, mapping, _mlflow(words)) if is_call else None
    operation = words.get("gen_ai.operation.name") or words.get("llm.request.type")
    is_call = operation in _CHAT_OPERATIONS or (operation is None and "gen_ai.request.model" in words)
    return _found(span, mapping, _genai(words, span)) if is_call else None


def is_agent(span: Span) -> bool:
    """Is the span an agent's run?"""
    words = span.attributes
    return (
        words.get("gen_ai.operation.name") == "invoke_agent"
        or words.get("openinference.span.kind") == "AGENT"
        or words.get("mlflow.spanType") == "AGENT"
        or words.get("traceloop.span.kind") == "agent"
    )


def frame_name(span: Span) -> str:
    """The name of an agent where the span has one, else its own."""
    words = span.attributes
    name = words.get("gen_ai.agent.name") or words.get("agent.name") or words.get("traceloop.entity.name")
    return str(name or span.name)


def _found(span: Span, mapping: ImportMap, said: Mapping[str, Any]) -> FoundCall:
    metadata = decoded(span.attributes.get("metadata"))
    labels = mapping.labels({**span.attributes, "metadata": metadata if isinstance(metadata, Mapping) else {}})
    return FoundCall(
        source_id=span.span_id,
        labels=labels,
        started_at=span.started_at,
        ended_at=span.ended_at,
        trace_id=span.trace_id,
        parent_id=span.parent_id,
        error=span.error,
        error_type=span.error_type,
        **said,
    )


def _genai(words: Mapping[str, Any], span: Span) -> dict[str, Any]:
    prompt = words.get("gen_ai.input.messages") or words.get("gen_ai.prompt")
    messages = (
        plain_messages(prompt) or _indexed_messages(words, "gen_ai.prompt.", "") or plain_messages([*span.messages])
    )
    instructions = plain_messages(_instructions(words.get("gen_ai.system_instructions")))
    output = words.get("gen_ai.output.messages") or words.get("gen_ai.completion")
    completions = _indexed_messages(words, "gen_ai.completion.", "")
    tools = words.get("gen_ai.tool.definitions") or _pydantic_ai(words).get("function_tools")
    schema = next((decoded(words[name]) for name in _SCHEMA_NAMES if name in words), None)
    if schema is None and isinstance(_pydantic_ai(words).get("output_object"), Mapping):
        schema = _pydantic_ai(words)["output_object"].get("json_schema")
    return {
        "messages": instructions + messages,
        "tools": plain_tools(tools) or plain_tools(list(_indexed(words, "llm.request.functions."))),
        "response_schema": schema if isinstance(schema, Mapping) else None,
        "model": words.get("gen_ai.response.model")
        or words.get("gen_ai.request.model")
        or words.get("llm.request.model"),
        "usage": {
            "input_tokens": first_count(
                words, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"
            ),
            "output_tokens": first_count(
                words, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"
            ),
            "cached_tokens": first_count(
                words,
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.details.cache_read_tokens",
            ),
            "cache_write_tokens": first_count(
                words,
                "gen_ai.usage.cache_write.input_tokens",
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "gen_ai.usage.details.cache_write_tokens",
            ),
        },
        "cost_usd": first_amount(words, "operation.cost", "gen_ai.usage.cost", "gen_ai.cost.total"),
        "answer": answer_of(output) or _answer(completions),
    }


def _openinference(words: Mapping[str, Any]) -> dict[str, Any]:
    parameters = decoded(words.get("llm.invocation_parameters"))
    parameters = parameters if isinstance(parameters, Mapping) else {}
    request = decoded(words.get("input.value"))
    request = request if isinstance(request, Mapping) else {}
    messages = _indexed_messages(words, "llm.input_messages.", "message.")
    tools = [tool.get("tool.json_schema") or tool.get("json_schema") for tool in _indexed(words, "llm.tools.")]
    answer = _answer(_indexed_messages(words, "llm.output_messages.", "message."))
    return {
        "messages": messages or plain_messages(request) or plain_messages(words.get("input.value")),
        "tools": plain_tools(tools) or plain_tools(request.get("tools")),
        "response_schema": response_schema(parameters.get("response_format") or request.get("response_format")),
        "model": words.get("llm.model_name") or parameters.get("model") or request.get("model"),
        "usage": {
            "input_tokens": first_count(words, "llm.token_count.prompt"),
            "output_tokens": first_count(words, "llm.token_count.completion"),
            "cached_tokens": first_count(words, "llm.token_count.prompt_details.cache_read"),
            "cache_write_tokens": first_count(words, "llm.token_count.prompt_details.cache_write"),
        },
        "cost_usd": first_amount(words, "llm.cost.total"),
        "answer": answer or answer_of(words.get("output.value")),
    }


def _mlflow(words: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes already decoded from MLflow's JSON texts."""
    request = words.get("mlflow.spanInputs")
    asked = request if isinstance(request, Mapping) else {}
    tools = words.get("mlflow.chat.tools") or asked.get("tools")
    cost = words.get("mlflow.llm.cost")
    return {
        "messages": plain_messages(words.get("mlflow.chat.messages") or request),
        "tools": plain_tools(tools),
        "response_schema": response_schema(asked.get("response_format")),
        "model": words.get("mlflow.llm.model") or words.get("model") or asked.get("model"),
        "usage": usage_of(words.get("mlflow.chat.tokenUsage")),
        "cost_usd": first_amount(cost, "total_cost") if isinstance(cost, Mapping) else None,
        "answer": answer_of(words.get("mlflow.spanOutputs")),
    }


def _instructions(raw: object) -> list[dict[str, Any]]:
    parts = decoded(raw)
    return [{"role": "system", "parts": parts}] if isinstance(parts, list) and parts else []


def _pydantic_ai(words: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = decoded(words.get("model_request_parameters"))
    return parameters if isinstance(parameters, Mapping) else {}


def _answer(messages: list[dict[str, Any]]) -> Answer | None:
    return answer_of(messages[-1]) if messages else None


def _indexed_messages(words: Mapping[str, Any], prefix: str, inner: str) -> list[dict[str, Any]]:
    """Messages flattened into attributes: ``prefix.N.inner.role``, with tool calls flattened once more."""
    messages = []
    for flat in _indexed(words, prefix):
        own = {key.removeprefix(inner): value for key, value in flat.items()}
        calls = [
            {"name": call.get("tool_call.function.name", call.get("name")),
             "arguments": call.get("tool_call.function.arguments", call.get("arguments"))}
            for call in _indexed(own, "tool_calls.")
        ]  # fmt: skip
        contents = [part.get("message_content.text") for part in _indexed(own, "contents.")]
        content = own.get("content") or "\n".join(str(text) for text in contents if text)
        calls_field = {"tool_calls": [{"type": "function", "function": call} for call in calls]} if calls else {}
        messages.append({"role": own.get("role") or "user", "content": content} | calls_field)
    return messages


def _indexed(words: Mapping[str, Any], prefix: str) -> Iterator[dict[str, Any]]:
    """The attributes ``prefix.0.…``, ``prefix.1.…`` as one mapping an index, in order."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in words.items():
        if key.startswith(prefix):
            number, _, rest = key.removeprefix(prefix).partition(".")
            if number.isdigit() and rest:
                found.setdefault(int(number), {})[rest] = value
    for index in sorted(found):
        yield found[index]
