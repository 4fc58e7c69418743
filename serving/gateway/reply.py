"""What a provider answered, whole or put together from a stream: its messages, its usage, and whether they will do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.calls import ToolCall, arguments_text
from tierwise.data.replies.finish import CONTENT_FILTER, finish_reason
from tierwise.data.replies.json_text import whole
from tierwise.data.replies.parts import read_content, without_thoughts
from tierwise.data.replies.usage import Usage, read_usage


@dataclass(frozen=True, slots=True)
class Message:
    """One choice of the answer, without its thinking. ``is_refusal``: the model, or a filter, would not answer."""

    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    messages: tuple[Message, ...]
    usage: Usage
    model: str | None = None


def read_reply(answer: Mapping[str, Any]) -> Reply:
    """A whole completion. Parts of the wrong type are passed over: the caller gets them as they are."""
    draft = Draft()
    draft.add(answer, part="message")
    return draft.reply()


@dataclass(slots=True)
class _Choice:
    content: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    arguments: dict[int, list[str]] = field(default_factory=dict)
    finish_reason: str | None = None
    is_refusal: bool = False

    def add(self, delta: Mapping[str, Any]) -> None:
        if isinstance(delta.get("content"), str):
            self.content.append(delta["content"])
        elif isinstance(delta.get("content"), list):
            self._add_parts(delta["content"])
        self.is_refusal |= isinstance(delta.get("refusal"), str) and bool(delta["refusal"])
        calls = delta.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping):
                self._add_call(_index(call, position), call["function"])

    def message(self) -> Message:
        calls = tuple(ToolCall(self.names.get(n, ""), "".join(parts)) for n, parts in sorted(self.arguments.items()))
        text = without_thoughts(whole("".join(self.content)))
        is_filtered = finish_reason(self.finish_reason) == CONTENT_FILTER
        return Message(text, calls, self.finish_reason, self.is_refusal or is_filtered)

    def _add_parts(self, parts: list[Any]) -> None:
        content = read_content(parts)
        self.content += content.texts
        self.is_refusal |= bool(content.refusals)
        for call in content.tool_calls:
            self._add_call(len(self.arguments), {"name": call.name, "arguments": call.arguments})

    def _add_call(self, index: int, function: Mapping[str, Any]) -> None:
        if isinstance(function.get("name"), str) and function["name"]:
            self.names[index] = function["name"]
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):  # some servers send an object where a text belongs
            arguments = arguments_text(arguments)
        self.arguments.setdefault(index, []).append(arguments if isinstance(arguments, str) else "")


class Draft:
    """Puts an answer together from its chunks."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._usage = Usage()
        self._model: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether every choice that began has said why it ended."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    @property
    def has_begun(self) -> bool:
        """Whether there is any choice at all."""
        return bool(self._choices)

    def add(self, chunk: Mapping[str, Any], part: str = "delta") -> None:
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = self._usage.updated(read_usage(chunk))
        if isinstance(chunk.get("model"), str):
            self._model = chunk["model"]
        choices = chunk.get("choices")
        for raw in choices if isinstance(choices, list) else ():
            if isinstance(raw, Mapping):
                choice = self._choices.setdefault(_index(raw, 0), _Choice())
                choice.add(raw[part] if isinstance(raw.get(part), Mapping) else {})
                if isinstance(raw.get("finish_reason"), str):
                    choice.finish_reason = raw["finish_reason"]

    def reply(self) -> Reply:
        return Reply(tuple(choice.message() for choice in self._choices.values()), self._usage, self._model)


def _index(raw: Mapping[str, Any], default: int) -> int:
    index = raw.get("index")
    return index if isinstance(index, int) else default
