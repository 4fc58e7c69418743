"""What readers of foreign logs produce, whatever the format: calls, the frames around them, and signals about them."""

from dataclasses import dataclass, field

from tierwise.data.importers.reading.parameters import CallParameters
from tierwise.data.records import Attempt, Step
from tierwise.data.replies.answers import Answer
from tierwise.data.replies.calls import ToolCall
from tierwise.data.step_log import Malformed

__all__ = ["Answer", "Call", "Frame", "Labels", "Record", "Signal", "Skipped", "ToolCall"]


@dataclass(frozen=True, slots=True)
class Call:
    """One LLM call of a foreign log. The tier of ``attempt`` is not known yet and stands empty.

    ``source_id`` is the log's own id of the call, or made of its content; the same record gives the same one in every
    import. ``parent_id`` is the frame that it happened in. ``error_type`` names what was raised, such as
    ``RateLimitError``. ``question`` tells calls apart that asked different things; None where the log did not keep
    enough to tell. ``sample`` ties calls that a test set asked of several models on purpose: they are attempts of one
    step, and that one was asked after another says nothing. ``parameters`` tell entries of one model apart.
    """

    source_id: str
    step: Step
    attempt: Attempt
    trace_id: str | None = None
    parent_id: str | None = None
    session_id: str | None = None
    started_at: float | None = None
    answer: Answer | None = None
    error_type: str | None = None
    decision_id: str | None = None
    group: str | None = None
    question: bytes | None = b""
    sample: str | None = None
    parameters: CallParameters = field(default_factory=CallParameters)


@dataclass(frozen=True, slots=True)
class Frame:
    """Something that is no LLM call but may contain some: an agent's run, a node of a graph, a request.

    ``missing`` is the reason under which it counts where no call stands in it, though it says of itself that one does;
    ``is_skipped``: a call that could not be read, and was counted.
    """

    source_id: str
    name: str
    parent_id: str | None = None
    is_agent: bool = False
    missing: str | None = None
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A verdict that somebody recorded about a call, or about a whole task: feedback, a score, a check.

    ``subject_id`` is the call's (or frame's) ``source_id``, or the trace id where ``is_about_task``.
    """

    name: str
    value: bool | float | str
    subject_id: str
    is_about_task: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is well-formed and no step: why."""

    reason: str


Record = Call | Frame | Signal | Skipped | Malformed


@dataclass(frozen=True, slots=True)
class Labels:
    """What a record's metadata say about the step: names, and the ids that tie it to others."""

    agent: str | None = None
    node: str | None = None
    task_type: str | None = None
    task_id: str | None = None
    session_id: str | None = None
    decision_id: str | None = None
    group: str | None = None
