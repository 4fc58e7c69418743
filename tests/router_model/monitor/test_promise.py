"""The monitor keeps its own promise: hardly a false alarm, and an alarm soon after a tier degrades."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.router_model.monitor.production import TIERS, World
from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.promise import MOST_STEPS, PromiseMonitor, PromiseState

LOSS = 0.03
EDGE = (0.60, 0.873, 0.90)  # mid loses exactly 3 % of what frontier reaches


def watched(steps: Sequence[LoggedStep], loss: float = LOSS) -> PromiseState:
    monitor = PromiseMonitor(TIERS, loss)
    monitor.take(steps)
    return monitor.state()


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        World(reach=EDGE),
        World(reach=EDGE, is_nested=False),
        World(reach=EDGE, exploration=0.2, is_nested=False),
        World(reach=EDGE, exploration=0.2, escalates=False),
        World(reach=EDGE, steps_a_task=5, task_spread=0.9, is_nested=False),
    ],
    ids=["nested", "independent", "explored", "never escalated", "tasks"],
)
def test_false_alarms_are_no_more_than_the_stated_share_just_at_the_promise(world: World) -> None:
    """500 runs in all, each looked at after every task: at most 5 % may ever raise the alarm."""
    n_false = sum(watched(list(world.log(80, seed))).is_broken for seed in range(100))
    assert n_false <= 5


@pytest.mark.parametrize(
    ("world", "n_tasks"),
    [
        (World(degraded_from=300, degraded=(0.60, 0.55, 0.90)), 150),
        (World(degraded_from=300, degraded=(0.60, 0.55, 0.90), is_nested=False), 150),
        (World(degraded_from=300, degraded=(0.60, 0.55, 0.90), exploration=0.1), 250),
        (World(reach=(0.88, 0.88, 0.90), picked=0, degraded_from=300, degraded=(0.55, 0.88, 0.90)), 150),
        (World(degraded_from=300, degraded=(0.60, 0.55, 0.90), exploration=0.2, escalates=False), 1200),
    ],
    ids=["nested", "independent", "explored", "small", "never escalated"],
)
def test_the_alarm_comes_within_a_stated_number_of_tasks_after_a_tier_degraded(world: World, n_tasks: int) -> None:
    for seed in range(5):
        broken_after = watched(list(world.log(300 + n_tasks, seed))).broken_after
        assert broken_after is not None
        assert broken_after > 300


def test_a_long_good_time_does_not_put_the_alarm_off() -> None:
    world = World(reach=(0.60, 0.90, 0.90), degraded_from=5000, degraded=(0.60, 0.55, 0.90))
    broken_after = watched(list(world.log(5400, seed=1))).broken_after
    assert broken_after is not None
    assert 5000 < broken_after < 5300


@pytest.mark.slow
@pytest.mark.parametrize("exploration", [0.0, 0.2])
def test_the_interval_holds_the_truth_and_narrows(exploration: float) -> None:
    few, many = (watched(list(World(exploration=exploration).log(n, seed=3))) for n in (100, 3000))
    truth = 1 - 0.88 / 0.90
    for state in (few, many):
        assert state.lower <= truth <= state.upper
    assert many.upper - many.lower < few.upper - few.lower
    assert many.upper < truth + 0.05


def test_nothing_is_claimed_of_failures_that_nobody_escalated() -> None:
    world = World(degraded_from=0, degraded=(0.60, 0.40, 0.90), escalates=False)
    state = watched(list(world.log(500, seed=0)))
    assert not state.is_broken
    assert state.upper > 0.5, "the top tier may have solved every one of them"


def test_steps_of_one_task_are_one_piece_of_evidence() -> None:
    """A task of 100 equal failures that the top tier solves is no more than chance; as 100 tasks it is proof."""
    steps = [step for step in World(degraded_from=0).log(500, seed=2) if len(step.attempts) > 1][:30]
    assert watched(steps).is_broken
    together = watched([replace(step, task_id="one") for step in steps])
    assert (together.n_tasks, together.n_decisions, together.is_broken) == (1, 30, False)


def test_a_step_without_a_task_is_a_task_of_its_own() -> None:
    steps = [replace(step, task_id=None) for step in World().log(20, seed=2)]
    assert watched(steps).n_tasks == 20


def test_a_giant_task_counts_as_a_bounded_number_of_steps() -> None:
    giant = [replace(step, task_id="giant") for step in World(degraded_from=0, degraded=(0, 0, 0.9)).log(3000, seed=0)]
    assert not watched(giant).is_broken
    assert len(giant) > MOST_STEPS


def test_it_does_not_matter_in_how_many_looks_the_log_was_read() -> None:
    steps = list(World(exploration=0.1, steps_a_task=3).log(60, seed=4))
    monitor = PromiseMonitor(TIERS, LOSS)
    for start in range(0, len(steps), 7):
        monitor.take(steps[start : start + 7])
        monitor.state()
    assert monitor.state() == watched(steps)


def test_the_state_says_when_and_what_in_words() -> None:
    empty = PromiseMonitor(TIERS, LOSS).state()
    assert (empty.n_tasks, empty.since, empty.verdict) == (0, None, "nothing known yet")
    good = watched(list(World(reach=(0.6, 0.9, 0.9)).log(2000, seed=0)))
    assert (good.since, good.until, good.verdict) == (0, 1999, "holds")
    assert watched(list(World(reach=EDGE).log(100, seed=0))).verdict == "no sign against it"
    assert watched(list(World(degraded_from=0, degraded=(0, 0.5, 0.9)).log(500, seed=0))).verdict == "broken"


def test_terms_never_lose_more_than_is_at_stake() -> None:
    """With every propensity and outcome the wealth stays above 0: no logarithm of something negative."""
    for seed in range(20):
        world = World(exploration=0.2, degraded_from=0, degraded=(0.1, 0.2, 0.3), steps_a_task=4, is_nested=False)
        state = watched(list(world.log(30, seed)), loss=float(np.random.default_rng(seed).random()))
        assert np.isfinite([state.lower, state.upper, state.evidence_against]).all()


def test_one_decision_rules_nothing_out() -> None:
    found = watched(list(World().log(1, 0)))
    assert (found.n_tasks, found.lower, found.upper) == (1, -1.0, 1.0)


def test_a_router_that_beats_its_top_tier_is_seen_to_lose_less_than_nothing() -> None:
    """Escalated failures weigh most there: no single task may take all that was staked."""
    found = watched(list(World(reach=(0.9, 0.95, 0.5), is_nested=False, exploration=0.2).log(2000, 0)))
    assert -1 < found.lower <= 1 - 0.95 / 0.5 <= found.upper < -0.4
