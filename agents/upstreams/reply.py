"""What a model answered, as verifiers and callers of the attempt loop see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.catalogue import Model
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_REPLY_BYTES
from tierwise.data.records import Logprobs
from tierwise.data.replies.calls import ToolCall
from tierwise.data.replies.usage import Usage

__all__ = ["Reply", "ToolCall", "price", "unfenced"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of one model. ``body`` is the provider's, unchanged; ``cost_usd`` is None when a price or a token
    count is unknown; ``refusal`` is what a model said that would not answer; ``logprobs`` are those of its tokens,
    where they were asked for and came."""

    text: str
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    latency_ms: float = 0.0
    finish_reason: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None
    logprobs: Logprobs | None = None

    def json(self) -> Any:
        """The text as JSON, without the code fence that models like to put around it. Raises ``ValueError``."""
        return decode_json(unfenced(self.text), MAX_REPLY_BYTES)


def price(usage: Usage, model: Model) -> float | None:
    """What a call cost, US dollars; None when a token count or a price is unknown."""
    return model.usage_cost_usd(usage)


def unfenced(text: str) -> str:
    """``text`` without one Markdown fence around it.

    >>> unfenced('```json\\n{"a": 1}\\n```')
    '{"a": 1}'
    """
    stripped = text.strip()
    if not (stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped):
        return stripped
    return stripped[stripped.index("\n") + 1 : -3].strip()
