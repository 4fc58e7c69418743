"""What a model answered, read out of a chat completion."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.upstreams.errors import ProviderError, Trouble, trouble_in
from tierwise.data.catalogue import Model
from tierwise.data.replies.answers import read_message
from tierwise.data.replies.calls import ToolCall
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import read_json
from tierwise.data.replies.usage import Usage, read_usage

__all__ = ["Reply", "ToolCall", "price", "read_reply", "unfenced"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of one model. ``body`` is the provider's, unchanged; ``cost_usd`` is None when a price or a token
    count is unknown; ``refusal`` is what a model said that would not answer."""

    text: str
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    latency_ms: float = 0.0
    finish_reason: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None

    def json(self) -> Any:
        """The text as JSON, without the code fence that models like to put around it. Raises ``ValueError``."""
        return json.loads(unfenced(self.text))


def read_reply(content: bytes, model: Model, latency_ms: float) -> Reply:
    """The reply in a chat completion. Raises ``ProviderError`` for anything else, and for an error in its place."""
    try:
        body = read_json(content)
        error = find_error(body)
        choice = {} if error else body["choices"][0]
        answer = None if error else read_message(choice["message"], choice.get("finish_reason"))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise _nonsense(content, model, type(problem).__name__) from None
    if error is not None:
        message = f"model '{model.name}' answered with an error: {error.message[:200]}"
        raise ProviderError(trouble_in(error), message, error.status, content)
    if answer is None:
        raise _nonsense(content, model, "no message")
    usage = read_usage(body)
    return Reply(
        text=answer.text or "",
        model=model.name,
        tool_calls=answer.tool_calls,
        usage=usage,
        cost_usd=price(usage, model),
        latency_ms=latency_ms,
        finish_reason=choice.get("finish_reason"),
        body=body,
        refusal=answer.refusal,
    )


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


def _nonsense(content: bytes, model: Model, why: str) -> ProviderError:
    shown = content[:80].decode("utf-8", "replace")
    return ProviderError(Trouble.NONSENSE, f"model '{model.name}' answered no chat completion ({why}): {shown}")
