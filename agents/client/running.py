"""Courses on the caller's side: asks the tiers of a course with the caller's own function, side by side."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, cast

from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.agents.client.request import RouteRequest
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import ALWAYS, VERIFIED, Course

Ask = Callable[[str, str | None], Any]
AsyncAsk = Callable[[str, str | None], Awaitable[Any]]
_SENT = ("output", "tool_calls", "answer_key", "logprobs", "finish_reason", "output_tokens")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: what ``ask`` gave back, or the error that it raised. ``latency_ms`` is what the call took."""

    tier: str
    model: str | None
    reply: Any
    error: Exception | None
    latency_ms: float

    def to_wire(self) -> dict[str, Any]:
        """An entry of ``answers``."""
        return {"tier": self.tier, "model": self.model, **answer_fields(self.reply)}

    def outcome(self) -> OutcomeFields:
        """What to report: the answer, and nothing about whether it was right."""
        found = OutcomeFields(tier=self.tier, model=self.model, latency_ms=self.latency_ms)
        if self.error is not None:
            return {**found, "error": type(self.error).__name__}
        return cast("OutcomeFields", {**found, **answer_fields(self.reply)})


@dataclass(frozen=True, slots=True)
class CourseRun:
    """What a course came to: the ``reply`` to use, which ``tier`` gave it, and all that were ``asked``, in order."""

    decision: RoutedDecision
    tier: str
    reply: Any
    asked: tuple[str, ...]


def answer_fields(reply: object) -> dict[str, Any]:
    """A reply as ``/accept`` reads it. Raises ``TypeError`` for what is neither a text nor a mapping."""
    if isinstance(reply, str):
        return {"output": reply}
    if isinstance(reply, Mapping):
        return {name: reply[name] for name in _SENT if reply.get(name) is not None}
    raise TypeError(
        f"ask returned {type(reply).__name__}; a text or a mapping with output, tool_calls or logprobs is needed"
    )


def with_courses(request: RouteRequest) -> RouteRequest:
    return replace(request, options=replace(request.options, courses=True))


def course_of(decision: RoutedDecision) -> Course:
    """The course of a decision; a single shot where the service ordered none."""
    return decision.course or Course((decision.tier,), ALWAYS, decision.tier)


def accept_body(request: RouteRequest, decision: RoutedDecision, answered: Sequence[Asked]) -> dict[str, Any]:
    """The body of ``POST /accept``."""
    return request.to_wire() | {
        "decision_id": decision.decision_id,
        "answers": [one.to_wire() for one in answered if one.error is None],
    }


def next_tier(course: Course, answered: Sequence[Asked], verdict: object) -> str:
    """The tier whose answer is used, or which is asked further; without a verdict the last resort is."""
    known = [one.tier for one in answered if one.error is None]
    if isinstance(verdict, Mapping) and verdict.get("accept") in known:
        return str(verdict["accept"])
    return course.otherwise


def settled(course: Course, answered: Sequence[Asked]) -> str | None:
    """The tier to go on with where nobody has to be asked for a judgement: a single shot, or no answer at all."""
    known = [one.tier for one in answered if one.error is None]
    if not known:
        return course.otherwise
    return known[0] if course.accept in (ALWAYS, VERIFIED) else None


def ask_all(course: Course, ask: Ask, catalogue: TierCatalogue) -> list[Asked]:
    """Asks the first tiers at the same time, each on a thread of its own where there are several."""
    if len(course.ask) == 1:
        return [ask_one(course.ask[0], ask, catalogue)]
    with ThreadPoolExecutor(len(course.ask), "tierwise-course") as threads:
        return list(threads.map(lambda tier: ask_one(tier, ask, catalogue), course.ask))


def ask_one(tier: str, ask: Ask, catalogue: TierCatalogue) -> Asked:
    started, model = time.perf_counter(), model_of(tier, catalogue)
    try:
        reply = ask(tier, model)
    except Exception as error:  # told in the log; the course goes on without this answer
        return Asked(tier, model, None, error, (time.perf_counter() - started) * 1000)
    answer_fields(reply)
    return Asked(tier, model, reply, None, (time.perf_counter() - started) * 1000)


async def aask_all(course: Course, ask: AsyncAsk, catalogue: TierCatalogue) -> list[Asked]:
    """As ``ask_all`` on the event loop; a caller who is cancelled cancels every call."""
    return list(await asyncio.gather(*(aask_one(tier, ask, catalogue) for tier in course.ask)))


async def aask_one(tier: str, ask: AsyncAsk, catalogue: TierCatalogue) -> Asked:
    started, model = time.perf_counter(), model_of(tier, catalogue)
    try:
        reply = await ask(tier, model)
    except Exception as error:  # as above
        return Asked(tier, model, None, error, (time.perf_counter() - started) * 1000)
    answer_fields(reply)
    return Asked(tier, model, reply, None, (time.perf_counter() - started) * 1000)


def model_of(tier: str, catalogue: TierCatalogue) -> str | None:
    model = catalogue.tiers[catalogue.index(tier)].model
    return None if model is None else model.name


def finished(decision: RoutedDecision, answered: Sequence[Asked], tier: str) -> CourseRun:
    """The end of a course. Raises what the last call raised, where no answer can be used."""
    last = next(one for one in reversed(answered) if one.tier == tier)
    if last.error is not None:
        raise last.error
    return CourseRun(decision, tier, last.reply, tuple(one.tier for one in answered))
