"""A course played on recorded attempts: answers are judged where the course says so, and nowhere else."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tierwise.data.courses import AGREEMENT, ALWAYS, VERIFIED, Accepted, Course
from tierwise.data.records import Attempt, LoggedStep, Reason, Step
from tierwise.router_model.accepting.played import Played, play
from tierwise.router_model.options import NO_OPTIONS
from tierwise.router_model.router import Router

LOGGED = LoggedStep("s", Step("a"), (Attempt("small", output="1"), Attempt("mid", output="2")))


def played(course: Course, accepted: Accepted | None = None) -> Played:
    def accept(*_: Any) -> Accepted:
        assert accepted is not None, "a course without judgement was judged"
        return accepted

    return play(cast(Router, SimpleNamespace(course=lambda *_: course, accept=accept)), LOGGED, NO_OPTIONS)


@pytest.mark.parametrize("way", [ALWAYS, VERIFIED])
def test_a_course_without_judgement_is_its_first_answer(way: str) -> None:
    course = Course(("mid",), way, "frontier")
    assert played(course) == Played(course, ("mid",), "mid")


def test_a_judged_course_asks_on_where_no_answer_is_taken() -> None:
    course = Course(("small", "mid"), AGREEMENT, "frontier")
    refused = Accepted(None, "frontier", Reason("apart", ""))
    taken = Accepted("mid", None, Reason("equal", ""))
    assert played(course, refused) == Played(course, ("small", "mid", "frontier"), "frontier", refused)
    assert played(course, taken) == Played(course, ("small", "mid"), "mid", taken)


def test_where_nothing_is_said_the_course_names_the_tier() -> None:
    silent = Accepted(None, None, Reason("apart", ""))
    assert played(Course(("small",), AGREEMENT, "frontier"), silent).final == "frontier"
