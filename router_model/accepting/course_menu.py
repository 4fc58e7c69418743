"""Which courses are certified, by part of the work and tolerated loss: ``courses.json`` of a bundle."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tierwise.data.answers import Question
from tierwise.data.courses import ALWAYS
from tierwise.data.records import Step
from tierwise.router_model.choosing.parts import part_value

COURSES_FILE = "courses.json"
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class CertifiedCourse:
    """Ask ``tiers`` (indices) and accept by ``accept`` ("learned" or "agreement"); certified for ``max_loss``.

    ``threshold`` is the largest expected loss at which an answer is accepted, for learned acceptance alone. ``loss``
    and ``saving`` are what held-out steps show, relative to always asking the top tier. Without tiers it says that the
    single shot saves more.
    """

    max_loss: float
    tiers: tuple[int, ...]
    accept: str
    threshold: float | None
    loss: float
    saving: float


def single_shot(max_loss: float) -> CertifiedCourse:
    """No course is certified there that saves more than the single shot."""
    return CertifiedCourse(max_loss, (), ALWAYS, None, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CoursePart:
    """The courses of steps whose field has one of ``values``, ascending by ``max_loss``."""

    values: tuple[str, ...]
    courses: tuple[CertifiedCourse, ...]


@dataclass(frozen=True, slots=True)
class CourseMenu:
    """``parts`` go by ``part_field``; ``whole`` serves steps that do not carry it. ``unfamiliar`` is what the log as a
    whole supports where a step is unlike all that was learned from: agreement on open keys, or nothing; and that for
    steps that ask for one of ``unfamiliar_for`` (:attr:`Question.asks_for`; None: for any), because elsewhere answers
    hardly ever agree on an open key and would be paid for nothing. ``latency_ms`` is what a call took on each tier in
    the log, the mean; None for a tier that was never timed."""

    part_field: str | None
    parts: tuple[CoursePart, ...]
    whole: tuple[CertifiedCourse, ...]
    unfamiliar: tuple[CertifiedCourse, ...]
    unfamiliar_for: tuple[str, ...] | None = None
    latency_ms: tuple[float | None, ...] = ()

    def longest_ms(self, tiers: Sequence[int], otherwise: int) -> float:
        """How long a course may take: its slowest tier, and then the one that is asked otherwise. Infinite where nobody
        knows."""
        asked = [self.latency_ms[tier] if self.latency_ms else None for tier in (*tiers, otherwise)]
        if any(each is None for each in asked):
            return math.inf
        *first, last = (each or 0.0 for each in asked)
        return max(first, default=0.0) + last

    def course(self, step: Step, max_loss: float, is_unfamiliar: bool) -> CertifiedCourse | None:
        """The course for ``step`` at a tolerated loss; None for the single shot."""
        if is_unfamiliar:
            return self._unlike_all(step, max_loss)
        value = part_value(step, self.part_field)
        for part in self.parts:
            if value in part.values:
                return course_at(part.courses, max_loss)
        return self._unlike_all(step, max_loss) if value and self.parts else course_at(self.whole, max_loss)

    def _unlike_all(self, step: Step, max_loss: float) -> CertifiedCourse | None:
        found = course_at(self.unfamiliar, max_loss)
        if found is None or self.unfamiliar_for is None:
            return found
        return found if Question(step).asks_for in self.unfamiliar_for else None

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``courses.json``."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "CourseMenu":
        parts = tuple(CoursePart(tuple(part["values"]), _courses(part["courses"])) for part in raw["parts"])
        wanted = raw.get("unfamiliar_for")  # bundles of before have none
        unfamiliar_for = None if wanted is None else tuple(wanted)
        whole, unfamiliar = _courses(raw["whole"]), _courses(raw["unfamiliar"])
        return cls(raw["part_field"], parts, whole, unfamiliar, unfamiliar_for, tuple(raw.get("latency_ms", ())))


def course_at(courses: Sequence[CertifiedCourse], max_loss: float) -> CertifiedCourse | None:
    """The course with the largest loss up to the asked one; None where there is none, or the single shot saves more."""
    fitting = [course for course in courses if course.max_loss <= max_loss + _SLACK]
    return fitting[-1] if fitting and fitting[-1].tiers else None


def _courses(raw: Sequence[Mapping[str, Any]]) -> tuple[CertifiedCourse, ...]:
    return tuple(CertifiedCourse(**{**one, "tiers": tuple(one["tiers"])}) for one in raw)
