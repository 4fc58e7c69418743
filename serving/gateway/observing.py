"""Observing: every call goes to the model that its caller names, as without a router, and is logged with its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from tierwise.data.answers import answer_key
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_step
from tierwise.data.prices import look_up_prices
from tierwise.data.records import Attempt, ToolCall
from tierwise.serving.gateway.chat import BEST, PROFILES
from tierwise.serving.gateway.endpoints import Endpoint
from tierwise.serving.gateway.reply import Reply

Answers = Literal["none", "key", "text"]
MAX_FOREIGN_MODELS = 256


class Observer:
    """Finds where a call goes when nothing is routed.

    A model that no tier names is asked for at the address of the dearest one, and counts as that tier: whatever people
    use today, it is the top. The automatic names mean the top tier too.
    """

    def __init__(self) -> None:
        self._foreign: dict[tuple[str, str], Endpoint] = {}

    def endpoints_for(self, model: str, endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
        """In the order in which they are tried; empty where nothing can be called."""
        if not endpoints:
            return ()
        top = endpoints[-1].tier
        if model in PROFILES or model == BEST:
            return tuple(each for each in endpoints if each.tier == top)
        named = tuple(each for each in endpoints if each.model.name == model)
        return named or (self._as_foreign(model, next(each for each in endpoints if each.tier == top)),)

    def _as_foreign(self, model: str, like: Endpoint) -> Endpoint:
        """Remembered, because an endpoint knows whether its provider is well."""
        key = (model, like.url)
        if key not in self._foreign:
            if len(self._foreign) >= MAX_FOREIGN_MODELS:
                self._foreign.clear()
            self._foreign[key] = _foreign(model, like)
        return self._foreign[key]


def with_answer(attempt: Attempt, reply: Reply | None, answers: Answers, route: Mapping[str, Any]) -> Attempt:
    """The attempt with what is kept of its answer: text and tool calls, its key alone, or nothing.

    ``route`` is the request, whose step says how the answer is to be read. The first choice stands for all.
    """
    if reply is None or answers == "none" or not reply.messages:
        return attempt
    message = reply.messages[0]
    calls = tuple(ToolCall(call.name, call.arguments) for call in message.tool_calls) or None
    kept = replace(attempt, output=message.content or None, tool_calls=calls, finish_reason=message.finish_reason)
    if answers == "text":
        return kept
    key = _key(kept, route)
    return replace(attempt, answer_key=key, finish_reason=message.finish_reason)


def _key(attempt: Attempt, route: Mapping[str, Any]) -> str | None:
    try:
        key = answer_key(parse_step(route["step"]), attempt.output, attempt.tool_calls)
    except RecordError:
        return None
    return None if key is None else key.text


def _foreign(model: str, like: Endpoint) -> Endpoint:
    prices = look_up_prices(model)
    named = replace(
        like.model,
        name=model,
        input_usd_per_mtok=prices.input_usd_per_mtok,
        cached_input_usd_per_mtok=prices.cached_input_usd_per_mtok,
        output_usd_per_mtok=prices.output_usd_per_mtok,
        context_window=None,
        capabilities=(),
    )
    return Endpoint(like.tier, named, like.url, like.key)
