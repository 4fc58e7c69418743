"""Calling a tier: its models in order, each with retries, within money and time."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.agents.attempts.allowance import Allowance, AllowanceError
from tierwise.agents.attempts.settings import AttemptSettings
from tierwise.agents.upstreams import (
    NO_HINTS,
    CacheHints,
    Line,
    ProviderError,
    Reply,
    Trouble,
    chat_body,
    estimate_tokens,
    with_cache_marks,
)
from tierwise.agents.upstreams.errors import FREE
from tierwise.data.errors import CatalogueError
from tierwise.data.foreign.limits import MAX_RETRY_AFTER_SECONDS
from tierwise.data.records import Step

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call:
    """One model tried: a reply, or why there is none."""

    model: str
    reply: Reply | None = None
    error: str | None = None
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ChatCall:
    """What to send: the step, the conversation so far, the provider's parameters, and what of it will come again.
    ``asks_logprobs``: those of the answer's tokens are wanted, to judge it by."""

    step: Step
    messages: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any]
    hints: CacheHints = NO_HINTS
    asks_logprobs: bool = False


async def call_tier(
    lines: Sequence[Line],
    call: ChatCall,
    allowance: Allowance,
    settings: AttemptSettings,
    sleep: Sleep = asyncio.sleep,
) -> list[Call]:
    """The models that were tried, in order; only the last can have a reply. Models that rest after failures, and those
    whose context window is too small, are passed over.

    Raises ``AllowanceError`` when no model can be paid for or the time is up.
    """
    tried: list[Call] = []
    refused: AllowanceError | None = None
    for line in lines:
        plain = chat_body(call.step, line.model, call.messages, call.parameters)
        body = with_cache_marks(plain, line.model, call.hints)
        if not _fits(line, body) or not line.breaker.allows():
            continue
        try:
            tried.append(await _call_line(line, body, allowance, settings, sleep, call.asks_logprobs))
        except AllowanceError as error:
            refused = error
            continue
        if tried[-1].reply is not None:
            return tried
    if refused is not None and not tried:
        raise refused
    return tried


async def _call_line(
    line: Line,
    body: Mapping[str, Any],
    allowance: Allowance,
    settings: AttemptSettings,
    sleep: Sleep,
    asks_logprobs: bool,
) -> Call:
    estimate_usd = estimated_cost_usd(line, body, allowance)
    clock = asyncio.get_running_loop().time
    started, error = clock(), ""
    allowance.check_time()
    for n_failed in range(settings.n_retries + 1):
        seconds = min(settings.call_timeout_seconds, allowance.left_seconds)
        answer = await _ask_once(line, body, estimate_usd, allowance, seconds, asks_logprobs)
        if isinstance(answer, Reply):
            return Call(line.model.name, answer, latency_ms=answer.latency_ms)
        error, pause = f"{answer.trouble}: {answer}", _pause(answer, n_failed, settings)
        is_hopeless = not answer.is_passing or line.breaker.is_open or n_failed == settings.n_retries
        is_hopeless = is_hopeless or pause > MAX_RETRY_AFTER_SECONDS  # who asks for a day is as good as away
        if is_hopeless or pause >= allowance.left_seconds or not allowance.affords(estimate_usd):
            break
        await sleep(pause)
    return Call(line.model.name, error=error, latency_ms=(clock() - started) * 1000)


async def _ask_once(
    line: Line,
    body: Mapping[str, Any],
    estimate_usd: float,
    allowance: Allowance,
    seconds: float,
    asks_logprobs: bool,
) -> Reply | ProviderError:
    """A reply or the reason why there is none. A call that timed out may have been charged, so its money is gone."""
    with allowance.reserve(estimate_usd) as reservation:
        try:
            reply = await line.upstream.complete(body, seconds, asks_logprobs)
        except ProviderError as error:
            if error.trouble in FREE:
                reservation.cost_usd = 0.0
            if error.trouble is not Trouble.REFUSED:  # a model that refuses a request is well
                line.breaker.note_failure()
            return error
        except Exception as error:  # whatever a provider does, the caller's agent must go on
            line.breaker.note_failure()
            return ProviderError(Trouble.NONSENSE, f"model '{line.model.name}': {type(error).__name__}")
        line.breaker.note_success()
        reservation.cost_usd = reply.cost_usd
        return reply


def estimated_cost_usd(line: Line, body: Mapping[str, Any], allowance: Allowance) -> float:
    """The most that a call should cost. Raises ``CatalogueError`` for an unknown price where there is a budget."""
    if not line.model.has_prices:
        if allowance.left_usd is None:
            return 0.0
        fix = "add input_usd_per_mtok and output_usd_per_mtok to tiers.toml, or run without a budget"
        raise CatalogueError(f"model '{line.model.name}' has no price; {fix}")
    return line.model.cost_usd(estimate_tokens(body), _max_output_tokens(body))


def _fits(line: Line, body: Mapping[str, Any]) -> bool:
    window = line.model.context_window
    return window is None or estimate_tokens(body) + _max_output_tokens(body) <= window


def _max_output_tokens(body: Mapping[str, Any]) -> int:
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)


def _pause(error: ProviderError, n_failed: int, settings: AttemptSettings) -> float:
    """Doubling, with jitter so that many callers do not come back at once; the provider's own wish comes first."""
    if error.retry_after_seconds is not None:
        return error.retry_after_seconds
    return settings.backoff_seconds * float(2**n_failed) * (0.5 + random.random())
