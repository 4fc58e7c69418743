"""Rows of courses are told from collected and mirrored ones."""

import numpy as np

from tierwise.data.compared.mirrored import mirrored_steps
from tierwise.data.courses import COURSE, ran_course
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.training.evaluation.logged.collection import collected_steps

TIERS = ("small", "mid", "frontier")


def _logged(number: int, is_course: bool, success: dict[str, bool]) -> LoggedStep:
    extra = {COURSE: {"ask": ["small", "mid"]}} if is_course else {}
    attempts = tuple(Attempt(tier, success=done, output="7", extra=extra) for tier, done in success.items())
    return LoggedStep(f"s-{number}", Step("How many?"), attempts)


def _log(is_course: bool) -> list[LoggedStep]:
    """Easy steps end with two opinions, hard ones go on to the top tier."""
    easy, hard = {"small": True, "mid": True}, {"small": False, "mid": False, "frontier": True}
    return [_logged(number, is_course, easy if number % 2 else hard) for number in range(40)]


def _collected(steps: list[LoggedStep]) -> int:
    done = [{attempt.tier: float(bool(attempt.success)) for attempt in logged.attempts} for logged in steps]
    success = np.array([[each.get(tier, np.nan) for tier in TIERS] for each in done])
    return int(collected_steps(steps, success).sum())


def test_hard_steps_of_courses_do_not_pass_for_collected_ones() -> None:
    collected = [_logged(number, False, dict.fromkeys(TIERS, True)) for number in range(40)]
    assert _collected(_log(is_course=True)) == 0
    assert _collected([*collected, *_log(is_course=True)]) == 40


def test_steps_of_courses_are_no_mirrored_ones() -> None:
    assert len(list(mirrored_steps(_log(is_course=False), "frontier"))) == 20
    assert list(mirrored_steps(_log(is_course=True), "frontier")) == []


def test_a_course_is_known_by_its_attempts() -> None:
    assert all(ran_course(logged) for logged in _log(is_course=True))
    assert not any(ran_course(logged) for logged in _log(is_course=False))
