"""A course played on a logged step: which tiers are asked, and whose answer is used in the end."""

from typing import Any

from tierwise.data.courses import ALWAYS, VERIFIED
from tierwise.data.records import LoggedStep
from tierwise.features.evidence import Answer, answers_of
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router


def played_course(router: Router, logged: LoggedStep, options: DecideOptions) -> dict[str, Any]:
    """``course``, ``asked`` and ``final`` of a line of ``tierwise decide --courses``.

    Of the attempts only the answers of the tiers that the course asks are looked at, never what came of them.
    """
    course = router.course(logged.step, options)
    asked = list(course.ask)
    found: dict[str, Any] = {"course": course.to_mapping(), "asked": asked}
    if course.accept in (ALWAYS, VERIFIED):
        return found | {"final": course.ask[0]}
    answers: tuple[Answer, ...] = answers_of(logged.attempts, course.ask)
    accepted = router.accept(logged.step, answers, options)
    if accepted.ask is not None:
        asked.append(accepted.ask)
    judged = {"p_success": dict(accepted.p_success), "is_same": accepted.is_same, "code": accepted.reason.code}
    return found | {"final": accepted.accept or accepted.ask, "acceptance": judged}
