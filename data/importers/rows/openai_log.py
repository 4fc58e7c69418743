"""Requests and responses as clients send and get them: pairs, batches, and stored completions.

OpenAI's chat completions and Responses are meant first; Anthropic's messages and Gemini's contents in the same pairs
are read as well.

A batch is two files; give both, in any order. Lines are told apart by what they hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import read_usage
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
                yield from guarded(record, _exchanges(record, mapping, identities))
            else:
                custom_id = str(record.value["custom_id"])
                (requests if half == "request" else responses)[custom_id] = record
    for custom_id, response in responses.items():
        if custom_id in requests:
            yield from guarded(response, _batch_exchanges(custom_id, requests.pop(custom_id), response, mapping))
        else:
            yield response.malformed(f"the request of custom_id '{custom_id}' is in none of the files; give both files")
    for _ in requests:
        yield Skipped("a batch request without a response")


def found_exchange(
    source_id: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
    mapping: ImportMap,
    service_tier: str | None = None,
    is_whole: bool = True,
    beside: Mapping[str, Any] | None = None,
) -> FoundCall:
    """What one request and its response say; ``service_tier`` where the response itself names none. ``is_whole``: the
    request stands as it was sent. ``beside`` is what the record says next to it, such as its id: no part of the
    question where the request holds one."""
    sent, request = request, {**(beside or {}), **request}
    error = find_error(response)
    metadata = response.get("metadata") or request.get("metadata") or {}
    asked = read_request(request)
    return FoundCall(
        source_id=source_id,
        messages=asked.messages,
        model=response.get("model") or response.get("modelVersion") or request.get("model"),
        labels=mapping.labels({**request, "metadata": metadata}),
        tools=plain_tools(request.get("tools") or _config(request).get("tools")),
        response_schema=requested_schema(request),
        model_at="model of the response or the request",
        usage=read_usage({"usage": {}, "service_tier": service_tier, **response}),
        cost_usd=first_amount(response, "cost", "cost_usd"),
        started_at=seconds(response.get("created") or response.get("created_at")),
        answer=None if error else read_answer(response),
        error=None if error is None else error.message or error.code or "error",
        error_type=None if error is None else error.code or error.kind.value,
        asked=sent if any(sent.get(name) for name in _PROMPTS) else request,
        parameters=call_parameters(request, _echoed(response), is_whole=is_whole),
        problem=asked.problem or f"no messages, input or contents in a request of {', '.join(sorted(request)[:6])}",
    )


def _echoed(response: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's Responses say how they were made, and what stood in for what nobody said."""
    return {name: response.get(name) for name in _ECHOED} if response.get("object") == "response" else {}


_PROMPTS = ("messages", "input", "contents", "prompt")
_ECHOED = ("reasoning", "text", "temperature", "top_p", "max_output_tokens")


def _config(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return request["config"] if isinstance(request.get("config"), Mapping) else {}


def _object(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _exchanges(record: Numbered, mapping: ImportMap, identities: Identities) -> Iterator[Record]:
    value = record.value
    request, response = decoded(value.get("request")), decoded(value.get("response"))
    is_whole = True
    if not isinstance(request, Mapping) and ("choices" in value or value.get("object") == "response"):
        # a stored completion, with its messages listed beside
        request = {"messages": value.get("input") or value.get("messages"), **{k: value.get(k) for k in _ASKED}}
        response, is_whole = value, False
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        yield record.malformed("is no request with its response, no batch line and no stored completion")
        return
    body, answered = request.get("body"), response.get("body")
    request = body if isinstance(body, Mapping) else request
    response = answered if isinstance(answered, Mapping) else response
    if _is_no_text(response):
        yield _NO_TEXT
        return
    shared = {key: value[key] for key in value if key not in ("request", "response")}
    source_id = str(value.get("id") or response.get("id") or identities.of(record.value))
    yield found_exchange(source_id, request, response, mapping, is_whole=is_whole, beside=shared).checked()


_NO_TEXT = Skipped("a call that was answered with no text, such as embeddings, moderations or pictures")
_ASKED = ("tools", "response_format", "model", "metadata", "instructions", "text")


def _batch_half(record: Numbered) -> str | None:
    if "custom_id" not in record.value:
        return None
    is_request = any(isinstance(record.value.get(key), Mapping) for key in ("body", "params"))
    return "request" if is_request else "response"


def _batch_exchanges(custom_id: str, request: Numbered, response: Numbered, mapping: ImportMap) -> Iterator[Record]:
    body = _batch_answer(response.value)
    if _is_no_text(body):
        yield _NO_TEXT
        return
    source_id = str(body.get("id") or response.value.get("id") or custom_id)
    asked = request.value.get("body") or request.value["params"]
    yield found_exchange(source_id, asked, body, mapping, "batch").checked()


def _batch_answer(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response in a line of OpenAI's output file, or of Anthropic's results."""
    for outer, inner in (("response", "body"), ("result", "message")):
        holder = value.get(outer)
        if isinstance(holder, Mapping) and isinstance(holder.get(inner), Mapping):
            return dict(holder[inner])
    result = _first_mapping([value.get("result")])
    ended = {"message": str(result.get("type") or "no response")}  # expired, canceled
    return {"error": value.get("error") or result.get("error") or ended}


def _is_no_text(response: Mapping[str, Any]) -> bool:
    """Embeddings and pictures come in a list of data, moderations as results."""
    data, results = _first_mapping(response.get("data")), _first_mapping(response.get("results"))
    return bool(data.keys() & {"embedding", "b64_json", "url"}) or "flagged" in results or "embedding" in response


def _first_mapping(listed: object) -> Mapping[str, Any]:
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, Mapping) else {}
