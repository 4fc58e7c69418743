"""The words of OpenInference (Phoenix) and of MLflow for the calls that spans are about."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tierwise.data.importers.reading.parameters import call_parameters, spoken_parameters
from tierwise.data.importers.reading.questions import asked_beside
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema, response_schema
from tierwise.data.importers.traces.words_indexed import indexed, indexed_answer, indexed_messages
from tierwise.data.replies.answers import Answer, read_answer
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage


def said_in_openinference(words: Mapping[str, Any]) -> dict[str, Any]:
    """Messages are flattened; the raw request often stands beside them."""
    parameters = _mapping(words.get("llm.invocation_parameters"))
    value = decoded(words.get("input.value"))
    request = value if isinstance(value, Mapping) else {}
    read = read_request(value)
    messages = indexed_messages(words, "llm.input_messages.", "message.") or _listed(words.get("llm.input_messages"))
    flat = {key: each for key, each in words.items() if key.startswith(("llm.input_messages", "llm.tools."))}
    tools = [tool.get("tool.json_schema") or tool.get("json_schema") for tool in indexed(words, "llm.tools.")]
    return {
        "messages": messages or read.messages or indexed_messages(words, "llm.prompts.", "prompt."),
        "tools": plain_tools(tools) or plain_tools(request.get("tools")) or plain_tools(parameters.get("tools")),
        "response_schema": response_schema(parameters.get("response_format")) or requested_schema(request),
        "model": words.get("llm.model_name") or parameters.get("model") or request.get("model"),
        "usage": _openinference_usage(words),
        "cost_usd": first_amount(words, "llm.cost.total"),
        "parameters": call_parameters(parameters, request, spoken_parameters(words)),
        "answer": _openinference_answer(words),
        "asked": [flat, value, asked_beside(parameters)],
        "problem": read.problem
        or (
            "neither llm.input_messages nor input.value is there" if value is None else "input.value holds no messages"
        ),
    }


def _listed(raw: object) -> list[dict[str, Any]]:
    """Messages that an exporter wrote as one list instead of under an index each."""
    listed = decoded(raw)
    items = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    plain = [item["message"] if isinstance(item.get("message"), Mapping) else item for item in items]
    return read_request([{key.removeprefix("message."): item[key] for key in item} for item in plain]).messages


def said_in_mlflow(words: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow writes every attribute as JSON text; its own exports come decoded, those through OTLP do not."""
    words = {key: decoded(value) if key.startswith("mlflow.") else value for key, value in words.items()}
    request, outputs = decoded(words.get("mlflow.spanInputs")), decoded(words.get("mlflow.spanOutputs"))
    asked = request if isinstance(request, Mapping) else {}
    cost = words.get("mlflow.llm.cost")
    read = read_request(words.get("mlflow.chat.messages") or request)
    usage = read_usage(words.get("mlflow.chat.tokenUsage"))
    answer = read_answer(outputs)
    return {
        "messages": read_request(request).messages or read.messages if _has_system(asked) else read.messages,
        "tools": plain_tools(words.get("mlflow.chat.tools") or asked.get("tools")),
        "response_schema": requested_schema(asked),
        "model": words.get("mlflow.llm.model") or words.get("model") or asked.get("model") or _model_of(words, outputs),
        "usage": usage if usage.is_known else read_usage(outputs),
        "cost_usd": first_amount(cost, "total_cost") if isinstance(cost, Mapping) else None,
        "answer": answer,
        "parameters": call_parameters(asked, words.get("invocation_params"), spoken_parameters(words)),
        "asked": [words.get("mlflow.chat.messages"), request],
        "problem": read.problem
        or ("mlflow.spanInputs is not there" if request is None else "mlflow.spanInputs holds no messages"),
    }


def _model_of(words: Mapping[str, Any], outputs: object) -> Any:
    """LangChain's names for the model, and the answer's own."""
    answered = outputs if isinstance(outputs, Mapping) else {}
    holders = (_mapping(words.get("invocation_params")), _mapping(answered.get("llm_output")), answered, words)
    return next((holder[key] for holder in holders for key in ("model", "model_name") if holder.get(key)), None)


def _has_system(asked: Mapping[str, Any]) -> bool:
    """Whether the request says something beside its messages, which ``mlflow.chat.messages`` may leave out."""
    return any(asked.get(key) for key in ("system", "instructions", "system_instruction"))


def _openinference_answer(words: Mapping[str, Any]) -> Answer | None:
    """The flattened messages do not say why the answer ended; the raw one beside them does."""
    flat = indexed_answer(words, "llm.output_messages.", "message.")
    raw = read_answer(words.get("output.value"))
    if flat is None or raw is None or flat.finish_reason or not raw.finish_reason:
        return flat or raw
    return replace(flat, finish_reason=raw.finish_reason, refusal=flat.refusal or raw.refusal)


def _openinference_usage(words: Mapping[str, Any]) -> Usage:
    """The conventions count the cached part inside the prompt."""
    names = {
        "input_tokens": "prompt", "output_tokens": "completion", "total_tokens": "total",
        "cached_tokens": "prompt_details.cache_read", "cache_write_tokens": "prompt_details.cache_write",
        "reasoning_tokens": "completion_details.reasoning",
    }  # fmt: skip
    return read_usage({ours: words.get(f"llm.token_count.{theirs}") for ours, theirs in names.items()})


def _mapping(raw: object) -> Mapping[str, Any]:
    value = decoded(raw)
    return value if isinstance(value, Mapping) else {}
