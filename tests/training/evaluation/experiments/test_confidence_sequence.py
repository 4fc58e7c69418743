"""The intervals: they hold at every look at once, whatever the world; a ratio inherits that."""

import numpy as np

from tierwise.training.evaluation.experiments.confidence_sequence import Boundary, mean_sequence, ratio_sequence


def test_the_sequence_is_the_published_formula() -> None:
    """Waudby-Smith et al. 2024, for equally weighted terms."""
    rng = np.random.default_rng(0)
    terms = rng.normal(2.0, 3.0, 500)
    boundary = Boundary(alpha=0.05, n_planned=400)
    found = mean_sequence(terms, np.ones(500), boundary)
    rho2 = (-2 * np.log(0.05) + np.log(-2 * np.log(0.05)) + 1) / 400
    t = 500
    radius = terms.std() * np.sqrt(2 * (t * rho2 + 1) / (t**2 * rho2) * np.log(np.sqrt(t * rho2 + 1) / 0.05))
    # two further terms of no variance stand at the start, so that a calm start is not certainty
    assert np.isclose(found.high[-1] - found.value[-1], radius * np.sqrt(t / (t + 2)))
    assert np.isclose(found.value[-1], terms.mean())


def test_a_thousand_looks_miss_the_truth_no_more_often_than_one_may() -> None:
    """Skewed terms, half of which count a tenth. The intervals are asymptotic: 100 terms come first."""
    rng = np.random.default_rng(1)
    weights = np.where(np.arange(1000) % 2 == 0, 1.0, 0.1)
    missed = 0
    for _ in range(400):
        found = mean_sequence(rng.exponential(1.0, 1000), weights, Boundary(0.1, 500))
        outside = (found.low > 1.0) | (found.high < 1.0)
        missed += bool(outside[100:].any())
    assert missed / 400 <= 0.1


def test_a_ratio_holds_the_truth_and_narrows() -> None:
    rng = np.random.default_rng(2)
    bottom = rng.exponential(2.0, 3000)
    found = ratio_sequence(0.7 * bottom + rng.normal(0, 0.1, 3000), bottom, np.ones(3000), Boundary(0.05, 1000))
    last = found.last()
    assert last.low < 0.7 < last.high
    assert last.high - last.low < 0.1 * (found.high[50] - found.low[50]) + 0.02


def test_a_ratio_over_what_cannot_be_told_from_nothing_is_unbounded() -> None:
    rng = np.random.default_rng(3)
    last = ratio_sequence(np.ones(50), rng.normal(0, 1, 50), np.ones(50), Boundary()).last()
    assert (last.low, last.high) == (-np.inf, np.inf)


def test_a_start_of_equal_successes_is_no_certainty() -> None:
    last = mean_sequence(np.zeros(20), np.ones(20), Boundary(), prior_variance=0.25).last()
    assert last.high > 0.1
