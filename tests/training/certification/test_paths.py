"""The weight of a saving, held against trying weights one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tierwise.training.certification.held_out import Expected
from tierwise.training.certification.paths import SAVINGS, choose, weights_at

SMALLEST, LARGEST = -30.0, 1e4


def drawn(seed: int) -> tuple[Expected, NDArray[np.bool_], NDArray[np.bool_]]:
    """Odd on purpose: ties in both, costs in any order, a closed tier, a step at a fixed tier, steps that lean."""
    rng = np.random.default_rng(seed)
    n_steps, n_tiers = int(rng.integers(1, 40)), int(rng.integers(2, 6))
    p_success = np.round(rng.random((n_steps, n_tiers)), int(rng.choice([1, 9])))
    cost_usd = np.round(rng.lognormal(size=(n_steps, n_tiers)), int(rng.choice([1, 9]))) + 0.1
    factor = np.exp(0.3 * rng.uniform(-1, 1, n_steps)) if rng.integers(2) else None
    tiers = np.ones(n_tiers, dtype=np.bool_)
    tiers[: int(rng.integers(n_tiers))] = rng.integers(2)
    return Expected(p_success, cost_usd, cost_usd[:, -1], weight_factor=factor), tiers, rng.random(n_steps) < 0.1


def saving(expected: Expected, tiers: NDArray[np.bool_], is_fixed: NDArray[np.bool_], weight: float) -> float:
    chosen = np.where(is_fixed, len(tiers) - 1, choose(expected, tiers, weight))
    return float(1 - expected.relative_cost[np.arange(len(chosen)), chosen].sum() / len(chosen))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.integers(0, 100_000))
def test_the_weight_is_the_lowest_that_saves_as_much(seed: int) -> None:
    expected, tiers, is_fixed = drawn(seed)
    for asked, weight in zip(SAVINGS, weights_at(expected, tiers, is_fixed), strict=True):
        here = saving(expected, tiers, is_fixed, float(weight))
        below = saving(expected, tiers, is_fixed, float(weight) - 1e-4 * max(abs(weight), 1e-4))
        assert here >= asked - 1e-9 or weight == LARGEST
        assert below < asked + 1e-9 or weight == SMALLEST


def test_what_no_weight_saves_gets_the_largest() -> None:
    expected = Expected(np.array([[0.5, 0.9]]), np.array([[0.5, 1.0]]), np.ones(1))
    nobody, both = np.zeros(1, dtype=np.bool_), np.ones(2, dtype=np.bool_)
    found = weights_at(expected, both, nobody, [0.5, 0.51])
    assert found == pytest.approx([0.8, LARGEST], rel=1e-3)
    assert np.isnan(weights_at(expected.take(nobody), both, nobody[:0], [0.5])).all()
