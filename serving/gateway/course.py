"""A call that runs a course: cheap tiers side by side, their answers judged, one of them used or the next tier asked.

Only one answer ever reaches the caller. Every opinion is an attempt of the same decision.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Response

from tierwise.agents.protocols import Completion
from tierwise.agents.protocols.events import events_of
from tierwise.agents.upstreams.asking import Answered, Asked, ask
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.agents.upstreams.reply import price
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.courses import Accepted, Course
from tierwise.data.records import Attempt, Reason
from tierwise.data.trouble import TroubleLog
from tierwise.features.evidence import Answer
from tierwise.serving.gateway.answers import answered
from tierwise.serving.gateway.asked import GatewayRequest
from tierwise.serving.gateway.call import Call, Trial
from tierwise.serving.gateway.completions import Judged, complete_stream, complete_whole, written
from tierwise.serving.gateway.verdict import judge_soon
from tierwise.serving.problems import Problem

_LEFT_OUT = ("stream", "stream_options")
_TROUBLE = TroubleLog(logging.getLogger(__name__))


@dataclass(slots=True)
class CourseCall:
    """``lines`` hold the models of each tier that ``course`` asks; ``decided`` is the tier of the single shot.

    ``judge`` tells what to do with answers, ``audit`` may ask the top tier after one was accepted. The
    rest is what came of it.
    """

    course: Course
    lines: tuple[tuple[Endpoint, ...], ...]
    decided: str
    judge: Callable[[Sequence[Answer]], Awaitable[Accepted]]
    audit: Callable[[GatewayRequest, str, Completion, tuple[Endpoint, ...]], None] | None = None
    asked: list[str] = field(default_factory=list)
    accepted: str | None = None
    costs_usd: list[float | None] = field(default_factory=list)

    def headers(self) -> dict[str, str]:
        """What the caller is told of the course. What was paid is that of the opinions, where all have a price."""
        found = {
            "x-tierwise-course": f"{self.course.accept} {'+'.join(self.course.ask)} else {self.course.otherwise}",
            "x-tierwise-asked": ",".join(self.asked if self.accepted else [*self.asked, self.course.otherwise]),
            "x-tierwise-accepted": self.accepted or "none",
        }
        if None not in self.costs_usd:
            found["x-tierwise-opinions-usd"] = f"{sum(cost or 0.0 for cost in self.costs_usd):.8f}"
        return found


@dataclass(frozen=True, slots=True)
class _Opinion:
    trial: Trial
    judged: Judged

    @property
    def tier(self) -> str:
        return self.trial.endpoint.tier

    def answer(self) -> Answer:
        """As the judge reads it."""
        completion = self.judged.answered.completion
        attempt = answered(Attempt(self.tier), completion)
        tokens = completion.usage.output_tokens
        return Answer.of(replace(attempt, logprobs=self.trial.logprobs, output_tokens=tokens))


async def complete_course(call: Call, course: CourseCall, transport: Transport) -> Response:
    """The accepted answer, else that of the tier that is asked otherwise; where nobody there answers, the dearest
    opinion that keeps to its form. Raises ``Problem``."""
    came: list[_Opinion] = []
    plain = _plain(call.asked)
    course.asked = list(course.course.ask)
    try:
        await asyncio.gather(*(_opinion(call, line, plain, transport, came) for line in course.lines))
        found = await _judged(came, course)
    except BaseException:
        for each in came:
            each.trial.abandoned(each.judged.answered.completion)
        raise
    _report(came, course, found)
    used = next((each.judged for each in came if each.tier == found.accept), None)
    if used is not None:
        if course.audit is not None:
            tops = tuple(each for each in call.endpoints if each.tier == course.course.otherwise)
            course.audit(call.request, call.decision_id, used.answered.completion, tops)
        return _shown(call, used)
    spare = _spare(came, course)
    if not call.request.is_stream:
        return await complete_whole(call, transport, spare)
    try:
        response = await complete_stream(call, transport)
    except Problem:
        if spare is None:
            raise
        return _streamed(call, spare)
    return response if spare is None or response.status_code < 500 else _streamed(call, spare)


async def _opinion(
    call: Call, line: Sequence[Endpoint], asked: Asked, transport: Transport, came: list[_Opinion]
) -> None:
    """Adds what the first model of a tier that answers says; nothing where none does."""
    well = [endpoint for endpoint in line if endpoint.breaker.allows()]
    for endpoint in well:
        trial = call.begin(endpoint, is_opinion=True)
        try:
            with trial.unless_cancelled():
                found = await ask(transport, endpoint, asked)
                trial.came(found.logprobs)
                verdict = await judge_soon(call.request, found.completion)
        except ProviderError as error:
            trial.failed(error)
            if error.is_callers_fault:
                return
        except Exception as error:  # whatever breaks in there, the course goes on without this opinion
            trial.abandoned()
            _TROUBLE.tell("asking for an opinion failed", error)
            return
        else:
            came.append(_Opinion(trial, Judged(found, verdict)))
            return


async def _judged(came: Sequence[_Opinion], course: CourseCall) -> Accepted:
    """An answer that breaks its form is no opinion; without all of them there is nothing to judge."""
    answers = [each.answer() for each in came if each.judged.verdict.success is not False]
    if not answers:
        text = "No tier gave an answer that could be judged."
        return Accepted(None, course.course.otherwise, Reason("incomplete", text))
    found = await course.judge(answers)
    return found if found.accept in {each.tier for each in answers} else replace(found, accept=None)


def _report(came: Sequence[_Opinion], course: CourseCall, found: Accepted) -> None:
    """Every opinion, that of the decided tier first: its propensity is the logged one."""
    course.accepted = found.accept
    told = {"accepted": found.accept, "reason": found.reason.code, "p_success": dict(found.p_success)}
    for each in sorted(came, key=lambda opinion: opinion.tier != course.decided):
        is_used = each.tier == found.accept
        completion = each.judged.answered.completion
        course.costs_usd.append(price(completion.usage, each.trial.endpoint.model))
        each.trial.noted |= {"acceptance": told, "is_used": is_used}
        each.trial.judged(completion, each.judged.verdict, is_used)


def _spare(came: Sequence[_Opinion], course: CourseCall) -> Judged | None:
    fitting = [each for each in came if each.judged.verdict.success is not False]
    return max(fitting, key=lambda each: course.course.ask.index(each.tier)).judged if fitting else None


def _plain(asked: Asked) -> Asked:
    """Whole, not as a stream, with log-probabilities where they can be had."""
    body: Mapping[str, Any] = {name: value for name, value in asked.body.items() if name not in _LEFT_OUT}
    return Asked(
        asked.protocol,
        body,
        asked.answer_id,
        asked.created,
        asked.headers,
        optional_tools=asked.optional_tools,
        asks_logprobs=True,
    )


def _shown(call: Call, used: Judged) -> Response:
    return _streamed(call, used) if call.request.is_stream else written(call, used)


def _streamed(call: Call, used: Judged) -> Response:
    """An answer that is there already, as the stream that it would have been."""
    found: Answered = used.answered
    writer = call.request.protocol.writer(call.asked.frame(found.endpoint))
    content = writer.write(events_of(found.completion)) + writer.end()
    headers = {"cache-control": "no-cache", **found.headers, **call.headers(found.endpoint, used.verdict)}
    return Response(content, media_type="text/event-stream", headers=headers)
