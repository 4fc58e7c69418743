"""The test behind the promise: it is wrong no more often than it says, over tasks too, and finds what is there."""

from collections.abc import Callable

import numpy as np
import pytest

from tierwise.router_model.predicting.chain import Floats
from tierwise.training.certification.betting import MeanTest, log_wealth
from tierwise.training.certification.units import Units

M = 0.03
N_WORLDS = 300
MOST_VIOLATIONS = 45
"""Of 300 at 10 %: 30 are expected, more than 45 come once in 300 times."""

Draw = Callable[[np.random.Generator], tuple[np.ndarray, Floats]]


def single(n: int, p_lost: float, p_gained: float) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, Floats]:
        luck = rng.random(n)
        lost, gained = luck < p_lost, luck > 1 - p_gained
        return np.arange(n), (1 - M) * (1.0 - gained) - (1.0 - lost)

    return draw


def tasks(n_tasks: int, size: int, p_fails: float, share: float = 1.0) -> Draw:
    """Whole tasks fail together, or a share of their steps does."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, Floats]:
        code = np.repeat(np.arange(n_tasks), size)
        lost = (rng.random(n_tasks) < p_fails)[code] & (rng.random(len(code)) < share)
        return code, (1 - M) - (1.0 - lost)

    return draw


def pareto(n_tasks: int, hard_is_long: bool) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, Floats]:
        size = np.minimum((1 - rng.random(n_tasks)) ** (-1 / 1.1), 2000).astype(int)
        code = np.repeat(np.arange(n_tasks), size)
        rate = rng.beta(0.6, 19.4, n_tasks) * (np.where(size > 5, 1.4, 0.6) if hard_is_long else 1.05)
        return code, (1 - M) - (1.0 - (rng.random(len(code)) < rate[code]))

    return draw


def share_rejected(draw: Draw, n_worlds: int = N_WORLDS) -> int:
    found = 0
    for seed in range(n_worlds):
        code, values = draw(np.random.default_rng(seed))
        found += MeanTest(Units.of(code, np.ones(len(code))), 1 - M, 0.9).is_below_zero(values, M)
    return found


@pytest.mark.parametrize(
    "draw",
    [
        single(100, 0.031, 0),
        single(200, 0.031, 0),
        single(1000, 0.031, 0),
        single(1000, 0.08, 0.05),
        tasks(20, 50, 0.031),
        tasks(50, 20, 0.031),
        tasks(25, 40, 0.1, 0.31),
        tasks(300, 10, 0.031),
        pareto(60, hard_is_long=False),
        pareto(60, hard_is_long=True),
        pareto(400, hard_is_long=True),
    ],
)
def test_a_broken_promise_is_certified_no_more_often_than_stated(draw: Draw) -> None:
    assert share_rejected(draw) <= MOST_VIOLATIONS


@pytest.mark.parametrize(
    ("draw", "least"),
    [
        (single(80, 0, 0), 100),
        (single(1000, 0.005, 0), 95),
        (single(1000, 0.06, 0.05), 40),
        (single(6000, 0.06, 0.05), 95),
        (tasks(200, 20, 0.002), 80),
    ],
)
def test_a_promise_that_is_kept_with_room_is_found(draw: Draw, least: int) -> None:
    assert share_rejected(draw, 100) >= least


def test_steps_of_a_task_count_as_one_observation() -> None:
    """Sixty steps without a loss are sixty tasks or three; only the first says enough."""
    values = np.full(120, -M)
    alone, together = np.arange(120), np.repeat(np.arange(3), 40)
    verdicts = [MeanTest(Units.of(c, np.ones(120)), 1 - M, 0.9).is_below_zero(values, M**2) for c in (alone, together)]
    assert verdicts == [True, False]


def test_a_loss_that_sits_in_the_largest_tasks_is_not_hidden_by_the_cap() -> None:
    code = np.concatenate([np.arange(400), np.repeat(np.arange(400, 404), 200)])
    values = np.where(code >= 400, 0.2, -M)
    assert not MeanTest(Units.of(code, np.ones(len(code))), 1 - M, 0.9).is_below_zero(values, M)


@pytest.mark.slow
def test_the_expected_wealth_is_at_most_one_when_the_mean_is_zero() -> None:
    rng = np.random.default_rng(0)
    wealth = [np.exp(log_wealth(rng.choice([-0.5, 0.5], 60), 0.5, 0.25, 0.9)) for _ in range(2000)]
    assert np.mean(wealth) == pytest.approx(1.0, abs=0.1)


def test_no_unit_no_promise() -> None:
    assert not MeanTest(Units.of(np.array([0]), np.zeros(1)), 1 - M, 0.9).is_below_zero(np.array([-1.0]), M)
