"""Demo traffic: what the replayed agent tries, and in which order tasks are played."""

import pytest

from tierwise.cli.first_hour.traffic import TrafficError, attempts_from, by_task, wait_until_ready
from tierwise.data.records import Attempt, LoggedStep, Step

TIERS = ("small", "mid", "frontier")


def logged(name: str, task: str | None, index: int, *verdicts: bool | None) -> LoggedStep:
    attempts = tuple(Attempt(tier, success=verdict) for tier, verdict in zip(TIERS, verdicts, strict=False))
    return LoggedStep(name, Step(text="x", step_index=index), attempts, task)


def test_an_agent_goes_up_until_something_succeeds() -> None:
    step = logged("s", "t", 0, False, True, True)
    assert [attempt.tier for attempt in attempts_from(step, "small", TIERS)] == ["small", "mid"]
    assert [attempt.tier for attempt in attempts_from(step, "frontier", TIERS)] == ["frontier"]


def test_an_unknown_verdict_is_not_tried_again() -> None:
    assert len(attempts_from(logged("s", "t", 0, None, True), "small", TIERS)) == 1


def test_tiers_that_were_not_logged_are_left_out() -> None:
    assert attempts_from(logged("s", "t", 0, False), "mid", TIERS) == []


def test_tasks_are_played_one_after_the_other() -> None:
    steps = [logged("a2", "a", 2), logged("b1", "b", 1), logged("a1", "a", 1), logged("alone", None, 0)]
    assert [step.step_id for step in by_task(steps)] == ["a1", "a2", "b1", "alone"]


def test_a_service_that_is_away_is_told_with_the_fix() -> None:
    with pytest.raises(TrafficError, match="start one with: tierwise serve"):
        wait_until_ready("http://127.0.0.1:9", seconds=0.3)
