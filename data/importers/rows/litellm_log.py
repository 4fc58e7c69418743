"""LiteLLM: standard logging payloads, as its callbacks write them, and rows of the proxy's spend log."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.json_source import read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.reading.requests import Request, read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

# The proxy logs the asynchronous names, with an "a" in front, and streams of some under names of their own.
_CHAT_CALLS = re.compile(
    r"_?a?((text_|chat_|batch_)?completion|anthropic_messages|messages|responses(_websocket)?|compact_responses|"
    r"generate_content(_stream)?|pass_through_endpoint|llm_passthrough_route)"
)
_TRUE = ("true", "1")


def read_litellm_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Payloads and spend-log rows; embeddings and other calls are skipped."""
    identities = Identities()
    for record in read_json_objects(path, ("data", "logs")):
        if isinstance(record, Malformed):
            yield record
            continue
        row = _payload(record.value)
        if {"outputs", "kwargs"} <= row.keys():
            yield record.malformed("is a row of DSPy's history; use --from dspy")
            continue
        kind = str(row.get("call_type") or "completion")
        if not _CHAT_CALLS.fullmatch(kind):
            yield Skipped(f"LiteLLM call of type {kind}")
            continue
        try:
            yield _found(row, mapping, identities).checked()
        except UNREADABLE as error:
            yield record.malformed(why(error))


def _payload(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a callback was called with holds the payload beside everything else."""
    inner = decoded(row.get("standard_logging_object") or row.get("standard_logging_payload"))
    return inner if isinstance(inner, Mapping) and inner else row


def _found(row: Mapping[str, Any], mapping: ImportMap, identities: Identities) -> FoundCall:
    metadata = _object(row.get("metadata"))
    callers = _object(metadata.get("spend_logs_metadata")) | _object(metadata.get("requester_metadata"))
    asked = _asked(row)
    request = _request(row, asked)
    response = decoded(row.get("response"))
    error, error_type = _error(row, metadata, response)
    is_cache_hit = str(row.get("cache_hit")).lower() in _TRUE
    return FoundCall(
        source_id=str(row.get("litellm_call_id") or row.get("request_id") or row.get("id") or identities.of(row)),
        messages=request.messages,
        model=row.get("model") or row.get("model_group") or asked.get("model"),
        labels=mapping.labels({**row, "metadata": {**metadata, **callers}}),
        tools=plain_tools(asked.get("tools")),
        response_schema=requested_schema(asked),
        model_at="model or model_group",
        usage=_usage(row, metadata, response),
        cost_usd=first_amount(row, "response_cost", "spend"),
        started_at=seconds(row.get("startTime")),
        ended_at=seconds(row.get("endTime")),
        trace_id=row.get("trace_id") or metadata.get("trace_id") or row.get("session_id") or None,
        answer=read_answer(response) if response and error is None else None,
        error=error,
        error_type=error_type,
        asked={**asked, "messages": decoded(row.get("messages")) or asked.get("messages")},
        parameters=call_parameters(asked, is_whole="messages" in asked or "input" in asked),
        problem=request.problem,
        is_cache_hit=is_cache_hit,
    )


def _asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """The request's body and parameters, wherever the row keeps them."""
    sent = _object(row.get("proxy_server_request"))
    body = sent.get("body")
    return (dict(body) if isinstance(body, Mapping) else sent) | _object(row.get("model_parameters"))


def _request(row: Mapping[str, Any], asked: Mapping[str, Any]) -> Request:
    """The messages of the row; what the request says beside them, such as instructions, comes from the request."""
    messages = decoded(row.get("messages"))
    if not messages:
        request = read_request(asked)
        request.problem = (
            request.problem or "neither messages nor proxy_server_request is there; is store_prompts_in_spend_logs off?"
        )
        return request
    beside = {key: value for key, value in asked.items() if key not in ("messages", "input", "contents", "prompt")}
    return read_request(
        messages if isinstance(messages, str | Mapping) and not beside else {**beside, "messages": messages}
    )


def _usage(row: Mapping[str, Any], metadata: Mapping[str, Any], response: object) -> Usage:
    """The provider's own counts, with the row's total to tell what they include; else the row's."""
    counted = {name: row.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    stated = _object(metadata.get("usage_object"))
    if not stated and isinstance(response, Mapping):
        stated = _object(response.get("usage") or response.get("usageMetadata"))
    usage = read_usage({"total_tokens": row.get("total_tokens"), **stated}) if stated else Usage()
    own = read_usage(counted)
    return replace(
        usage,
        input_tokens=usage.input_tokens if usage.input_tokens is not None else own.input_tokens,
        output_tokens=usage.output_tokens if usage.output_tokens is not None else own.output_tokens,
        service_tier=usage.service_tier or read_usage(response).service_tier,
    )


def _error(row: Mapping[str, Any], metadata: Mapping[str, Any], response: object) -> tuple[str | None, str | None]:
    """What went wrong, and its class. Older rows have the status in the metadata only."""
    told = _object(row.get("error_information") or metadata.get("error_information"))
    name = str(told.get("error_class") or told.get("error_code") or "") or None
    status = str(row.get("status") or metadata.get("status") or "").lower()
    if status == "failure" or row.get("error_str") or name is not None:
        return str(row.get("error_str") or told.get("error_message") or name or "failure"), name
    found = find_error(response)
    return (None, None) if found is None else (found.message or "error", found.code or found.kind.value)


def _object(raw: object) -> dict[str, Any]:
    value = decoded(raw)
    return dict(value) if isinstance(value, Mapping) else {}
