"""Streams of the Responses API, to and from canonical events."""

from collections.abc import Iterable, Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Message, Part, Refusal, Text, Thinking, ToolCall
from tierwise.agents.protocols.events import Began, Closed, Ended, Event, Grown, Opened, Used, grown
from tierwise.agents.protocols.protocol import Frame
from tierwise.agents.protocols.responses.answer import (
    item_id,
    read_finish,
    read_output,
    read_words,
    write_answer,
    write_frame,
    write_item,
    write_words,
)
from tierwise.data.replies.json_text import write_json
from tierwise.data.replies.usage import Usage, read_usage

_GROWTH: Mapping[str, Part] = {
    "response.output_text.delta": Text(""),
    "response.refusal.delta": Refusal(""),
    "response.function_call_arguments.delta": ToolCall("", ""),
    "response.custom_tool_call_input.delta": ToolCall("", "", is_free=True),
    "response.reasoning_summary_text.delta": Thinking(origin="responses"),
    "response.reasoning_text.delta": Thinking(origin="responses"),
}
_ENDS = frozenset({"response.completed", "response.incomplete"})


class Reader:
    """The API's events to canonical ones."""

    def __init__(self) -> None:
        self._open: Part | None = None
        self._texts: list[str] = []
        self._parts: list[Part] = []

    def read(self, event: Mapping[str, Any]) -> list[Event]:
        kind = str(event.get("type"))
        blank = _GROWTH.get(kind)
        if blank is not None:
            return self._grow(blank, str(event.get("delta") or ""))
        body = event.get("response")
        match kind:
            case "response.created" if isinstance(body, Mapping):
                return [Began(body.get("id"), body.get("model"))]
            case "response.output_item.added":
                return self._item(event.get("item"), self._begin)
            case "response.content_part.added":
                part = read_words(event.get("part"))
                return [] if part is None else self._begin(type(part)(""))
            case "response.content_part.done":
                part = read_words(event.get("part"))
                return [] if part is None else self._close(part)
            case "response.output_item.done":
                return self._item(event.get("item"), self._close)
            case "response.reasoning_summary_part.added" if event.get("summary_index"):
                return self._grow(Thinking(origin="responses"), "\n\n")
        if kind in _ENDS and isinstance(body, Mapping):
            open_part, self._open = self._open, None
            last = [] if open_part is None else self._close(grown(open_part, "".join(self._texts)))
            finish, reason = read_finish(body, self._parts)
            return [*last, Used(read_usage(body)), Ended(finish, reason)]
        return []

    def _item(self, item: object, tell: Any) -> list[Event]:
        """Thought and calls are items; words are parts of an item, told by events of their own."""
        if not isinstance(item, Mapping) or item.get("type") == "message":
            return []
        item = {"arguments": "", "input": ""} | dict(item)
        return [event for part in read_output(item) for event in tell(part)]

    def _begin(self, part: Part) -> list[Event]:
        if isinstance(part, ToolCall):
            part = ToolCall(part.name, "", part.call_id, part.is_free, part.namespace)
        self._open, self._texts = part, []
        return [Opened(part)]

    def _grow(self, blank: Part, text: str) -> list[Event]:
        begun = [] if type(self._open) is type(blank) else self._begin(blank)
        self._texts.append(text)
        return [*begun, Grown(text)]

    def _close(self, part: Part) -> list[Event]:
        begun = [] if type(self._open) is type(part) else self._begin(part)
        self._open = None
        self._parts.append(part)
        return [*begun, Closed(part)]


class Writer:
    """Canonical events to the API's, as bytes."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._n = -1
        self._parts: list[Part] = []
        self._open: Part | None = None
        self._usage = Usage()
        self._end: Ended | None = None

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(self._write(event) for event in events)

    def end(self) -> bytes:
        end = self._end or Ended(None)
        message = Message(tuple(self._parts), end.finish, end.finish_reason)
        body = write_answer(Completion((message,), self._usage), self._frame)
        return self._event(f"response.{body['status']}", response=body)

    def failed(self, message: str, code: str) -> bytes:
        """The end of a response that broke off."""
        body = write_frame(self._frame) | {"status": "failed", "error": {"code": code, "message": message}}
        return self._event("response.failed", response=body)

    def _write(self, event: Event) -> bytes:
        match event:
            case Began():
                frame = write_frame(self._frame)
                created = self._event("response.created", response=frame)
                return created + self._event("response.in_progress", response=frame)
            case Opened(part):
                self._open = part
                return self._opened(part)
            case Grown(text):
                return self._grown(text)
            case Closed(part):
                return self._closed(part)
            case Used(usage):
                self._usage = usage
            case Ended():
                self._end = event
        return b""

    def _opened(self, part: Part) -> bytes:
        item = write_item(part, self._item_id(part), "in_progress")
        if isinstance(part, Thinking):
            item |= {"summary": [], "encrypted_content": None}
        added = self._event("response.output_item.added", output_index=self._at, item=item)
        if isinstance(part, ToolCall):
            return added
        if isinstance(part, Thinking):
            empty = {"type": "summary_text", "text": ""}
            return added + self._within("response.reasoning_summary_part.added", "summary_index", part=empty)
        return added + self._within("response.content_part.added", "content_index", part=write_words(part))

    def _grown(self, text: str) -> bytes:
        match self._open:
            case Text():
                return self._within("response.output_text.delta", "content_index", delta=text, logprobs=[])
            case Refusal():
                return self._within("response.refusal.delta", "content_index", delta=text)
            case Thinking():
                return self._within("response.reasoning_summary_text.delta", "summary_index", delta=text)
            case ToolCall(is_free=True):
                return self._within("response.custom_tool_call_input.delta", None, delta=text)
        return self._within("response.function_call_arguments.delta", None, delta=text)

    def _closed(self, part: Part) -> bytes:
        match part:
            case Text(text):
                done = self._within("response.output_text.done", "content_index", text=text, logprobs=[])
                done += self._within("response.content_part.done", "content_index", part=write_words(part))
            case Refusal(text):
                done = self._within("response.refusal.done", "content_index", refusal=text)
                done += self._within("response.content_part.done", "content_index", part=write_words(part))
            case Thinking(text):
                said = {"type": "summary_text", "text": text}
                done = self._within("response.reasoning_summary_text.done", "summary_index", text=text)
                done += self._within("response.reasoning_summary_part.done", "summary_index", part=said)
            case ToolCall(name, arguments, is_free=is_free):
                if is_free:
                    done = self._within("response.custom_tool_call_input.done", None, input=arguments)
                else:
                    kind = "response.function_call_arguments.done"
                    done = self._within(kind, None, arguments=arguments, name=name)
            case _:
                done = b""
        item = write_item(part, self._item_id(part))
        done += self._event("response.output_item.done", output_index=self._at, item=item)
        self._parts.append(part)
        self._open = None
        return done

    @property
    def _at(self) -> int:
        return len(self._parts)

    def _item_id(self, part: Part) -> str:
        return item_id(self._frame.answer_id, self._at, part)

    def _within(self, kind: str, index: str | None, **more: Any) -> bytes:
        """An event about the open item, or about its only part."""
        place = {"item_id": self._item_id(self._open or Text("")), "output_index": self._at}
        return self._event(kind, **place, **({index: 0} if index else {}), **more)

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._n += 1
        data = write_json({"type": kind, "sequence_number": self._n, **fields})
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
