"""A ratio of sums: its error by the formula, and an interval that is the wider of two."""

import numpy as np
import pytest
from scipy import stats

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.logged.ratio import NOMINAL_LEVEL, RatioEstimate, estimate_ratio

DRAWS = Bootstrap(400)


def of_groups(s: np.ndarray, u: np.ndarray, n_effective: float | None = None) -> RatioEstimate:
    n = len(s)
    return estimate_ratio(s, u, np.arange(n), n if n_effective is None else n_effective, DRAWS)


def students(found: RatioEstimate, n_effective: float) -> float:
    return float(stats.t.ppf((1 + NOMINAL_LEVEL) / 2, n_effective - 1)) * found.standard_error


def test_value_and_error_are_those_of_linearisation() -> None:
    rng = np.random.default_rng(0)
    u = rng.gamma(2.0, size=60)
    s = 0.4 * u + rng.normal(0, 0.3, 60)
    found = of_groups(s, u)
    residuals = s - s.sum() / u.sum() * u
    assert found.value == pytest.approx(s.sum() / u.sum())
    assert found.standard_error == pytest.approx(np.sqrt(60 / 59 * (residuals**2).sum()) / u.sum())


def test_steps_of_one_group_are_one() -> None:
    rng = np.random.default_rng(1)
    s, u = rng.random(40), np.ones(40)
    found = estimate_ratio(np.repeat(s, 3), np.repeat(u, 3), np.repeat(np.arange(40), 3), 40, DRAWS)
    assert found.standard_error == pytest.approx(of_groups(s, u).standard_error)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_is_at_least_students(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = of_groups(rng.normal(size=30), np.ones(30), n_effective=8.0)
    assert found.low <= found.value - students(found, 8.0) + 1e-12
    assert found.high >= found.value + students(found, 8.0) - 1e-12


def test_a_sum_that_rests_on_a_few_large_ones_reaches_further_where_more_of_them_may_hide() -> None:
    found = of_groups(np.random.default_rng(3).lognormal(0.0, 2.0, 80), np.ones(80))
    assert found.high - found.value > 1.5 * students(found, 80)
    assert found.value - found.low == pytest.approx(students(found, 80))


def test_what_never_varies_is_a_point() -> None:
    found = of_groups(np.full(10, 0.5), np.ones(10))
    assert (found.value, found.standard_error, found.low, found.high) == (0.5, 0.0, 0.5, 0.5)
