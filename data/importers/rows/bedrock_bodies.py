"""What models answered on Bedrock: whole bodies of each maker, and lists of the events of a stream."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.answers import Answer, read_answer
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage

_TEXTS = ("completion", "generation", "outputText", "output_text")
_REASONS = ("stop_reason", "stopReason", "completionReason", "finish_reason")


@dataclass(slots=True)
class Body:
    """An answer with what its body says of itself; ``latency_ms`` is the service's own."""

    answer: Answer | None = None
    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    latency_ms: float | None = None


def read_body(raw: object) -> Body:
    """The answer in ``outputBodyJson``; nothing where the log has none."""
    value = decoded(raw)
    if isinstance(value, list):
        return _streamed([event for event in value if isinstance(event, Mapping)])
    if not isinstance(value, Mapping):
        return Body()
    results = value.get("results")  # Titan answers in a list of one
    plain = results[0] if isinstance(results, list) and results and isinstance(results[0], Mapping) else value
    text = next((plain[key] for key in _TEXTS if isinstance(plain.get(key), str)), None)
    answer = read_answer(value) if text is None else Answer(text, finish_reason=_reason(plain))
    return Body(
        answer, read_usage(value), _text(value.get("model")), first_amount(_mapping(value.get("metrics")), "latencyMs")
    )


def _streamed(events: list[Mapping[str, Any]]) -> Body:
    body, texts, reason = Body(), [], None
    calls: dict[Any, dict[str, str]] = {}
    for event in events:
        message = _mapping(event.get("message"))
        body.model = body.model or _text(message.get("model"))
        for holder in (message, event, _mapping(event.get("metadata"))):
            body.usage = body.usage.updated(read_usage({"usage": holder.get("usage")}))
        measured = _mapping(event.get("amazon-bedrock-invocationMetrics"))
        measured = measured or _mapping(_mapping(event.get("metadata")).get("metrics"))
        body.latency_ms = first_amount(measured, "invocationLatency", "latencyMs") or body.latency_ms
        delta = _delta(event)
        reason = _reason(delta) or _reason(event) or _reason(_mapping(event.get("messageStop"))) or reason
        texts += [said for said in (delta.get("text"), *(event.get(key) for key in _TEXTS)) if isinstance(said, str)]
        _note_call(event, delta, calls)
    asked = [{"id": call["id"], "name": call["name"], "arguments": call["arguments"]} for call in calls.values()]
    if texts or asked:
        message = {"role": "assistant", "content": "".join(texts), "tool_calls": asked}
        body.answer = read_answer({**message, "stop_reason": reason})
    return body


def _delta(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(event.get("contentBlockDelta")).get("delta")) or _mapping(event.get("delta"))


def _note_call(event: Mapping[str, Any], delta: Mapping[str, Any], calls: dict[Any, dict[str, str]]) -> None:
    """Tools are called in pieces: the name in the first event of a block, the arguments in those that follow."""
    started = _mapping(event.get("contentBlockStart"))
    block = _mapping(event.get("content_block")) or _mapping(_mapping(started.get("start")).get("toolUse"))
    inner = started or _mapping(event.get("contentBlockDelta")) or event
    index = inner.get("index", inner.get("contentBlockIndex"))
    if isinstance(block.get("name"), str):
        call_id = str(block.get("id") or block.get("toolUseId") or "")
        given = block.get("input")
        calls[index] = {"id": call_id, "name": block["name"], "arguments": json.dumps(given) if given else ""}
    piece = delta.get("partial_json") or _mapping(delta.get("toolUse")).get("input")
    if index in calls and isinstance(piece, str):
        calls[index]["arguments"] += piece


def _reason(holder: Mapping[str, Any]) -> str | None:
    return next((finish_reason(holder[key]) for key in _REASONS if holder.get(key)), None)


def _mapping(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None
