"""What a model answered, read out of a chat completion."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.upstreams.errors import ProviderError, Trouble
from tierwise.agents.usage import Usage, read_usage
from tierwise.data.catalogue import Model
from tierwise.data.foreign.json_text import decode_json, whole_text
from tierwise.data.foreign.limits import MAX_REPLY_BYTES


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; ``arguments`` is JSON as the model wrote it, right or wrong."""

    name: str
    arguments: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of one model. ``body`` is the provider's, unchanged; ``cost_usd`` is None when a price or a token
    count is unknown."""

    text: str
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    latency_ms: float = 0.0
    finish_reason: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The text as JSON, without the code fence that models like to put around it. Raises ``ValueError``."""
        return decode_json(unfenced(self.text), MAX_REPLY_BYTES)


def read_reply(content: bytes, model: Model, latency_ms: float) -> Reply:
    """The reply in a chat completion. Raises ``ProviderError`` for anything else."""
    try:
        body = decode_json(content, MAX_REPLY_BYTES)
        choice = body["choices"][0]
        message = choice["message"]
        text, calls = message.get("content") or "", message.get("tool_calls") or []
        tool_calls = tuple(_tool_call(call) for call in calls)
        if not isinstance(text, str):
            text = "".join(part.get("text") or "" for part in text)
        text, finish_reason = whole_text(text), choice.get("finish_reason")
    except Exception as error:  # an answer can be wrong in more ways than there are names for
        shown = content[:80].decode("utf-8", "replace")
        raise ProviderError(
            Trouble.NONSENSE, f"model '{model.name}' answered no chat completion ({type(error).__name__}): {shown}"
        ) from None
    usage = read_usage(body)
    return Reply(
        text=text,
        model=model.name,
        tool_calls=tool_calls,
        usage=usage,
        cost_usd=price(usage, model),
        latency_ms=latency_ms,
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        body=body,
    )


def price(usage: Usage, model: Model) -> float | None:
    """What a call cost, US dollars; None when a token count or a price is unknown."""
    if usage.input_tokens is None or usage.output_tokens is None or not model.has_prices:
        return None
    return model.cost_usd(usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0)


def unfenced(text: str) -> str:
    """``text`` without one Markdown fence around it.

    >>> unfenced('```json\\n{"a": 1}\\n```')
    '{"a": 1}'
    """
    stripped = text.strip()
    if not (stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped):
        return stripped
    return stripped[stripped.index("\n") + 1 : -3].strip()


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    arguments = function.get("arguments") or "{}"
    if not isinstance(arguments, str):  # some servers send the object itself
        arguments = json.dumps(arguments)
    name, call_id = function["name"], call.get("id")
    if not isinstance(name, str):
        raise TypeError("the name of a tool is no text")
    return ToolCall(whole_text(name), whole_text(arguments), call_id if isinstance(call_id, str) else None)
