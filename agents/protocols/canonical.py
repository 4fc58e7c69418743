"""A request and an answer in words that belong to no provider: what a call means, whatever protocol it came in.

Every protocol reads its bodies into these records and writes them back. What two protocols can both say survives the
way from one to the other and back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from tierwise.data.replies import calls
from tierwise.data.replies.usage import Usage

Role = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Text:
    """``cache`` is Anthropic's cache_control: a hint, which the other protocols leave out."""

    text: str
    cache: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a model thought. ``signature`` proves to its provider that it did; ``sealed`` is thought that only the
    provider can read. ``origin`` names the protocol whose provider takes them back: others must not see them."""

    text: str = ""
    signature: str | None = None
    sealed: str | None = None
    origin: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a file or a sound: by ``url``, by the provider's ``file_id``, or as base64 in ``data``."""

    kind: Literal["image", "file", "audio"]
    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    file_id: str | None = None
    name: str | None = None
    detail: str | None = None
    cache: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolCall(calls.ToolCall):
    """A call that the model asks for. A free tool takes a text instead of arguments; ``namespace`` is the group that
    the tool stands in."""

    is_free: bool = False
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple["Text | Media", ...]
    is_error: bool = False
    is_free: bool = False
    cache: Mapping[str, Any] | None = None


Part = Text | Refusal | Thinking | Media | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive parts of one speaker. Results of tools stand in turns of the role ``tool``."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that the caller runs. ``grammar`` (Lark or regex, as OpenAI writes it) belongs to free tools."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_strict: bool | None = None
    is_free: bool = False
    grammar: Mapping[str, Any] | None = None
    namespace: str | None = None
    cache: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """``none``, ``auto``, ``required``, or ``tool`` with the ``name`` of the one that must be called."""

    mode: Literal["none", "auto", "required", "tool"]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The form of the answer; ``schema`` None asks for any JSON object."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str | None = None
    is_strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to think: a word such as ``low``, a number of tokens, or both; ``none`` switches thinking off."""

    word: str | None = None
    budget_tokens: int | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. None is what the caller left to the provider."""

    turns: tuple[Turn, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice | None = None
    is_parallel: bool | None = None
    form: Form | None = None
    effort: Effort | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    user: str | None = None
    service_tier: str | None = None
    is_stream: bool = False


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOLS = "tools"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True)
class Message:
    """One choice of the answer: its parts in order. ``finish_reason`` is in the provider's own word."""

    parts: tuple[Part, ...] = ()
    finish: Finish | None = None
    finish_reason: str | None = None

    @property
    def content(self) -> str:
        """The texts, without thought and refusals."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def is_refusal(self) -> bool:
        """The model, or a filter around it, would not answer."""
        return self.finish is Finish.FILTERED or bool(self.refusals)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(part for part in self.parts if isinstance(part, Refusal))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True)
class Completion:
    """What a provider answered: a message for each choice, mostly one."""

    messages: tuple[Message, ...]
    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    answer_id: str | None = None

    @property
    def message(self) -> Message:
        return self.messages[0] if self.messages else Message()


def joined(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """``turns`` with neighbours of one role as one turn."""
    found: list[Turn] = []
    for turn in turns:
        if found and (found[-1].role, found[-1].name) == (turn.role, turn.name):
            found[-1] = Turn(turn.role, found[-1].parts + turn.parts, turn.name)
        else:
            found.append(turn)
    return tuple(found)
