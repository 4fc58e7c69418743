"""The GenAI semantic conventions in their old and new names, with what OpenLLMetry, Logfire, Semantic Kernel, the AI
SDK and Langfuse's SDK add to them.

The conventions are still in development and rename attributes between releases, so the names are kept here rather than
imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.reading.parameters import call_parameters, spoken_parameters
from tierwise.data.importers.reading.requests import read_request, system_message
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.importers.traces.spans import Span
from tierwise.data.importers.traces.words_events import event_answer, event_messages
from tierwise.data.importers.traces.words_indexed import indexed, indexed_answer, indexed_messages
from tierwise.data.replies.answers import Answer, read_answer
from tierwise.data.replies.counts import amount, first_amount
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage

PROMPTS = (
    "gen_ai.input.messages", "gen_ai.prompt", "gen_ai.prompt.0.content", "ai.prompt.messages", "ai.prompt",
    "gen_ai.request.messages", "gen_ai.input", "langfuse.observation.input", "request_data", "events",
    "llm.prompts", "llm.prompts.0.content", "llm.request.messages", "input.value", "traceloop.entity.input",
    "gcp.vertex.agent.llm_request", "genkit:input", "gen_ai.content.prompt", "input",
)  # fmt: skip
MODELS = (
    "gen_ai.response.model", "gen_ai.request.model", "llm.request.model", "llm.response.model", "ai.model.id",
    "langfuse.observation.model.name", "llm.model_name", "llm.model",
    "gen_ai.model_name",
)  # fmt: skip
_OUTPUTS = (
    "gen_ai.output.messages", "gen_ai.completion", "gen_ai.response.messages", "gen_ai.output",
    "gen_ai.response.text",
    "langfuse.observation.output", "response_data", "llm.completions", "output.value", "traceloop.entity.output",
    "gcp.vertex.agent.llm_response", "ai.response", "llm.responses", "genkit:output",
    "gen_ai.content.completion", "output",
)  # fmt: skip
_SCHEMAS = (
    "gen_ai.request.structured_output_schema", "gen_ai.output.schema", "llm.request.structured_output_schema",
    "ai.schema", "gen_ai.request.response_schema",
)  # fmt: skip
_TOOLS = ("gen_ai.tool.definitions", "gen_ai.request.tools", "ai.prompt.tools", "gen_ai.agent.tools", "llm.tools")
_USAGE = {
    "input_tokens": ("input_tokens", "prompt_tokens", "promptTokens", "inputTokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "completionTokens", "outputTokens"),
    "total_tokens": ("total_tokens", "totalTokens"),
    "cached_tokens": (
        "cache_read.input_tokens", "cache_read_input_tokens", "details.cache_read_tokens", "cached_input_tokens",
        "cachedInputTokens", "input_tokens.cached", "cached_tokens", "details.cached_tokens",
        "prompt_tokens_details.cached_tokens", "inputTokenDetails.cacheReadTokens",
    ),
    "cache_write_tokens": (
        "cache_write.input_tokens", "cache_creation.input_tokens", "cache_creation_input_tokens",
        "details.cache_write_tokens", "cache_write_input_tokens", "cache_write_tokens",
        "inputTokenDetails.cacheWriteTokens",
    ),
    "reasoning_tokens": ("reasoning_tokens", "details.reasoning_tokens", "reasoningTokens", "output_tokens.reasoning"),
}  # fmt: skip
_USAGE_PREFIXES = ("gen_ai.usage.", "llm.usage.", "ai.usage.", "gen_ai.response.usage.")


def said_in_genai(words: Mapping[str, Any], span: Span) -> dict[str, Any]:
    """What a span's attributes and events say of its call."""
    name, raw = asked_in(words)
    events = _events(words, span)
    request = read_request(raw)
    messages = (
        request.messages
        or indexed_messages(words, "gen_ai.prompt.")
        or indexed_messages(words, "llm.prompts.")
        or event_messages(events)
    )
    beside = next((words[key] for key in _INSTRUCTIONS if words.get(key)), None)
    instructions = system_message(beside)
    settings = decoded(words.get("gen_ai.request.configuration") or words.get("llm.invocation_parameters"))
    whole = {**(settings if isinstance(settings, Mapping) else {})}
    whole |= decoded(raw) if isinstance(decoded(raw), Mapping) else {}
    indexed_asked = {key: value for key, value in words.items() if key.startswith(("gen_ai.prompt.", "llm.prompts."))}
    tools = next((words[key] for key in _TOOLS if words.get(key)), None) or _pydantic_ai(words).get("function_tools")
    return {
        "messages": [*instructions, *messages] if messages else [],
        "tools": plain_tools(tools) or plain_tools(list(_functions(words))) or plain_tools(whole.get("tools")),
        "response_schema": _schema(words, whole),
        "model": next((words[key] for key in MODELS if words.get(key)), None) or whole.get("model"),
        "usage": _usage(words),
        "cost_usd": _cost(words),
        "answer": _answer(words, events),
        "parameters": call_parameters(
            spoken_parameters(words), words.get("langfuse.observation.model.parameters"), whole
        ),
        "asked": [raw, beside, indexed_asked, [dict(event) for event in events if _is_asked(event)], tools],
        "problem": _problem(words, name, request.problem),
    }


def asked_in(words: Mapping[str, Any]) -> tuple[str | None, Any]:
    """The attribute that holds the prompt, and what it holds."""
    for name in PROMPTS:
        if (
            words.get(name)
            and name != "events"
            and not name.endswith(".0.content")
            and read_request(words[name]).messages
        ):
            return name, words[name]
    there = next((name for name in PROMPTS if words.get(name)), None)
    if there is None or there == "events" or there.endswith(".0.content"):
        return there, None
    return there, words[there]


def holds_prompt(words: Mapping[str, Any], span: Span) -> bool:
    """Whether anything of the span holds a prompt."""
    return any(words.get(name) for name in PROMPTS) or bool(event_messages(_events(words, span)))


_INSTRUCTIONS = (
    "gen_ai.system_instructions", "gen_ai.system.instructions", "gen_ai.request.instructions", "gen_ai.instructions",
    "ai.prompt.system", "gen_ai.system_prompt",
)  # fmt: skip
_ALIKE = ("prompt", "message", "input", "content", "question", "query", "request", "events")


def _problem(words: Mapping[str, Any], name: str | None, problem: str | None) -> str | None:
    """Why there is no prompt: which attributes were looked for, and which one is there that may hold it."""
    if problem is not None:
        return f"{problem} ({name})"
    looked_for = "none of gen_ai.input.messages, gen_ai.prompt, ai.prompt.messages, input.value and their like is there"
    alike = sorted(
        key for key, value in words.items()
        if isinstance(value, str | list) and any(word in key.lower() for word in _ALIKE) and "model" not in key
        and not key.startswith("resource.")
    )  # fmt: skip
    if name is not None:
        return f"{name} is there and holds no messages that are known"
    return f"{looked_for}, but {alike[0]} is" if alike else None


def _events(words: Mapping[str, Any], span: Span) -> Sequence[Mapping[str, Any]]:
    written = decoded(words.get("events"))
    listed = [event for event in written if isinstance(event, Mapping)] if isinstance(written, list) else []
    return [*span.events, *listed]


def _is_asked(event: Mapping[str, Any]) -> bool:
    return str(event.get("event.name") or event.get("name")).endswith(".message")


def _answer(words: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Answer | None:
    found = next((answer for key in _OUTPUTS if (answer := read_answer(words.get(key))) is not None), None)
    found = found or indexed_answer(words, "gen_ai.completion.") or indexed_answer(words, "llm.completions.")
    found = found or event_answer(events) or _ai_sdk_answer(words)
    reasons = decoded(words.get("gen_ai.response.finish_reasons")) or words.get("ai.response.finishReason")
    reason = finish_reason(reasons[0] if isinstance(reasons, list) and reasons else reasons)
    if found is None or found.finish_reason or reason is None:
        return found
    return Answer(found.text, found.tool_calls, reason, found.refusal)


def _ai_sdk_answer(words: Mapping[str, Any]) -> Answer | None:
    text = words.get("ai.response.text") or words.get("ai.response.object") or words.get("ai.result.text")
    calls = decoded(words.get("ai.response.toolCalls"))
    if not text and not calls:
        return None
    return read_answer({"role": "assistant", "content": text or "", "tool_calls": calls or []})


def _usage(words: Mapping[str, Any]) -> Usage:
    details = decoded(words.get("langfuse.observation.usage_details"))
    if isinstance(details, Mapping):
        return read_usage(details)
    counts: dict[str, Any] = {}
    for ours, theirs in _USAGE.items():
        names = [prefix + name for prefix in _USAGE_PREFIXES for name in theirs]
        found = next((name for name in names if amount(words.get(name)) is not None), None)
        if found is not None:
            counts[ours] = _count(words[found], found)
    if counts:
        return read_usage(counts)
    stated = (decoded(words.get(name)) for name in ("response_data", "llm.token.counts", "genkit:output"))
    counted = (read_usage(each) for each in stated if isinstance(each, Mapping))
    return next((usage for usage in counted if usage.is_known), Usage())


def _count(value: Any, name: str) -> Any:
    if (amount(value) or 0) < 0:
        raise RecordError("", f"{name} is {value}; it cannot be below 0")
    return value


def _cost(words: Mapping[str, Any]) -> float | None:
    details = decoded(words.get("langfuse.observation.cost_details"))
    if isinstance(details, Mapping) and (total := first_amount(details, "total")) is not None:
        return total
    return first_amount(words, "operation.cost", "gen_ai.usage.cost", "gen_ai.usage.total_cost", "gen_ai.cost.total",
                        "gen_ai.usage.cost_usd", "llm.usage.cost")  # fmt: skip


def _schema(words: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any] | None:
    schema = next((decoded(words[name]) for name in _SCHEMAS if name in words), None)
    output = _pydantic_ai(words).get("output_object")
    if schema is None and isinstance(output, Mapping):
        schema = output.get("json_schema")
    return schema if isinstance(schema, Mapping) else requested_schema(whole)


def _functions(words: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*indexed(words, "llm.request.functions."), *indexed(words, "gen_ai.request.tools.")]


def _pydantic_ai(words: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = decoded(words.get("model_request_parameters"))
    return parameters if isinstance(parameters, Mapping) else {}
