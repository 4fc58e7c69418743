"""A call that runs a course: cheap tiers side by side, their answers judged, one of them used or the next tier asked.

Only one answer ever reaches the caller. Every opinion is an attempt of the same decision.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from fastapi import Response

from tierwise.agents.protocols import Completion
from tierwise.agents.protocols.events import events_of
from tierwise.agents.upstreams.asking import Answered, Asked, ask
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError, Trouble
from tierwise.agents.upstreams.reply import price
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.courses import Accepted, Course
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Attempt, Reason
from tierwise.data.replies.json_text import write_json
from tierwise.features.evidence import Answer
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.calls.call import Call, Trial
from tierwise.serving.gateway.calls.completions import Judged, complete_stream, complete_whole
from tierwise.serving.gateway.courses.answers import answered, is_long
from tierwise.serving.gateway.courses.verdict import judge_soon
from tierwise.serving.http.problems import Problem

_LEFT_OUT = ("stream", "stream_options")
_TROUBLE = TroubleLog(logging.getLogger(__name__))


@dataclass(slots=True)
class CourseCall:
    """``lines`` hold the models of each tier that ``course`` asks; ``decided`` is the tier of the single shot.

    ``judge`` tells what to do with answers, ``audit`` may ask the top tier after one was accepted. An opinion that is
    not there after ``seconds`` is none. The rest is what came of it.
    """

    course: Course
    lines: tuple[tuple[Endpoint, ...], ...]
    decided: str
    judge: Callable[[Sequence[Answer]], Awaitable[Accepted]]
    audit: Callable[[GatewayRequest, str, Completion, tuple[Endpoint, ...]], None] | None = None
    seconds: float = float("inf")
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
        await asyncio.gather(*(_opinion(call, line, plain, transport, came, course.seconds) for line in course.lines))
        found = await _judged(came, course)
        found, shown = await _shown(call, came, found)
    except BaseException:
        for each in came:
            each.trial.abandoned(each.judged.answered.completion)
        raise
    _report(came, course, found)
    used = _used(came, found)
    if used is not None:
        if course.audit is not None:
            tops = tuple(each for each in call.endpoints if each.tier == course.course.otherwise)
            course.audit(call.request, call.decision_id, used.answered.completion, tops)
        return _response(call, used, shown)
    spare = _spare(came, course)
    if not call.request.is_stream:
        return await complete_whole(call, transport, spare)
    try:
        response = await complete_stream(call, transport)
    except Problem:
        if spare is None:
            raise
        return _response(call, spare, await _content(call, spare))
    if spare is None or response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return response
    return _response(call, spare, await _content(call, spare))


async def _opinion(
    call: Call, line: Sequence[Endpoint], asked: Asked, transport: Transport, came: list[_Opinion], seconds: float
) -> None:
    """Adds what the first model of a tier that answers says; nothing where none does."""
    well = [endpoint for endpoint in line if endpoint.breaker.allows()]
    for endpoint in well:
        trial = call.begin(endpoint, is_opinion=True)
        try:
            with trial.unless_cancelled():
                async with asyncio.timeout(seconds if math.isfinite(seconds) else None):
                    found = await ask(transport, endpoint, asked)
                trial.came(found.logprobs)
                verdict = await judge_soon(call.request, found.completion)
        except ProviderError as error:
            trial.failed(error)
            if error.is_callers_fault:
                return
        except TimeoutError:
            text = f"model '{endpoint.model.name}' gave no whole opinion in time"
            trial.failed(ProviderError(Trouble.TIMEOUT, text, int(HTTPStatus.GATEWAY_TIMEOUT)))
        except Exception as error:  # whatever breaks in there, the course goes on without this opinion
            trial.abandoned()
            _TROUBLE.tell("asking for an opinion failed", error)
            return
        else:
            came.append(_Opinion(trial, Judged(found, verdict)))
            return


async def _judged(came: Sequence[_Opinion], course: CourseCall) -> Accepted:
    """An answer that breaks its form is no opinion; without all of them there is nothing to judge."""
    answers = [each.answer() for each in came if each.judged.verdict.is_opinion]
    if not answers:
        text = "No tier gave an answer that could be judged."
        return Accepted(None, course.course.otherwise, Reason("incomplete", text))
    try:
        found = await course.judge(answers)
    except Exception as error:  # a router that was swapped meanwhile may not know the tiers; the last resort answers
        _TROUBLE.tell("judging opinions failed", error)
        return Accepted(None, course.course.otherwise, Reason("trouble", "The opinions could not be judged."))
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


def _used(came: Sequence[_Opinion], found: Accepted) -> Judged | None:
    return next((each.judged for each in came if each.tier == found.accept), None)


async def _shown(call: Call, came: Sequence[_Opinion], found: Accepted) -> tuple[Accepted, bytes]:
    """What is used, and as it is written; an answer that cannot be written is not used."""
    used = _used(came, found)
    if used is None:
        return found, b""
    try:
        return found, await _content(call, used)
    except Exception as error:  # the last resort answers
        _TROUBLE.tell("writing an opinion failed", error)
        reason = Reason("trouble", "The accepted opinion could not be written.")
        return replace(found, accept=None, ask=None, reason=reason), b""


async def _content(call: Call, used: Judged) -> bytes:
    """An answer that is there already, whole or as the stream that it would have been; long ones are written beside
    the event loop."""
    write = _stream if call.request.is_stream else _whole
    return await asyncio.to_thread(write, call, used) if is_long(used.answered.completion) else write(call, used)


def _whole(_call: Call, used: Judged) -> bytes:
    return write_json(used.answered.body)


def _stream(call: Call, used: Judged) -> bytes:
    found: Answered = used.answered
    writer = call.request.protocol.writer(call.asked.frame(found.endpoint))
    return writer.write(events_of(found.completion)) + writer.end()


def _response(call: Call, used: Judged, content: bytes) -> Response:
    found: Answered = used.answered
    headers = {**found.headers, **call.headers(found.endpoint, used.verdict)}
    if not call.request.is_stream:
        return Response(content, media_type="application/json", headers=headers)
    return Response(content, media_type="text/event-stream", headers={"cache-control": "no-cache", **headers})
