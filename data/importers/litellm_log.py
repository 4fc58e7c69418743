"""LiteLLM: standard logging payloads, as its callbacks write them, and rows of the proxy's spend log."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.call import FoundCall, seconds
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
from tierwise.data.importers.identity import Identities
from tierwise.data.importers.json_source import read_json_objects
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Record, Skipped
from tierwise.data.step_log import Malformed

_CHAT_CALLS = ("completion", "acompletion", "text_completion", "atext_completion", "anthropic_messages", "responses")


def read_litellm_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Payloads and spend-log rows; embeddings and other calls are skipped."""
    identities = Identities()
    for record in read_json_objects(path, ("data", "logs")):
        if isinstance(record, Malformed):
            yield record
            continue
        row = record.value
        kind = str(row.get("call_type") or "completion")
        if kind not in _CHAT_CALLS and not kind.endswith("completion"):
            yield Skipped(f"LiteLLM call of type {kind}")
            continue
        try:
            yield _found(row, mapping, identities).checked()
        except RecordError as error:
            yield record.malformed(str(error))


def _found(row: Mapping[str, Any], mapping: ImportMap, identities: Identities) -> FoundCall:
    metadata = _object(row.get("metadata"))
    callers = _object(metadata.get("spend_logs_metadata")) | _object(metadata.get("requester_metadata"))
    asked = _object(row.get("proxy_server_request")) | _object(row.get("model_parameters"))
    error = _object(row.get("error_information") or metadata.get("error_information"))
    usage = usage_of(metadata.get("usage_object") or _object(row.get("response")).get("usage"))
    for name, own in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
        if usage[name] is None and row.get("status") != "failure":
            usage[name] = first_count(row, own)
    is_failure = row.get("status") == "failure"
    response = decoded(row.get("response"))
    return FoundCall(
        source_id=str(row.get("litellm_call_id") or row.get("request_id") or row.get("id") or identities.of(row)),
        messages=plain_messages(row.get("messages")) or plain_messages(asked.get("messages")),
        model=row.get("model"),
        labels=mapping.labels({**row, "metadata": {**metadata, **callers}}),
        tools=plain_tools(asked.get("tools")),
        response_schema=response_schema(asked.get("response_format")),
        usage=usage,
        cost_usd=first_amount(row, "response_cost", "spend"),
        started_at=seconds(row.get("startTime")),
        ended_at=seconds(row.get("endTime")),
        trace_id=row.get("trace_id") or metadata.get("trace_id") or row.get("session_id") or None,
        answer=answer_of(response) if response else None,
        error=str(row.get("error_str") or error.get("error_message") or "failure") if is_failure else None,
        error_type=str(error.get("error_class") or "") or None,
    )


def _object(raw: object) -> dict[str, Any]:
    value = decoded(raw)
    return dict(value) if isinstance(value, Mapping) else {}
