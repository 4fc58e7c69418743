"""What happens in a stream, in words that belong to no provider, and the answer that it adds up to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tierwise.agents.protocols.canonical import Completion, Finish, Message, Part, Refusal, Text, Thinking, ToolCall
from tierwise.data.replies.usage import Usage


@dataclass(frozen=True, slots=True)
class Began:
    """The first thing that is known of an answer."""

    answer_id: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A part begins; ``part`` is what is known of it. One part is open at a time."""

    part: Part


@dataclass(frozen=True, slots=True)
class Grown:
    """The open part goes on by ``text``: of its words, its thought, or its arguments."""

    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The open part is complete."""

    part: Part


@dataclass(frozen=True, slots=True)
class Used:
    usage: Usage


@dataclass(frozen=True, slots=True)
class Ended:
    finish: Finish | None
    finish_reason: str | None = None


Event = Began | Opened | Grown | Closed | Used | Ended


class Assembly:
    """Puts an answer of one message together from its events."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.model: str | None = None
        self.answer_id: str | None = None
        self.parts: list[Part] = []
        self._open: Part | None = None
        self._texts: list[str] = []
        self._end: Ended | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the provider has said why the answer ended."""
        return self._end is not None

    @property
    def has_begun(self) -> bool:
        """Whether any part of an answer came."""
        return bool(self.parts) or self._open is not None or self._end is not None

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self._add(event)

    def completion(self) -> Completion:
        """What there is so far; the part that is still open is as long as it is."""
        parts = [*self.parts, *([] if self._open is None else [grown(self._open, "".join(self._texts))])]
        end = self._end or Ended(None)
        message = Message(tuple(parts), end.finish, end.finish_reason)
        return Completion((message,) if parts or self._end else (), self.usage, self.model, self.answer_id)

    def _add(self, event: Event) -> None:
        match event:
            case Grown(text):
                self._texts.append(text)
            case Opened(part):
                self._open, self._texts = part, []
            case Closed(part):
                self.parts.append(part)
                self._open = None
            case Used(usage):
                self.usage = self.usage.updated(usage)
            case Ended():
                self._end = event
            case Began(answer_id, model):
                self.answer_id, self.model = answer_id or self.answer_id, model or self.model


def grown(part: Part, text: str) -> Part:
    """``part`` with ``text`` at its end."""
    match part:
        case Text() | Refusal() | Thinking():
            return replace(part, text=part.text + text)
        case ToolCall():
            return replace(part, arguments=part.arguments + text)
        case _:
            return part


def events_of(answer: Completion) -> list[Event]:
    """The stream that a whole answer would have been."""
    found: list[Event] = [Began(answer.answer_id, answer.model)]
    for part in answer.message.parts:
        found += [Opened(_shell(part)), *_growth(part), Closed(part)]
    return [*found, Used(answer.usage), Ended(answer.message.finish, answer.message.finish_reason)]


def _shell(part: Part) -> Part:
    match part:
        case Text() | Refusal():
            return replace(part, text="")
        case Thinking():
            return replace(part, text="", signature=None)
        case ToolCall():
            return replace(part, arguments="")
        case _:
            return part


def _growth(part: Part) -> list[Event]:
    match part:
        case Text(text=text) | Refusal(text=text) | Thinking(text=text) | ToolCall(arguments=text):
            return [Grown(text)] if text else []
        case _:
            return []
