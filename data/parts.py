"""The small records that steps, attempts and decisions consist of; :mod:`tierwise.data.records` has them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the step may call. ``parameters`` is its JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``content`` is plain text (parts joined by line breaks)."""

    role: str
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asked for. ``arguments`` are an object, or the text of one as the model wrote it."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EarlierStep:
    """What is known of a step that the same task took before: a kind, counts and equalities, never a text.

    ``action`` names what its answer did ("bash:grep") and ``kind`` says what kind of action that was. Among the earlier
    steps of one step the same ``call`` number tells the same call with the same arguments, the same ``result`` the same
    thing that came back, and the same ``error`` the same trouble; None where that is not known. ``height`` is the place
    of the last tier that ran, from 0, the cheapest, to 1, the dearest.
    """

    action: str | None = None
    kind: str | None = None
    call: int | None = None
    result: int | None = None
    error: int | None = None
    height: float | None = None
    success: bool | None = None
    n_attempts: int | None = None
    output_tokens: int | None = None
    seconds_ago: float | None = None


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Natural log-probabilities of the ``n`` tokens of an answer: their mean and the lowest, both at most 0."""

    mean: float
    min: float
    n: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a tier was chosen: a stable ``code`` for programs and a sentence for people."""

    code: str
    text: str
