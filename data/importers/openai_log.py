"""Chat completions as OpenAI clients know them: request and response pairs, batches, and stored completions.

A batch is two files; give both, in any order. Lines are told apart by what they hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.call import FoundCall, seconds
from tierwise.data.importers.chat import answer_of, first_amount, plain_messages, plain_tools, response_schema, usage_of
from tierwise.data.importers.identity import Identities
from tierwise.data.importers.json_source import Numbered, read_json_objects
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Record, Skipped
from tierwise.data.step_log import Malformed


def read_openai_logs(paths: Sequence[Path], mapping: ImportMap) -> Iterator[Record]:
    """Every exchange of the files, after the two halves of batches have been joined by ``custom_id``."""
    requests: dict[str, Numbered] = {}
    responses: dict[str, Numbered] = {}
    identities = Identities()
    for path in paths:
        for record in read_json_objects(path, ("data",)):
            if isinstance(record, Malformed):
                yield record
                continue
            half = _batch_half(record)
            if half is None:
                yield _exchange(record, mapping, identities)
            else:
                custom_id = str(record.value["custom_id"])
                (requests if half == "request" else responses)[custom_id] = record
    for custom_id, response in responses.items():
        if custom_id in requests:
            yield _batch_exchange(custom_id, requests.pop(custom_id), response, mapping)
        else:
            yield response.malformed(f"the request of custom_id '{custom_id}' is in none of the files; give both files")
    for _ in requests:
        yield Skipped("a batch request without a response")


def found_exchange(
    source_id: str, request: Mapping[str, Any], response: Mapping[str, Any], mapping: ImportMap
) -> FoundCall:
    """What one request and its response say."""
    error = response.get("error")
    metadata = response.get("metadata") or request.get("metadata") or {}
    return FoundCall(
        source_id=source_id,
        messages=plain_messages(request.get("messages", request.get("input"))),
        model=response.get("model") or request.get("model"),
        labels=mapping.labels({**request, "metadata": metadata}),
        tools=plain_tools(request.get("tools")),
        response_schema=response_schema(request.get("response_format")),
        usage=usage_of(response.get("usage")),
        cost_usd=first_amount(response, "cost", "cost_usd"),
        started_at=seconds(response.get("created")),
        answer=answer_of(response) if response.get("choices") else None,
        error=_error_text(error),
        error_type=str(error.get("code") or error.get("type") or "") if isinstance(error, Mapping) else None,
    )


def _exchange(record: Numbered, mapping: ImportMap, identities: Identities) -> Record:
    value = record.value
    request, response = value.get("request"), value.get("response")
    if not isinstance(request, Mapping) and "choices" in value:  # a stored completion, with its messages listed beside
        request = {"messages": value.get("input") or value.get("messages"), **{k: value.get(k) for k in _ASKED}}
        response = value
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        return record.malformed("is no request with its response, no batch line and no stored completion")
    body = request.get("body")
    request = body if isinstance(body, Mapping) else request
    shared = {key: value[key] for key in value if key not in ("request", "response")}
    source_id = str(value.get("id") or response.get("id") or identities.of(record.value))
    return _checked(record, found_exchange(source_id, {**shared, **request}, response, mapping))


_ASKED = ("tools", "response_format", "model", "metadata")


def _batch_half(record: Numbered) -> str | None:
    if "custom_id" not in record.value:
        return None
    return "request" if isinstance(record.value.get("body"), Mapping) else "response"


def _batch_exchange(custom_id: str, request: Numbered, response: Numbered, mapping: ImportMap) -> Record:
    answered = response.value.get("response")
    body = answered.get("body") if isinstance(answered, Mapping) else None
    body = body if isinstance(body, Mapping) else {"error": response.value.get("error") or {"message": "no response"}}
    source_id = str(body.get("id") or response.value.get("id") or custom_id)
    return _checked(response, found_exchange(source_id, request.value["body"], body, mapping))


def _checked(record: Numbered, found: FoundCall) -> Record:
    try:
        return found.checked()
    except RecordError as error:
        return record.malformed(str(error))


def _error_text(error: object) -> str | None:
    if error is None:
        return None
    return str(error.get("message") or error) if isinstance(error, Mapping) else str(error)
