"""The estimate of mirrored steps against the test that it foretells, in worlds with a known rate of differences."""

import numpy as np
import pytest

from tierwise.router_model.steps_needed import needed_at, steps_needed
from tierwise.training.certification.betting import MeanTest
from tierwise.training.certification.units import Units

MAX_LOSS, CONFIDENCE = 0.03, 0.9
N_WORLDS = 60
RATES = (0.0, 0.005, 0.01, 0.015, 0.02)


def is_certified(differs: np.ndarray) -> bool:
    """Whether certification lets all steps go to the tier: each a task of its own."""
    n = len(differs)
    test = MeanTest(Units.of(np.arange(n), np.ones(n)), 1 - MAX_LOSS, CONFIDENCE)
    return test.is_below_zero(differs - MAX_LOSS, 0.5 + MAX_LOSS**2)


def half_certified(rate: float) -> int:
    """The size of a log from which half of the worlds are certified: the truth."""
    for n in (int(60 * 1.1**k) for k in range(60)):
        worlds = [(np.random.default_rng([seed, n]).random(n) < rate).astype(float) for seed in range(N_WORLDS)]
        if np.mean([is_certified(world) for world in worlds]) >= 0.5:
            return n
    raise AssertionError(f"never certified at {rate}")


@pytest.mark.parametrize("rate", RATES)
def test_the_steps_needed_are_within_a_factor_of_two_of_the_truth(rate: float) -> None:
    truth, told = half_certified(rate), needed_at(rate, MAX_LOSS, CONFIDENCE)
    assert told is not None
    assert truth / 2 <= told <= 2 * truth


@pytest.mark.parametrize("rate", RATES)
def test_what_is_told_after_600_steps_holds_the_truth_between_its_ends(rate: float) -> None:
    truth = half_certified(rate)
    told = [
        steps_needed(600, int(np.random.default_rng([seed, 3]).binomial(600, rate)), MAX_LOSS) for seed in range(200)
    ]
    held = [(one.least or np.inf) / 2 <= truth <= 2 * (one.most or np.inf) for one in told]
    assert np.mean(held) >= 0.9
    if rate <= 0.01:
        near = [one.expected is not None and truth / 2 <= one.expected <= 2 * truth for one in told]
        assert np.mean(near) >= 0.9


@pytest.mark.parametrize("rate", [0.03, 0.05, 0.1])
def test_at_a_rate_beyond_the_promise_it_is_never(rate: float) -> None:
    assert needed_at(rate, MAX_LOSS) is None
    assert "never at this rate of differences" in steps_needed(1_000, int(1_500 * 0.1), MAX_LOSS).text()
    world = (np.random.default_rng(5).random(20_000) < max(rate, 0.04)).astype(float)
    assert not is_certified(world)


def test_a_short_look_does_not_say_never() -> None:
    assert "too few were mirrored" in steps_needed(20, 1, MAX_LOSS).text()
    assert steps_needed(5, 0, MAX_LOSS).text().endswith("too few to tell")
    assert "more than 10,000 more" in steps_needed(223, 6, MAX_LOSS).text()
    assert steps_needed(20, 0, MAX_LOSS).text().endswith("as the rate may be)")
    assert steps_needed(400, 2, MAX_LOSS).text() == "2 of 400 answers differ (0.5%): enough for 3%"


def test_more_differences_never_need_fewer_steps() -> None:
    needed = [needed_at(rate / 1_000, MAX_LOSS) or 10**9 for rate in range(41)]
    assert needed == sorted(needed)
