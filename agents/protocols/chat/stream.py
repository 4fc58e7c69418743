"""Streams of chat completions, to and from canonical events: one choice, the first where there are more."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Finish, Refusal, Text, Thinking, ToolCall
from tierwise.agents.protocols.chat.answer import FINISHES, REASONS, is_json, write_usage
from tierwise.agents.protocols.chat.request import NAME
from tierwise.agents.protocols.chat.usage import usage_of
from tierwise.agents.protocols.events import Began, Closed, Ended, Event, Grown, Opened, Used, grown
from tierwise.data.replies.json_text import write_json
from tierwise.data.replies.parts import read_content
from tierwise.data.replies.usage import Usage

DONE = b"data: [DONE]\n\n"


class Reader:
    """Chunks to events. Calls whose arguments come mixed are told one after the other."""

    def __init__(self) -> None:
        self._open: Text | Refusal | Thinking | ToolCall | None = None
        self._texts: list[str] = []
        self._call: int | None = None
        self._waiting: dict[int, ToolCall] = {}
        self._has_begun = False
        self._ids: dict[int, str] = {}
        self._moved: dict[int, int] = {}

    def read(self, chunk: Mapping[str, Any]) -> list[Event]:
        found: list[Event] = []
        if not self._has_begun:
            self._has_begun = True
            found.append(Began(_text(chunk.get("id")), _text(chunk.get("model"))))
        for choice in chunk.get("choices") or ():
            if isinstance(choice, Mapping) and choice.get("index", 0) == 0:
                delta = choice.get("delta")
                if delta is None and self._open is None:  # some proxies stream the message itself
                    delta = choice.get("message")
                found += self._delta(delta if isinstance(delta, Mapping) else {})
                reason = choice.get("finish_reason")
                if isinstance(reason, str):
                    found += [*self._end(), Ended(FINISHES.get(reason), reason)]
        counted = usage_of(chunk)
        if counted is not None:
            found.append(Used(counted))
        return found

    def _delta(self, delta: Mapping[str, Any]) -> list[Event]:
        found: list[Event] = []
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought and isinstance(thought, str):
            found += self._say(Thinking(origin=NAME), thought)
        content = delta.get("content")
        if isinstance(content, list):  # Mistral's: thought and words as parts
            content = "".join(read_content(content).texts)
        if content and isinstance(content, str):
            found += self._say(Text(""), content)
        if delta.get("refusal") and isinstance(delta["refusal"], str):
            found += self._say(Refusal(""), delta["refusal"])
        for position, call in enumerate(delta.get("tool_calls") or ()):
            if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping):
                found += self._add_call(call.get("index", position), call)
        return found

    def _say(self, part: Text | Refusal | Thinking, text: str) -> list[Event]:
        found: list[Event] = []
        if type(self._open) is not type(part):
            found += [*self._close(), self._begin(part)]
        self._texts.append(text)
        return [*found, Grown(text)]

    def _add_call(self, index: int, call: Mapping[str, Any]) -> list[Event]:
        function = call["function"]
        arguments = function.get("arguments")
        arguments = json.dumps(arguments) if isinstance(arguments, Mapping) else arguments or ""
        index = self._place(index, call)
        if index == self._call:
            self._texts.append(arguments)
            return [Grown(arguments)] if arguments else []
        waiting = self._waiting.get(index) or ToolCall(function.get("name") or "", "", _text(call.get("id")))
        self._waiting[index] = grown(waiting, arguments)  # type: ignore[assignment]
        return [] if self._call is not None and not is_json("".join(self._texts)) else self._next_call()

    def _place(self, index: int, call: Mapping[str, Any]) -> int:
        """Gemini's compatible interface gives every call the index 0: another id and name begin another call."""
        at, call_id = self._moved.get(index, index), _text(call.get("id"))
        known = self._ids.get(at)
        if known and call_id and call_id != known and call["function"].get("name"):
            waiting = self._waiting.get(at)
            if is_json("".join(self._texts) if waiting is None else waiting.arguments):
                at = self._moved[index] = max(self._ids) + 1
        if call_id:
            self._ids.setdefault(at, call_id)
        return at

    def _next_call(self) -> list[Event]:
        found = self._close()
        index = min(self._waiting)
        call = self._waiting.pop(index)
        self._call = index
        found.append(self._begin(ToolCall(call.name, "", call.call_id)))
        if call.arguments:
            self._texts.append(call.arguments)
            found.append(Grown(call.arguments))
        return found

    def _end(self) -> list[Event]:
        found = self._close()
        while self._waiting:
            found += [*self._next_call(), *self._close()]
        return found

    def _begin(self, part: Any) -> Opened:
        self._open, self._texts = part, []
        return Opened(part)

    def _close(self) -> list[Event]:
        part, self._open, self._call = self._open, None, None
        return [] if part is None else [Closed(grown(part, "".join(self._texts)))]


class Writer:
    """Events to chunks, as bytes. Usage comes last, and only where ``wants_usage``."""

    def __init__(self, answer_id: str, created: int, model: str, wants_usage: bool) -> None:
        self._head = {"id": answer_id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._wants_usage = wants_usage
        self._n_calls = 0
        self._open: object = None
        self._usage = Usage()

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(self._write(event) for event in events)

    def end(self) -> bytes:
        usage = write_usage(self._usage)
        last = self._chunk([], usage=usage) if self._wants_usage and usage else b""
        return last + DONE

    def _write(self, event: Event) -> bytes:
        match event:
            case Began():
                return self._delta({"role": "assistant", "content": ""})
            case Opened(part):
                self._open = part
                if isinstance(part, ToolCall):
                    self._n_calls += 1
                    function = {"name": part.name, "arguments": ""}
                    return self._call({"id": part.call_id, "type": "function", "function": function})
            case Grown(text):
                return self._grown(text)
            case Used(usage):
                self._usage = usage
            case Ended(finish):
                return self._delta({}, REASONS[finish or Finish.STOP])
        return b""

    def _grown(self, text: str) -> bytes:
        match self._open:
            case Text():
                return self._delta({"content": text})
            case Refusal():
                return self._delta({"refusal": text})
            case Thinking():
                return self._delta({"reasoning_content": text})
        return self._call({"function": {"arguments": text}})

    def _call(self, call: dict[str, Any]) -> bytes:
        return self._delta({"tool_calls": [{"index": self._n_calls - 1, **call}]})

    def _delta(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        return self._chunk([{"index": 0, "delta": delta, "finish_reason": reason}])

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return b"data: " + write_json({**self._head, "choices": choices, **more}) + b"\n\n"


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) else None
