"""Who answers the steps of a collection: a model of this process, or the models of a tier over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tierwise.agents.attempts import Allowance, AttemptSettings
from tierwise.agents.attempts.calling import ChatCall, call_tier
from tierwise.agents.collect.backend import Backend, Completion
from tierwise.agents.upstreams import Reply, Upstreams, chat_messages
from tierwise.agents.usage import Usage
from tierwise.data.parsing import parse_step

Record = dict[str, Any]
Clock = Callable[[], float]
DEFAULT_MAX_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, or the reason why there is none; `extra` goes into the log with the attempt."""

    reply: Reply | None
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Answerer(Protocol):
    """Answers steps on one tier."""

    @property
    def tier(self) -> str:
        """The tier that the attempts are logged under."""
        ...

    async def answer(self, record: Record) -> Answer:
        """One attempt at the step. Raises `AllowanceError` when there is no money left for it."""
        ...


class LocalAnswerer:
    """A `Backend` of this process, one prompt at a time. `clock` gives seconds; `extra` goes into every attempt."""

    def __init__(self, backend: Backend, tier: str, clock: Clock, extra: Mapping[str, Any] | None = None) -> None:
        self.tier = tier
        self._extra = extra or {}
        self._backend = backend
        self._clock = clock

    async def answer(self, record: Record) -> Answer:
        """The model's answer; the event loop waits for it."""
        start = self._clock()
        done = self._backend.complete(record["step"]["text"], record.get("max_tokens") or DEFAULT_MAX_TOKENS)
        info, latency_ms = self._backend.info, (self._clock() - start) * 1000
        usage = Usage(done.input_tokens, done.output_tokens)
        reply = Reply(done.output, info.name, usage=usage, latency_ms=latency_ms)
        extra = {
            "model_sha256": info.sha256,
            "prompt_format": info.prompt_format,
            "runtime_reused_tokens": done.reused_tokens,
            **_told(done),
            **self._extra,
        }
        return Answer(reply, extra=extra)


def _told(done: Completion) -> Record:
    """What the runtime told beside the answer; what it did not tell is left out."""
    found, said = done.logprobs, {} if done.finish_reason is None else {"finish_reason": done.finish_reason}
    if found is None:
        return said
    return {"logprobs": {"mean": round(found.mean, 6), "min": round(found.min, 6), "n": found.n}, **said}


class UpstreamAnswerer:
    """The models of a tier, in order, with retries; `parameters` go along unless the step has its own `max_tokens`."""

    def __init__(
        self,
        upstreams: Upstreams,
        tier: str,
        allowance: Allowance,
        settings: AttemptSettings,
        parameters: Mapping[str, Any],
    ) -> None:
        self.tier = tier
        self._lines = upstreams.lines(tier)
        self._allowance = allowance
        self._settings = settings
        self._parameters = parameters

    async def answer(self, record: Record) -> Answer:
        """The first reply that a model of the tier gives."""
        step = parse_step(record["step"])
        limit = record.get("max_tokens") or self._settings.max_tokens
        call = ChatCall(step, chat_messages(step), {"max_tokens": limit, **self._parameters})
        tried = await call_tier(self._lines, call, self._allowance, self._settings)
        if not tried:
            return Answer(None, "every model rests after failures, or has too small a window")
        reply = tried[-1].reply
        if reply is None:
            return Answer(None, tried[-1].error)
        return Answer(reply, extra={"cached_tokens": reply.usage.cached_tokens, "cost_usd": reply.cost_usd})
