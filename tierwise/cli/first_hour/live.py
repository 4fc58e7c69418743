"""Live steps of the demo: the service decides them, courses are run with the logged answers, and a share is audited.

What a service is told is what a caller would know: answers, and never whether they were right.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from tierwise.agents.attempts.opinions import noted as notes_of
from tierwise.cli.first_hour.story import without_verdict
from tierwise.cli.first_hour.traffic import SESSION, by_task, post, talking_to
from tierwise.data.compared.mirrored import IS_SAME, MIRROR, MIRROR_KEY
from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.courses import AGREEMENT, AUDIT, AUDIT_KEY, COURSE, LEARNED, P_AUDIT, Course
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.serialise import attempt_to_dict, step_to_dict

AUDIT_SHARE = 0.5
_SEED = 7
_OPINION = ("tier", "model", "output", "tool_calls", "logprobs", "finish_reason", "output_tokens")

Reports = list[tuple[str, Attempt]]


@dataclass(frozen=True, slots=True)
class Audited:
    """What live traffic came to: calls, those whose answer came from below the top tier, those of them that were
    audited, whose answers differ, and the calls for which cheap answers were looked at first."""

    n_routed: int
    n_cheaper: int
    n_audited: int
    n_different: int
    n_courses: int


@dataclass(frozen=True, slots=True)
class Served:
    """The attempt whose answer is used, all attempts to report by idempotency key, and whether a course was run."""

    used: Attempt
    reports: Reports
    is_course: bool = False


def route_and_audit(
    address: str, steps: Sequence[LoggedStep], tiers: Sequence[str], noted: Callable[[], None] = lambda: None
) -> Audited:
    """Lets the service decide the steps and judge their answers, reports those, and audits a share of them at random.

    Raises ``TrafficError`` when the service is away or refuses.
    """
    top, draw = tiers[-1], random.Random(_SEED)
    found = Audited(0, 0, 0, 0, 0)
    with talking_to(address) as client:
        for logged in by_task(steps):
            names = {"task_id": logged.task_id, "session_id": SESSION, "step_id": logged.step_id}
            body = {"step": step_to_dict(logged.step), **names, "options": {"courses": True}}
            decision = post(client, "/route", body)
            answers = {attempt.tier: without_verdict(attempt) for attempt in logged.attempts}
            served = _serve(client, body, decision, answers)
            is_top, audits = served.used.tier == top, Reports()
            if draw.random() < AUDIT_SHARE:
                audits = _audits(logged, served, answers, tiers)
            named = {"decision_id": decision["decision_id"]}
            reports = [*served.reports, *audits]
            post(client, "/outcomes", [attempt_to_dict(a) | named | {"idempotency_key": key} for key, a in reports])
            audited = [] if is_top else audits
            found = Audited(
                found.n_routed + 1,
                found.n_cheaper + (not is_top),
                found.n_audited + len(audited),
                found.n_different + sum(attempt.extra[IS_SAME] is not True for _, attempt in audited),
                found.n_courses + served.is_course,
            )
            noted()
    return found


def _serve(
    client: httpx2.Client, body: Mapping[str, Any], decision: Mapping[str, Any], answers: Mapping[str, Attempt]
) -> Served:
    """Runs what was decided with the logged answers."""
    course = decision.get("course")
    if course is None or course["accept"] not in (LEARNED, AGREEMENT):
        used = answers[decision["tier"]]
        return Served(used, [("served", used)])
    ordered = Course(tuple(course["ask"]), course["accept"], course["otherwise"])
    opinions = [answers[tier] for tier in ordered.ask]
    sent = [_opinion(attempt) for attempt in opinions]
    verdict = post(client, "/accept", {**body, "decision_id": decision["decision_id"], "answers": sent})
    used = answers[verdict["accept"] or verdict["ask"]]
    reports = [
        (f"opinion-{each.tier}", replace(each, extra={**each.extra, **notes_of(ordered, verdict, each is used)}))
        for each in opinions
    ]
    if used not in opinions:
        reports.append(("served", replace(used, extra={**used.extra, COURSE: ordered.to_mapping()})))
    return Served(used, reports, is_course=True)


def _opinion(attempt: Attempt) -> dict[str, Any]:
    """The attempt as an entry of ``answers``."""
    told = attempt_to_dict(attempt)
    return {name: told[name] for name in _OPINION if told.get(name) is not None}


def _audits(logged: LoggedStep, served: Served, answers: Mapping[str, Attempt], tiers: Sequence[str]) -> Reports:
    """Attempts in the background, as the gateway reports them: nobody waited for them. Beside the top tier's answer the
    cheaper tiers are mirrored, unless a course asked them; beside a cheaper answer the top tier is asked."""
    top = tiers[-1]
    if served.used.tier == top:
        others = [] if served.is_course else [answers[tier] for tier in tiers[:-1]]
        return [(f"{MIRROR_KEY}{each.tier}", _beside(logged, served.used, each, {MIRROR: True})) for each in others]
    marks: dict[str, Any] = {MIRROR: True, AUDIT: True}
    if served.is_course:
        marks |= {COURSE: {AUDIT: True}, P_AUDIT: AUDIT_SHARE}
    key = AUDIT_KEY if served.is_course else MIRROR_KEY
    return [(f"{key}{top}", _beside(logged, served.used, answers[top], marks))]


def _beside(logged: LoggedStep, served: Attempt, other: Attempt, marks: Mapping[str, Any]) -> Attempt:
    found = {**marks, IS_SAME: is_same_answer(logged.step, served, other)}
    return replace(other, latency_ms=None, extra={**other.extra, **found})
