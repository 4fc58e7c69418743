"""The intervals: they hold at every look at once, whatever the tail; a ratio inherits that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.training.evaluation.experiments.betting import Terms, running_log_capital
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence


def mean_of(values: np.ndarray, weights: np.ndarray | None = None, alpha: float = 0.05) -> ConfidenceSequence:
    one = np.ones(len(values))
    ends = np.stack([0 * one, one])
    return ConfidenceSequence(Terms(values, one, ends, one[None, :], one if weights is None else weights), alpha)


def ratio_of(top: np.ndarray, bottom: np.ndarray) -> ConfidenceSequence:
    zero, one = np.zeros(len(top)), np.ones(len(top))
    terms = Terms(top, bottom, np.stack([zero, one, zero, one]), np.stack([one, zero, zero, one]), one)
    return ConfidenceSequence(terms, 0.05, floor=0.0)


@pytest.mark.slow
def test_a_thousand_looks_miss_the_truth_no_more_often_than_one_may() -> None:
    """Rare successes, half of which count a tenth, looked at from the very first task on: nothing is asymptotic."""
    rng = np.random.default_rng(1)
    weights = np.where(np.arange(1000) % 2 == 0, 1.0, 0.1)
    missed = 0
    for _ in range(400):
        found = mean_of((rng.random(1000) < 0.02).astype(np.float64), weights, alpha=0.1)
        missed += bool((found.is_above(0.02) | found.is_below(0.02)).any())
    assert missed / 400 <= 0.1


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(30, 300))
def test_the_ends_are_where_the_gambler_has_made_enough(seed: int, n: int) -> None:
    found = mean_of(np.random.default_rng(seed).beta(0.5, 2.0, n))
    now = found.last()
    needed = np.log(2 / 0.05)
    for sign, end in ((1, now.low), (-1, now.high)):
        assert running_log_capital(found.terms, end, sign)[-1] == pytest.approx(needed, abs=1e-3)
    assert found.is_above(now.low - 1e-4)[-1]
    assert not found.is_above(now.low + 1e-4)[-1]
    assert found.is_below(now.high + 1e-4)[-1]
    assert not found.is_below(now.high - 1e-4)[-1]


def test_a_mean_is_weighted_and_says_how_much_it_rests_on() -> None:
    last = mean_of(np.array([1.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0])).last()
    assert (last.value, last.n) == (0.5, 3)
    assert last.n_effective == pytest.approx(16 / 6)


def test_an_interval_stays_between_floor_and_ceiling() -> None:
    one = np.ones(3)
    terms = Terms(one, one, np.stack([-one, one]), one[None, :], one)
    last = ConfidenceSequence(terms, 0.05, -1.0, 1.0).last()
    assert (last.value, last.high) == (1.0, 1.0)
    assert last.low == -1.0


def test_a_ratio_holds_the_truth_and_narrows() -> None:
    rng = np.random.default_rng(2)
    bottom = rng.beta(1.0, 3.0, 3000)
    found = ratio_of(0.7 * bottom, bottom)
    path = found.trajectory(60)
    assert found.last().low < 0.7 < found.last().high
    assert path.high[-1] - path.low[-1] < 0.25 * (path.high[1] - path.low[1])


def test_a_ratio_over_what_cannot_be_told_from_nothing_is_unbounded() -> None:
    one, noise = np.ones(10), np.resize([1.0, -0.9], 10)
    terms = Terms(one, noise, np.stack([one, one]), np.stack([-one, one]), one)
    assert ConfidenceSequence(terms, 0.05, floor=0.0).last().high == np.inf
    nothing = ratio_of(np.full(10, 0.5), np.zeros(10)).last()
    assert np.isnan(nothing.value)
    assert (nothing.low, nothing.high) == (0.0, np.inf)


def test_a_start_of_equal_successes_is_no_certainty() -> None:
    assert mean_of(np.zeros(20)).last().high > 0.1


def test_a_trajectory_is_what_each_look_would_have_said() -> None:
    rng = np.random.default_rng(4)
    values = (rng.random(400) < 0.3).astype(np.float64)
    path = mean_of(values).trajectory(8, first=50)
    assert path.n_tasks.tolist() == [50, 100, 150, 200, 250, 300, 350, 400]
    for n, value, low, high in zip(path.n_tasks, path.value, path.low, path.high, strict=True):
        then = mean_of(values[:n]).last()
        assert value == pytest.approx(then.value)
        assert low == pytest.approx(then.low, abs=0.01)
        assert high == pytest.approx(then.high, abs=0.01)


def test_a_trajectory_begins_when_twenty_tasks_are_in() -> None:
    assert mean_of(np.ones(400)).trajectory().n_tasks[0] == 20
    assert mean_of(np.ones(7)).trajectory().n_tasks.tolist() == [7]


def test_no_tasks_are_no_trajectory() -> None:
    path = mean_of(np.empty(0)).trajectory()
    assert len(path.n_tasks) == len(path.value) == len(path.low) == 0
