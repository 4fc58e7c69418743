"""The estimate of mirrored steps against the test that it foretells, in worlds with a known rate of differences."""

import numpy as np
import pytest

from tierwise.router_model.steps_needed import Seen, needed_at, steps_needed
from tierwise.training.certification.betting import MeanTest
from tierwise.training.certification.units import Units

MAX_LOSS, CONFIDENCE = 0.03, 0.9
N_WORLDS = 60
RATES = (0.0, 0.005, 0.01, 0.015, 0.02)


def seen(n_steps: int, n_different: int) -> Seen:
    """Steps of separate tasks."""
    return Seen.by_task(n_different, 0, [1] * n_steps)


def is_certified(differs: np.ndarray, steps_a_task: int = 1) -> bool:
    """Whether certification lets all steps go to the tier."""
    n = len(differs)
    test = MeanTest(Units.of(np.arange(n) // steps_a_task, np.ones(n)), 1 - MAX_LOSS, CONFIDENCE)
    return test.is_below_zero(differs - MAX_LOSS, 0.5 + MAX_LOSS**2)


def differing(rate: float, n_tasks: int, steps_a_task: int, p_together: float, seed: int) -> np.ndarray:
    """Which answers differ, float [n_tasks * steps_a_task]: in a share ``p_together`` of the tasks all or none do."""
    rng = np.random.default_rng([seed, n_tasks])
    alone = rng.random((n_tasks, steps_a_task)) < rate
    is_together = rng.random(n_tasks) < p_together
    return np.where(is_together[:, None], alone[:, :1], alone).astype(float).ravel()


def half_certified(rate: float, steps_a_task: int = 1, p_together: float = 0.0) -> int:
    """The size of a log, in steps, from which half of the worlds are certified: the truth."""
    for n in (int(60 * 1.1**k) for k in range(60)):
        worlds = [differing(rate, n, steps_a_task, p_together, seed) for seed in range(N_WORLDS)]
        if np.mean([is_certified(world, steps_a_task) for world in worlds]) >= 0.5:
            return n * steps_a_task
    raise AssertionError(f"never certified at {rate}")


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_the_steps_needed_are_within_a_factor_of_two_of_the_truth(rate: float) -> None:
    truth, told = half_certified(rate), needed_at(rate, MAX_LOSS, CONFIDENCE)
    assert told is not None
    assert truth / 2 <= told <= 2 * truth


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_what_is_told_after_600_steps_holds_the_truth_between_its_ends(rate: float) -> None:
    truth = half_certified(rate)
    told = [
        steps_needed(seen(600, int(np.random.default_rng([seed, 3]).binomial(600, rate))), MAX_LOSS)
        for seed in range(200)
    ]
    held = [(one.least or np.inf) / 2 <= truth <= 2 * (one.most or np.inf) for one in told]
    assert np.mean(held) >= 0.9
    if rate <= 0.01:
        near = [one.expected is not None and truth / 2 <= one.expected <= 2 * truth for one in told]
        assert np.mean(near) >= 0.9


@pytest.mark.parametrize("rate", [0.03, 0.05, 0.1])
def test_at_a_rate_beyond_the_promise_it_is_never(rate: float) -> None:
    assert needed_at(rate, MAX_LOSS) is None
    assert "never at this rate of differences" in steps_needed(seen(1_000, 150), MAX_LOSS).text()
    world = (np.random.default_rng(5).random(20_000) < max(rate, 0.04)).astype(float)
    assert not is_certified(world)


def test_a_short_look_does_not_say_never() -> None:
    assert "too few were mirrored" in steps_needed(seen(20, 1), MAX_LOSS).text()
    assert steps_needed(seen(5, 0), MAX_LOSS).text().endswith("too few to tell")
    assert "more than 10,000 more" in steps_needed(seen(350, 10), MAX_LOSS).text()
    assert steps_needed(seen(20, 0), MAX_LOSS).text().endswith("as the rate may be)")
    assert steps_needed(seen(400, 2), MAX_LOSS).text() == "2 of 400 answers differ (0.5%): enough for 3%"


def test_more_differences_never_need_fewer_steps() -> None:
    needed = [needed_at(rate / 1_000, MAX_LOSS) or 10**9 for rate in range(41)]
    assert needed == sorted(needed)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 0.01])
@pytest.mark.parametrize("p_together", [0.0, 0.5, 1.0])
def test_steps_of_one_task_are_no_tasks_of_their_own(rate: float, p_together: float) -> None:
    """Told after 120 tasks of five steps, in worlds whose tasks differ as a whole, or step by step."""
    steps_a_task, truth = 5, half_certified(rate, 5, p_together)
    near = []
    for seed in range(100):
        differs = differing(rate, 120, steps_a_task, p_together, 1_000 + seed)
        told = steps_needed(Seen.by_task(int(differs.sum()), 0, [steps_a_task] * 120), MAX_LOSS)
        near.append((told.least or np.inf) / 2 <= truth <= 2 * (told.most or np.inf))
    assert np.mean(near) >= 0.9
    told_at_truth = needed_at(rate, MAX_LOSS)
    assert told_at_truth is not None
    assert truth / 2 <= told_at_truth * steps_a_task <= 2 * truth


def test_answers_of_few_tasks_say_so() -> None:
    told, alone = steps_needed(Seen.by_task(1, 1, [10] * 60), MAX_LOSS), steps_needed(seen(600, 2), MAX_LOSS)
    assert "2 of 600 answers differ (0.3%), 1 because they cannot be compared, worth 60 tasks" in told.text()
    assert told.expected is not None
    assert alone.expected is not None
    assert told.expected > 5 * alone.expected
    assert steps_needed(Seen.by_task(0, 0, []), MAX_LOSS).expected is None
