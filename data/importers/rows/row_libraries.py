"""Libraries and tools that write each model call as a row: DSPy's history, AutoGen's events, the logs of llm."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.rows.call_rows import Row, RowDialect, amount_at, first
from tierwise.data.replies.json_text import decoded

_AUTOGEN_TYPES = ("LLMCall", "LLMStreamStart", "LLMStreamEnd", "ToolCall", "Message", "MessageDropped")


def _dspy_rows(row: Row) -> Iterator[Row]:
    """A response that was no JSON is the text of a Python object, and no answer."""
    response = decoded(row.get("response"))
    yield {**row, "response": response if isinstance(response, Mapping) else None}


DSPY = RowDialect(
    name="DSPy's history",
    looked_for="messages or prompt with outputs, kwargs and model",
    fits=lambda row: {"outputs", "kwargs", "model"} <= row.keys(),
    is_call=lambda row: str(row.get("model_type")) != "embedding" or "an embedding; outputs of a chat were looked for",
    rows_in=_dspy_rows,
    prompt=("messages", "prompt"),
    settings=("kwargs",),
    answer=("response", "outputs"),
    model=("response_model", "model"),
    usage={"": ("usage", "response.usage")},
    cost_usd=amount_at("cost"),
    row_id=("uuid",),
    started_at=("timestamp",),
)


def _llm_rows(row: Row) -> Iterator[Row]:
    """``llm logs --json``; the prompt as it was sent, where the model's plugin keeps it."""
    alone = {"system": row.get("system"), "prompt": row.get("prompt")}
    yield {
        **row,
        "alone": {key: value for key, value in alone.items() if value},
        "sent": decoded(row.get("prompt_json")),
        "token_details": decoded(row.get("token_details")),
    }


LLM = RowDialect(
    name="the tool llm",
    looked_for="conversation_id with prompt, response and model",
    fits=lambda row: {"conversation_id", "prompt", "response", "model"} <= row.keys(),
    is_call=lambda _: True,
    rows_in=_llm_rows,
    prompt=("sent", "alone"),
    settings=("options_json",),
    answer=("response",),
    model=("resolved_model", "model"),
    usage={
        "input_tokens": ("input_tokens",),
        "output_tokens": ("output_tokens",),
        "cached_tokens": ("token_details.prompt_tokens_details.cached_tokens", "token_details.cached_tokens"),
    },
    trace_id=("conversation_id",),
    started_at=("datetime_utc",),
    latency_ms=("duration_ms",),
    refined=lambda row, call: _llm_refined(row, call),
)


def _llm_refined(row: Row, call: FoundCall) -> FoundCall:
    schema = decoded(row.get("schema_json"))
    is_alone = not first(row, ("sent",))  # what was said before it in the conversation is not in the row
    own = schema if isinstance(schema, Mapping) else call.response_schema
    return replace(call, response_schema=own, is_cut=is_alone)


AUTOGEN = RowDialect(
    name="AutoGen's events",
    looked_for="type LLMCall with messages and response",
    fits=lambda row: row.get("type") in _AUTOGEN_TYPES,
    is_call=lambda row: row["type"] in ("LLMCall", "LLMStreamEnd") or f"an event {row['type']}, which is no call",
    prompt=("messages",),
    settings=("settings",),
    answer=("response",),
    model=("response.model", "model"),
    usage={"": ("response.usage",), "prompt_tokens": ("prompt_tokens",), "completion_tokens": ("completion_tokens",)},
    rows_in=lambda row: iter(({**row, "settings": {"tools": row.get("tools")}},)),
    started_at=("timestamp", "response.created"),
    error=("response.error",),
    labels={"agent": ("agent_id",)},
)
