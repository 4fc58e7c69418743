"""Amazon Bedrock: the model invocation log, as it lies in S3 or as CloudWatch Logs exports it.

Bodies are those of the model's own maker, or of Converse; streams are logged as the list of their events. Counts stand
beside the bodies, what the cache held apart from the input.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.importers.rows.bedrock_bodies import read_body
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_NO_CALLS = ("embed", "rerank", "image", "canvas", "stable-", "sonic", "reel")
_MESSAGES = ("message", "@message")  # of an event of CloudWatch


def read_bedrock_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Every invocation of the log; embeddings and pictures are skipped."""
    identities = Identities()
    for record in read_json_objects(path, ("events", "logs", "Records")):
        if isinstance(record, Malformed):
            yield record
            continue
        row = _row(record)
        if row is None:
            yield record.malformed("is no invocation of Bedrock's log: modelId, input and output are needed")
            continue
        model = str(row["modelId"])
        if any(word in model.lower() for word in _NO_CALLS):
            yield Skipped(f"a call of {model.rpartition('/')[2]}, which answers with no text")
            continue
        try:
            yield _found(row, model, mapping, identities).checked()
        except UNREADABLE as error:
            yield record.malformed(why(error))


def _row(record: Numbered) -> Mapping[str, Any] | None:
    inner = [decoded(record.value.get(key)) for key in _MESSAGES]
    found = next((each for each in [record.value, *inner] if isinstance(each, Mapping) and "modelId" in each), None)
    return found if found is not None and ("input" in found or "errorCode" in found) else None


def _found(row: Mapping[str, Any], model: str, mapping: ImportMap, identities: Identities) -> FoundCall:
    put_in, put_out = _mapping(row.get("input")), _mapping(row.get("output"))
    asked = _mapping(put_in.get("inputBodyJson"))
    body = read_body(put_out.get("outputBodyJson"))
    request = read_request(asked)
    error = str(row["errorCode"]) if row.get("errorCode") else None
    metadata = _mapping(row.get("requestMetadata")) or _mapping(asked.get("requestMetadata"))
    return FoundCall(
        source_id=str(row.get("requestId") or identities.of(row)),
        messages=request.messages,
        model=body.model or model if "application-inference-profile/" in model else model,
        labels=mapping.labels({**row, "metadata": metadata}),
        tools=plain_tools(asked.get("tools") or _mapping(asked.get("toolConfig")).get("tools")),
        response_schema=requested_schema(asked),
        usage=_usage(row, put_in, put_out, body.usage),
        started_at=seconds(row.get("timestamp")),
        latency_ms=body.latency_ms,
        answer=None if error else body.answer,
        error=str(row.get("errorMessage") or error) if error else None,
        error_type=error,
        asked=asked,
        parameters=call_parameters(asked, is_whole=True),
        problem=request.problem or _problem(put_in),
    )


def _problem(put_in: Mapping[str, Any]) -> str:
    if put_in.get("inputBodyS3Path"):
        return "its body lies at input.inputBodyS3Path; put it in as input.inputBodyJson"
    if "inputBodyJson" in put_in:
        return f"input.inputBodyJson has only {', '.join(sorted(_mapping(put_in['inputBodyJson']))[:6])}"
    return "input.inputBodyJson is not there; is textDataDeliveryEnabled off?"


def _usage(row: Mapping[str, Any], put_in: Mapping[str, Any], put_out: Mapping[str, Any], stated: Usage) -> Usage:
    """What the log counted, else what the model's body says. The log's input is what no cache held."""
    n_read, n_written = (
        next((first_amount(holder, name) for holder in (put_in, row) if name in holder), None)
        for name in ("cacheReadInputTokenCount", "cacheWriteInputTokenCount")
    )
    counted = read_usage(
        {
            "inputTokens": put_in.get("inputTokenCount"),
            "outputTokens": put_out.get("outputTokenCount"),
            "cacheReadInputTokens": n_read,
            "cacheWriteInputTokens": n_written,
        }
    )
    return counted if counted.input_tokens is not None and counted.output_tokens is not None else stated


def _mapping(raw: object) -> Mapping[str, Any]:
    value = decoded(raw)
    return value if isinstance(value, Mapping) else {}
