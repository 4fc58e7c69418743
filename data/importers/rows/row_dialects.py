"""Platforms that watch model calls, each row of whose exports is a call: where each keeps prompts, counts, verdicts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.data.importers.rows.call_rows import Row, RowDialect, amount_at
from tierwise.data.importers.rows.row_verdicts import by_name, listed_scores, weave_feedback
from tierwise.data.replies.counts import amount

_OPIK_TYPES = ("llm", "general", "tool", "guardrail", "trace")
_NO_UUID = "00000000-0000-0000-0000-000000000000"


def _object(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


BRAINTRUST = RowDialect(
    name="Braintrust",
    looked_for="span_attributes with root_span_id",
    fits=lambda row: {"span_attributes", "root_span_id"} <= row.keys(),
    is_call=lambda row: _object(row["span_attributes"]).get("type") == "llm",
    containers=("events", "data"),
    prompt=("input",),
    settings=("metadata",),
    answer=("output",),
    model=("metadata.model", "metadata.metadata.model"),
    usage={
        "prompt_tokens": ("metrics.prompt_tokens",),
        "completion_tokens": ("metrics.completion_tokens",),
        "total_tokens": ("metrics.tokens",),
        "cached_tokens": ("metrics.prompt_cached_tokens",),
        "cache_write_tokens": ("metrics.prompt_cache_creation_tokens",),
        "reasoning_tokens": ("metrics.completion_reasoning_tokens",),
    },
    cost_usd=amount_at("metrics.estimated_cost"),
    row_id=("span_id", "id"),
    trace_id=("root_span_id",),
    parent_id=("span_parents",),
    started_at=("metrics.start", "created"),
    ended_at=("metrics.end",),
    error=("error",),
    frame_name=("span_attributes.name",),
    is_cache_hit=lambda row: bool(_object(row.get("metrics")).get("cached")),
    verdicts=lambda row: by_name(row.get("scores")),
)


def _weave_usage(row: Row) -> Row:
    """The usage of the one model that a call's summary counts; a summary of several is no call's."""
    counted = _object(_object(row.get("summary")).get("usage"))
    return _object(next(iter(counted.values()))) if len(counted) == 1 else {}


def _weave_rows(row: Row) -> Iterator[Row]:
    counted = _object(_object(row.get("summary")).get("usage"))
    name = str(row.get("op_name")).rpartition("/")[2].partition(":")[0]
    model = next(iter(counted)) if len(counted) == 1 else None
    yield {**row, "name": name, "counted": _weave_usage(row), "counted_model": model}


def _weave_cost(row: Row) -> float | None:
    costs = _object(_object(_object(row.get("summary")).get("weave")).get("costs"))
    if len(costs) != 1:
        return None
    each = _object(next(iter(costs.values())))
    parts = [amount(each.get(f"{kind}_tokens_total_cost")) for kind in ("prompt", "completion")]
    return None if None in parts else sum(part or 0.0 for part in parts)


def _is_weave_call(row: Row) -> bool:
    """What a provider's client was asked, or a function with messages and a model: of two, the inner counts."""
    if _PROVIDERS_OP.search(str(row.get("op_name"))):
        return True
    inputs, output = _object(row.get("inputs")), _object(row.get("output"))
    names_model = isinstance(inputs.get("model") or output.get("model"), str)
    if inputs.get("messages") and isinstance(inputs["messages"], list):
        return True  # one that names no model is told so
    return names_model and any(inputs.get(key) for key in ("input", "contents", "prompt"))


_PROVIDERS_OP = re.compile(
    r"/op/(?:openai|anthropic|litellm|mistralai|groq|cohere|google|vertexai|cerebras|together|huggingface_hub|bedrock)\b"
    r"(?!.*embed)[\w.]*\.(?:create|completion|acompletion|generate\w*|parse|stream|complete\w*|chat\w*|send_message|converse)"
)
WEAVE = RowDialect(
    name="W&B Weave",
    looked_for="op_name with trace_id",
    fits=lambda row: isinstance(row.get("op_name"), str) and "trace_id" in row,
    is_call=_is_weave_call,
    containers=("calls", "data"),
    rows_in=_weave_rows,
    prompt=("inputs",),
    answer=("output",),
    model=("output.model", "inputs.model", "counted_model"),
    usage={"": ("output.usage", "counted")},
    cost_usd=_weave_cost,
    trace_id=("trace_id",),
    parent_id=("parent_id",),
    started_at=("started_at",),
    ended_at=("ended_at",),
    error=("exception",),
    frame_name=("display_name", "name"),
    verdicts=weave_feedback,
    labels={"session_id": ("thread_id",)},
)


def _opik_rows(row: Row) -> Iterator[Row]:
    """The spans of a trace that ``opik export`` wrote to a file of its own, and the trace, which holds feedback."""
    trace = row.get("trace")
    if not isinstance(trace, Mapping):
        yield row
        return
    trace_id = trace.get("id")
    yield {**trace, "type": "trace", "trace_id": trace_id}
    for span in row.get("spans") or ():
        if isinstance(span, Mapping):
            yield {"trace_id": trace_id, "thread_id": trace.get("thread_id"), **span}


OPIK = RowDialect(
    name="Opik",
    looked_for="trace_id, start_time, input and a type of llm, general, tool or guardrail",
    fits=lambda row: {"trace_id", "start_time", "type"} <= row.keys() and row["type"] in _OPIK_TYPES,
    is_call=lambda row: row["type"] == "llm",
    containers=("content",),
    rows_in=_opik_rows,
    prompt=("input",),
    settings=("metadata",),
    answer=("output",),
    model=("model", "output.model", "input.model", "metadata.model"),
    usage={"": ("usage", "output.usage")},
    cost_usd=amount_at("total_estimated_cost"),
    trace_id=("trace_id",),
    parent_id=("parent_span_id",),
    started_at=("start_time",),
    ended_at=("end_time",),
    error=("error_info",),
    error_type=("error_info.exception_type",),
    verdicts=lambda row: listed_scores(row.get("feedback_scores")),
    labels={"session_id": ("thread_id",)},
)


def _is_helicone_call(row: Row) -> bool | str:
    """Embeddings and moderations have an input too, as Responses have."""
    request, told = _object(row.get("request_body")), _object(row.get("response_body"))
    if any(request.get(key) for key in ("messages", "contents", "prompt")) or "input" not in request:
        return True
    if "output" in told or "responses" in str(row.get("request_path")):
        return True
    return "a request that is no chat: request_body.messages was looked for, and input is there"


HELICONE = RowDialect(
    name="Helicone",
    looked_for="request_body with response_body",
    fits=lambda row: {"request_body", "response_body"} <= row.keys(),
    is_call=_is_helicone_call,
    containers=("data",),
    prompt=("request_body",),
    answer=("response_body",),
    model=("response_model", "model", "request_model", "response_body.model", "request_body.model"),
    usage={
        "": ("response_body.usage", "response_body.usageMetadata"),
        "prompt_tokens": ("prompt_tokens",),
        "completion_tokens": ("completion_tokens",),
        "total_tokens": ("total_tokens",),
        "cached_tokens": ("prompt_cache_read_tokens",),
        "cache_write_tokens": ("prompt_cache_write_tokens",),
    },
    cost_usd=amount_at("costUSD"),
    row_id=("request_id", "helicone_id"),
    trace_id=("request_properties.Helicone-Session-Id", "properties.Helicone-Session-Id"),
    started_at=("request_created_at",),
    latency_ms=("delay_ms", "latency"),
    error=("response_body.error",),
    is_cache_hit=lambda row: bool(row.get("cache_reference_id")) and row.get("cache_reference_id") != _NO_UUID,
    verdicts=lambda row: _helicone_verdicts(row),
)


def _helicone_verdicts(row: Row) -> Iterator[tuple[str, object]]:
    rating = row.get("feedback_rating", _object(row.get("helicone_feedback")).get("rating"))
    if rating is not None:
        yield "feedback_rating", rating
    yield from by_name({name: _object(each).get("value", each) for name, each in _object(row.get("scores")).items()})
