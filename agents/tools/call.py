"""A call of a tool and what came of it."""

import json
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """``REFUSED``: the call was not made. ``ERROR``: it was made, and raised, or its arguments are wrong. ``TIMEOUT``:
    nobody knows whether it still takes effect."""

    OK = "ok"
    ERROR = "error"
    REFUSED = "refused"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call that a model asked for; ``call_id`` is unique in the task and the same when the task is resumed."""

    call_id: str
    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model is told. ``n_cut_chars`` were left out of ``text``; ``n_tries`` 0: the tool was never called."""

    status: Status
    text: str
    n_cut_chars: int = 0
    n_tries: int = 0
    latency_ms: float = 0.0

    def to_content(self) -> str:
        """The content of the message with the result: JSON, so that no text can pass for its frame."""
        cut = {"characters_left_out": self.n_cut_chars} if self.n_cut_chars else {}
        return json.dumps({"status": self.status.value, "result": self.text} | cut, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ToolTrace:
    """One call of a step's reply; ``result`` is None where the step ended before."""

    call_id: str
    tool: str
    arguments: str
    result: ToolResult | None = None
