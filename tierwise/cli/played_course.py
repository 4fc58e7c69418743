"""A course played on a logged step, as a line of ``tierwise decide --courses`` tells it."""

from typing import Any

from tierwise.data.records import LoggedStep
from tierwise.router_model.accepting.played import play
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router


def played_course(router: Router, logged: LoggedStep, options: DecideOptions) -> dict[str, Any]:
    """``course``, ``asked`` and ``final``, and how the answers were judged."""
    played = play(router, logged, options)
    found: dict[str, Any] = {"course": played.course.to_mapping(), "asked": list(played.asked), "final": played.final}
    if played.accepted is None:
        return found
    accepted = played.accepted
    judged = {"p_success": dict(accepted.p_success), "is_same": accepted.is_same, "code": accepted.reason.code}
    return found | {"acceptance": judged}
