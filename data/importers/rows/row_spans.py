"""Tools that keep a model's call as a span or an event of their own: Datadog, Mastra, PostHog."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.rows.call_rows import Row, RowDialect, amount_at
from tierwise.data.importers.rows.row_verdicts import by_name
from tierwise.data.replies.counts import amount, first_amount

_DATADOG_KINDS = ("llm", "agent", "workflow", "tool", "task", "embedding", "retrieval")
_MASTRA_TYPES = (
    "model_generation", "llm_generation", "agent_run", "workflow_run", "workflow_step", "tool_call", "mcp_tool_call",
    "generic", "processor_run", "model_step", "model_chunk", "model_inference",
)  # fmt: skip


def _object(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _datadog_rows(row: Row) -> Iterator[Row]:
    """A span of the export API, of the intake, or of the agent, in the words of the intake."""
    inner = row.get("attributes")
    told = inner if isinstance(inner, Mapping) and "span_kind" in inner else row
    meta = _object(told.get("meta"))
    deep = _object(_object(_object(told.get("meta_struct")).get("_llmobs")).get("meta"))
    kind = told.get("span_kind") or meta.get("span.kind") or meta.get("kind") or _object(meta.get("span")).get("kind")
    started, duration = told.get("start_ns") or told.get("start"), told.get("duration")
    ended = (
        None
        if amount(started) is None or amount(duration) is None
        else (amount(started) or 0) + (amount(duration) or 0)
    )
    parent = told.get("parent_id")
    yield {
        **told, "meta": {**meta, **deep}, "kind": kind, "started": started, "ended": ended,
        "parent_id": None if str(parent) in ("0", "undefined", "") else parent,
    }  # fmt: skip


DATADOG = RowDialect(
    name="Datadog's LLM observability",
    looked_for="span_id with span_kind or meta.span.kind",
    fits=lambda row: "span_id" in row and row.get("kind") in _DATADOG_KINDS,
    is_call=lambda row: row["kind"] == "llm",
    containers=("data", "spans"),
    rows_in=_datadog_rows,
    prompt=("meta.input.messages", "input.messages", "meta.input.value", "input.value"),
    settings=("meta.metadata", "metadata"),
    answer=("meta.output.messages", "output.messages", "meta.output", "output.value", "output"),
    model=("meta.model_name", "model_name"),
    usage={
        "input_tokens": ("metrics.input_tokens",),
        "output_tokens": ("metrics.output_tokens",),
        "total_tokens": ("metrics.total_tokens",),
        "cached_tokens": ("metrics.cache_read_input_tokens",),
        "cache_write_tokens": ("metrics.cache_write_input_tokens",),
        "reasoning_tokens": ("metrics.reasoning_output_tokens",),
    },
    row_id=("span_id",),
    trace_id=("trace_id",),
    parent_id=("parent_id",),
    started_at=("started",),
    ended_at=("ended",),
    error=("meta.error.message", "error.message"),
    error_type=("meta.error.type", "error.type"),
    is_agent=lambda row: row["kind"] == "agent",
    verdicts=lambda row: by_name(
        {name: _object(each).get("value") for name, each in _object(row.get("evaluation")).items()}
    ),
    labels={"session_id": ("session_id",)},
)


MASTRA = RowDialect(
    name="Mastra's AI spans",
    looked_for="traceId with a type of model_generation, agent_run or their like",
    fits=lambda row: "traceId" in row and row.get("type", row.get("spanType")) in _MASTRA_TYPES,
    is_call=lambda row: row.get("type", row.get("spanType")) in ("model_generation", "llm_generation"),
    containers=("spans",),
    prompt=("input",),
    settings=("attributes.parameters",),
    answer=("output",),
    model=("attributes.responseModel", "attributes.model"),
    usage={"": ("attributes.usage", "output.usage")},
    cost_usd=lambda row: first_amount(_object(_object(row.get("attributes")).get("costContext")), "estimatedCost"),
    row_id=("spanId", "id"),
    trace_id=("traceId",),
    parent_id=("parentSpanId",),
    started_at=("startTime", "startedAt"),
    ended_at=("endTime", "endedAt"),
    error=("errorInfo.message", "error.message"),
    is_agent=lambda row: row.get("type", row.get("spanType")) == "agent_run",
    labels={"session_id": ("metadata.threadId", "attributes.threadId")},
)


def _posthog_rows(row: Row) -> Iterator[Row]:
    """The event is sent when the answer has come; its latency is in seconds. Long prompts are addresses of files."""
    told = dict(_object(row.get("properties")))
    if str(told.get("$ai_input")).startswith("s3://"):
        told["$ai_input"] = {"address": told["$ai_input"]}
    latency = amount(told.get("$ai_latency"))
    is_beside = str(told.get("$ai_provider")).lower() in _CACHE_BESIDE
    read, written = _BESIDE if is_beside else _INSIDE
    usage = {
        "input_tokens": told.get("$ai_input_tokens"),
        "output_tokens": told.get("$ai_output_tokens"),
        read: told.get("$ai_cache_read_input_tokens"),
        written: told.get("$ai_cache_creation_input_tokens"),
    }
    latency_ms = None if latency is None else 1000 * latency
    sent = seconds(row.get("timestamp"))
    started = None if sent is None else sent - (latency or 0.0)
    settings = {"tools": told.get("$ai_tools")}
    yield {
        **row,
        "properties": told,
        "settings": settings,
        "latency_ms": latency_ms,
        "usage": usage,
        "started": started,
    }


_CACHE_BESIDE = ("anthropic", "bedrock", "vertex_anthropic")
_BESIDE, _INSIDE = ("cache_read_input_tokens", "cache_creation_input_tokens"), ("cached_tokens", "cache_write_tokens")
POSTHOG = RowDialect(
    name="PostHog's LLM events",
    looked_for="event $ai_generation or its like, with properties",
    fits=lambda row: str(row.get("event")).startswith("$ai_") and isinstance(row.get("properties"), Mapping),
    is_call=lambda row: row["event"] == "$ai_generation",
    containers=("results", "events"),
    prompt=("properties.$ai_input",),
    rows_in=_posthog_rows,
    settings=("settings",),
    answer=("properties.$ai_output_choices", "properties.$ai_output"),
    model=("properties.$ai_model",),
    usage={"": ("usage",)},
    cost_usd=amount_at("properties.$ai_total_cost_usd"),
    row_id=("properties.$ai_span_id", "properties.$ai_generation_id", "uuid", "id"),
    trace_id=("properties.$ai_trace_id",),
    parent_id=("properties.$ai_parent_id",),
    started_at=("started",),
    latency_ms=("latency_ms",),
    error=("properties.$ai_error",),
    frame_name=("properties.$ai_span_name", "event"),
)
