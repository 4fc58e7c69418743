"""A course played on a logged step: which tiers are asked, and whose answer is used in the end."""

from dataclasses import dataclass

from tierwise.data.courses import ALWAYS, VERIFIED, Accepted, Course
from tierwise.data.records import LoggedStep
from tierwise.features.evidence import answers_of
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router


@dataclass(frozen=True, slots=True)
class Played:
    """``asked`` holds every tier that was called, in order; ``accepted`` is None for a single shot."""

    course: Course
    asked: tuple[str, ...]
    final: str
    accepted: Accepted | None = None


def play(router: Router, logged: LoggedStep, options: DecideOptions) -> Played:
    """The router's course for the step. Of the attempts only the answers of the tiers that the course asks are looked
    at, never what came of them."""
    course = router.course(logged.step, options)
    if course.accept in (ALWAYS, VERIFIED):
        return Played(course, course.ask, course.ask[0])
    accepted = router.accept(logged.step, answers_of(logged.attempts, course.ask), options)
    asked = course.ask if accepted.ask is None else (*course.ask, accepted.ask)
    return Played(course, asked, accepted.accept or accepted.ask or course.otherwise, accepted)
