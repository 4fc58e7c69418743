"""Streams of the Messages protocol, to and from canonical events."""

from collections.abc import Iterable, Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Message, Part, Refusal, Text, Thinking, ToolCall
from tierwise.agents.protocols.events import Began, Closed, Ended, Event, Grown, Opened, Used, grown
from tierwise.agents.protocols.messages.answer import FINISHES, read_block, stop_reason, write_frame, write_usage
from tierwise.agents.protocols.messages.blocks import NAME, write_thinking
from tierwise.data.replies.json_text import write_json
from tierwise.data.replies.usage import Usage, read_usage

_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


class Reader:
    """The protocol's events to canonical ones."""

    def __init__(self) -> None:
        self._open: Part | None = None
        self._texts: list[str] = []
        self._signature: list[str] = []

    def read(self, event: Mapping[str, Any]) -> list[Event]:
        match event.get("type"):
            case "message_start":
                message = event.get("message")
                message = message if isinstance(message, Mapping) else {}
                return [Began(message.get("id"), message.get("model")), *_used(message)]
            case "content_block_start":
                return self._begin(event.get("content_block"))
            case "content_block_delta":
                delta = event.get("delta")
                return self._grow(delta if isinstance(delta, Mapping) else {})
            case "content_block_stop":
                return self._close()
            case "message_delta":
                return self._end(event)
        return []

    def _begin(self, block: object) -> list[Event]:
        part = read_block(block) if isinstance(block, Mapping) else None
        if isinstance(part, ToolCall) and part.arguments == "{}":
            part = ToolCall(part.name, "", part.call_id)
        self._open, self._texts, self._signature = part, [], []
        return [] if part is None else [Opened(part)]

    def _grow(self, delta: Mapping[str, Any]) -> list[Event]:
        kind = str(delta.get("type"))
        if kind == "signature_delta":
            self._signature.append(str(delta.get("signature") or ""))
        text = delta.get(_DELTAS.get(kind, ""))
        if self._open is None or not text or not isinstance(text, str):
            return []
        self._texts.append(text)
        return [Grown(text)]

    def _close(self) -> list[Event]:
        part, self._open = self._open, None
        if part is None:
            return []
        part = grown(part, "".join(self._texts))
        if isinstance(part, ToolCall) and not part.arguments:
            part = grown(part, "{}")
        if isinstance(part, Thinking) and self._signature:
            signature = "".join(self._signature)
            part = read_block({"type": "thinking", "thinking": part.text, "signature": signature}) or part
        return [Closed(part)]

    def _end(self, event: Mapping[str, Any]) -> list[Event]:
        delta = event.get("delta")
        reason = delta.get("stop_reason") if isinstance(delta, Mapping) else None
        ended = [Ended(FINISHES.get(reason), reason)] if isinstance(reason, str) else []
        return [*_used(event), *ended]


class Writer:
    """Canonical events to the protocol's, as bytes."""

    def __init__(self, answer_id: str, model: str) -> None:
        self._answer_id, self._model = answer_id, model
        self._n = -1
        self._parts: list[Part] = []
        self._open: Part | None = None
        self._usage = Usage()
        self._end = Ended(None)

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(self._write(event) for event in events)

    def end(self) -> bytes:
        message = Message(tuple(self._parts), self._end.finish)
        delta = {"stop_reason": stop_reason(message), "stop_sequence": None}
        last = _event("message_delta", delta=delta, usage=write_usage(self._usage))
        return last + _event("message_stop")

    def _write(self, event: Event) -> bytes:
        match event:
            case Began():
                return _event("message_start", message=write_frame(self._answer_id, self._model))
            case Opened(part):
                self._open = part
                self._n += 1
                return _event("content_block_start", index=self._n, content_block=_blank(part))
            case Grown(text):
                return self._delta(_delta_of(self._open, text))
            case Closed(part):
                self._parts.append(part)
                self._open = None
                signed = b""
                if isinstance(part, Thinking) and not (part.sealed and part.origin == NAME):
                    signed = self._delta({"type": "signature_delta", "signature": write_thinking(part)["signature"]})
                return signed + _event("content_block_stop", index=self._n)
            case Used(usage):
                self._usage = usage
            case Ended():
                self._end = event
        return b""

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=self._n, delta=delta)


def _blank(part: Part) -> dict[str, Any]:
    """The block as it begins."""
    match part:
        case Thinking(sealed=str(data), origin=origin) if origin == NAME:
            return {"type": "redacted_thinking", "data": data}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolCall():
            return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": {}}
    return {"type": "text", "text": ""}


def _delta_of(part: Part | None, text: str) -> dict[str, Any]:
    match part:
        case Text() | Refusal():
            return {"type": "text_delta", "text": text}
        case Thinking():
            return {"type": "thinking_delta", "thinking": text}
    return {"type": "input_json_delta", "partial_json": text}


def _used(holder: Mapping[str, Any]) -> list[Event]:
    return [Used(read_usage(holder))] if isinstance(holder.get("usage"), Mapping) else []


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + write_json({"type": kind, **fields}) + b"\n\n"
