"""What each way of operating leaves of a world: which attempts, in which order, with which propensity."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.synthetic import task_logs
from tierwise.training.evaluation.synthetic.task_logs import Logging, task_log
from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World

TIERS = ("small", "mid", "frontier")
DRAWN = TaskWorld(World(seed=4), most_steps=2).draw(2000, 1)


def log(logging: Logging) -> list[LoggedStep]:
    return task_log(DRAWN, logging, TIERS, 3)


def tried(logged: LoggedStep) -> tuple[str, ...]:
    return tuple(attempt.tier for attempt in logged.attempts)


def propensities(steps: list[LoggedStep]) -> dict[str, set[float]]:
    """Of every decided tier, the propensities that stand beside it."""
    found: dict[str, set[float]] = {}
    for logged in steps:
        assert logged.decision is not None
        found.setdefault(str(logged.decision.tier), set()).add(round(float(logged.decision.propensity or 0), 6))
    return found


def test_full_logs_have_every_outcome_and_no_decision() -> None:
    steps = log(task_logs.full)
    assert {tried(logged) for logged in steps} == {TIERS}
    assert all(logged.decision is None for logged in steps)
    outcomes = np.array([[attempt.success for attempt in logged.attempts] for logged in steps], dtype=np.float64)
    assert np.array_equal(outcomes, DRAWN.success)


@pytest.mark.parametrize(
    ("logging", "shares"),
    [
        (task_logs.one_attempt, {"small": 1 / 3, "mid": 1 / 3, "frontier": 1 / 3}),
        (task_logs.top_only, {"frontier": 1.0}),
        (task_logs.top_first, {"mid": 0.2, "frontier": 0.8}),
        (task_logs.small_first, {"small": 0.8, "mid": 0.1, "frontier": 0.1}),
        (task_logs.unreached, {"mid": 0.2, "frontier": 0.8}),
        (task_logs.stand_in, {"small": 0.2, "mid": 0.2, "frontier": 0.6}),
    ],
)
def test_propensities_are_the_shares_of_the_decided_tiers(logging: Logging, shares: dict[str, float]) -> None:
    steps = log(logging)
    assert propensities(steps) == {tier: {round(share, 6)} for tier, share in shares.items()}
    counts = Counter(logged.decision.tier for logged in steps if logged.decision)
    assert {tier: n / len(steps) for tier, n in counts.items()} == pytest.approx(shares, abs=0.04)


@pytest.mark.parametrize("logging", [task_logs.top_first, task_logs.small_first])
def test_an_escalation_goes_up_under_one_decision_and_ends_with_the_first_success(logging: Logging) -> None:
    steps = log(logging)
    for logged in steps:
        start = TIERS.index(logged.attempts[0].tier)
        assert logged.decision is not None
        assert logged.decision.tier == logged.attempts[0].tier
        assert tried(logged) == TIERS[start : start + len(logged.attempts)]
        assert [attempt.success for attempt in logged.attempts[:-1]] == [False] * (len(logged.attempts) - 1)
        assert logged.attempts[-1].success or logged.attempts[-1].tier == "frontier"
    assert sum(len(logged.attempts) > 1 for logged in steps) > 50


def test_without_escalation_there_is_one_attempt_and_the_cheapest_tier_never_runs() -> None:
    assert {tried(logged) for logged in log(task_logs.unreached)} == {("mid",), ("frontier",)}


def test_a_tier_that_stands_in_is_not_the_decided_one_and_its_error_may_be_missing() -> None:
    failed_over = [
        one for one in log(task_logs.stand_in) if one.decision and one.attempts[-1].tier != one.decision.tier
    ]
    assert 0.2 < len(failed_over) / len(DRAWN) < 0.3
    shown = [logged for logged in failed_over if len(logged.attempts) == 2]
    assert 0.4 < len(shown) / len(failed_over) < 0.6
    assert all(logged.attempts[0].success is None and logged.attempts[0].error for logged in shown)
    assert all(logged.attempts[-1].success is not None for logged in failed_over)


@pytest.mark.slow
def test_rules_decide_by_complexity_and_explore_where_asked() -> None:
    assert propensities(log(task_logs.rules)) == {tier: {1.0} for tier in TIERS}
    explored = propensities(log(task_logs.explored_rules))
    assert explored == {tier: {round(0.2 / 3, 6), round(0.8 + 0.2 / 3, 6)} for tier in TIERS}
    by_tier = {"small": (1, 3), "mid": (4, 6), "frontier": (7, 10)}
    for logged in log(task_logs.rules):
        low, high = by_tier[logged.attempts[0].tier]
        assert low <= (logged.step.input_complexity or 0) <= high


def test_a_mirrored_share_has_every_tier_whatever_came_of_the_top_one() -> None:
    steps = log(task_logs.mirrored(0.2))
    mirrored = [logged for logged in steps if len(logged.attempts) == 3]
    assert len(mirrored) / len(steps) == pytest.approx(0.2, abs=0.03)
    assert {tried(logged) for logged in steps} == {("frontier",), ("frontier", "small", "mid")}
    assert np.mean([logged.attempts[0].success for logged in mirrored]) == pytest.approx(
        np.mean([logged.attempts[0].success for logged in steps]), abs=0.06
    )


def test_steps_know_their_task_and_their_place_in_time() -> None:
    steps = log(task_logs.top_only)
    assert [logged.task_id for logged in steps[:4]] == ["task-0", "task-0", "task-1", "task-1"]
    assert all(one.timestamp < two.timestamp for one, two in pairwise(steps))  # type: ignore[operator]
