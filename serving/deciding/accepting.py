"""What to do with answers that came: from the body of ``POST /accept`` to its answer, without any memory."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.data.answers.calls import n_argument_chars
from tierwise.data.courses import Accepted
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_attempt
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Reason
from tierwise.features.evidence import Answer
from tierwise.router_model.accepting.courses import check_answers
from tierwise.router_model.decider import Decider
from tierwise.router_model.router import Router
from tierwise.serving.deciding.arms import Arms
from tierwise.serving.http.problems import invalid_field
from tierwise.serving.http.wire import RouteRequest, parse_route_request

MAX_ANSWERS = 16
MAX_CHARS_AT_ONCE = 20_000  # longer answers are read beside the event loop
MAX_CALLS_AT_ONCE = 20
_OWN_FIELDS = frozenset({"decision_id", "answers"})
_TROUBLE = TroubleLog(logging.getLogger(__name__))


@dataclass(frozen=True, slots=True)
class AcceptRequest:
    """The step with its options as ``/route`` got them, and what was answered."""

    request: RouteRequest
    decision_id: str
    answers: tuple[Answer, ...]


def parse_accept_request(raw: object) -> AcceptRequest:
    """The body of ``POST /accept``. Raises ``Problem`` naming the field."""
    if not isinstance(raw, Mapping):
        raise invalid_field(RecordError("body", "is no JSON object"))
    request = parse_route_request({name: value for name, value in raw.items() if name not in _OWN_FIELDS})
    try:
        decision_id = raw.get("decision_id")
        if not isinstance(decision_id, str) or not decision_id:
            raise RecordError("decision_id", "is missing; send the id that /route answered")
        given = raw.get("answers")
        if not isinstance(given, list) or not 0 < len(given) <= MAX_ANSWERS:
            raise RecordError("answers", f"is no list of 1 to {MAX_ANSWERS} answers")
        return AcceptRequest(request, decision_id, tuple(_answer(one, place) for place, one in enumerate(given)))
    except RecordError as error:
        raise invalid_field(error) from None


async def answer_accept(raw: object, arms: Arms) -> dict[str, Any]:
    """The answer of ``POST /accept``. Raises ``Problem`` for a bad body; trouble inside asks the top tier."""
    started = time.perf_counter()
    found = await accept_soon(parse_accept_request(raw), arms)
    return found.to_mapping() | {"latency_ms": round((time.perf_counter() - started) * 1000, 3)}


async def accept_soon(wanted: AcceptRequest, arms: Arms) -> Accepted:
    """What to do with the answers. Raises ``Problem`` for tiers and options that cannot be; trouble asks the top."""
    decider = arms.now().lane_of(wanted.request.task_id or wanted.decision_id).decider
    try:
        check_answers(wanted.answers, decider.catalogue)
        wanted.request.options.check(decider.catalogue)
        if decider.is_slow or _is_long(wanted.answers):
            return await asyncio.to_thread(_judged, wanted, decider)
        return _judged(wanted, decider)
    except RecordError as error:
        raise invalid_field(error) from None
    except Exception as error:  # whatever breaks in there, the caller's agent must go on
        _TROUBLE.tell("judging answers failed", error)
        reason = Reason("trouble", "The router failed; the top tier is asked.")
        return Accepted(None, decider.catalogue.top.name, reason)


def _is_long(answers: Sequence[Answer]) -> bool:
    calls = [call for answer in answers for call in answer.tool_calls or ()]
    n_chars = sum(len(answer.output or "") for answer in answers)
    return len(calls) > MAX_CALLS_AT_ONCE or n_chars + n_argument_chars(calls) > MAX_CHARS_AT_ONCE


def _judged(wanted: AcceptRequest, decider: Decider) -> Accepted:
    """Rules and constants order single shots, whose answer is used."""
    if isinstance(decider, Router):
        return decider.accept(wanted.request.step, wanted.answers, wanted.request.options)
    known = [answer.tier for answer in wanted.answers if answer.is_known]
    if not known:
        return Accepted(None, decider.catalogue.top.name, Reason("incomplete", "Nothing was answered."))
    best = max(known, key=decider.catalogue.index)
    return Accepted(best, None, Reason("always", "This policy has not learned to judge answers; it is used."))


def _answer(raw: object, place: int) -> Answer:
    where = f"answers[{place}]"
    if not isinstance(raw, Mapping):
        raise RecordError(where, "is no JSON object")
    return Answer.of(parse_attempt(raw, where))
