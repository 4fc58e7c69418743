"""What is ordered for a step, and what became of its answers: the words that a router and its callers share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.records import Attempt, LoggedStep, Reason

ALWAYS, VERIFIED, AGREEMENT, LEARNED = "always", "verified", "agreement", "learned"

COURSE = "course"
"""The field of an attempt that a course asked for: the course, and in an opinion what became of it."""

AUDIT_KEY = "audit-"
"""How the idempotency key of an audit begins: the top tier asked as well, after an answer was accepted."""

P_AUDIT = "p_audit"
"""The field of an audit with the chance at which it was drawn."""

AUDIT = "audit"
"""The field of an attempt that says: the top tier, asked in the background beside an answer that was used."""


@dataclass(frozen=True, slots=True)
class Course:
    """Ask the tiers ``ask``, side by side where there are two; accept as ``accept`` says; ``otherwise`` ask that tier.

    ``always``: whatever comes is used. ``verified``: the caller's own check decides. ``agreement``: two answers that
    mean the same. ``learned``: the router judges what came.
    """

    ask: tuple[str, ...]
    accept: str
    otherwise: str

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``course`` in answers and logs."""
        return {"ask": list(self.ask), "accept": self.accept, "otherwise": self.otherwise}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What to do with the answers to a step: use that of the tier ``accept``, or ``ask`` a further tier.

    ``p_success`` is by tier, where the router could tell; ``is_same`` whether two answers mean the same, None where
    that cannot be told or there are not two.
    """

    accept: str | None
    ask: str | None
    reason: Reason
    p_success: Mapping[str, float] = field(default_factory=dict)
    is_same: bool | None = None

    def to_mapping(self) -> dict[str, Any]:
        """The form of the answer of ``POST /accept``."""
        return {
            "accept": self.accept,
            "ask": self.ask,
            "p_success": dict(self.p_success),
            "is_same": self.is_same,
            "reason": {"code": self.reason.code, "text": self.reason.text},
        }


def is_of_course(attempt: Attempt) -> bool:
    """Whether the attempt was asked for by a course: an opinion, or the last resort after opinions."""
    return COURSE in attempt.extra


def is_audit(attempt: Attempt) -> bool:
    """Whether the top tier was asked for comparison alone, beside an answer that was used. Older logs of courses say so
    in the course."""
    course = attempt.extra.get(COURSE)
    return attempt.extra.get(AUDIT) is True or (isinstance(course, Mapping) and course.get(AUDIT) is True)


def ran_course(logged: LoggedStep) -> bool:
    """Whether a course was run. Which tiers it asked hangs on what the first ones answered, so the step is neither a
    collected one nor a sample of the tiers that answered it."""
    return any(is_of_course(attempt) for attempt in logged.attempts)
