"""Operating points: the test behind them never lies more often than it says, and they are never bolder than asked."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tierwise.training.operating_points import HeldOut, certify, is_mean_below_zero


def test_a_mean_of_zero_is_rejected_no_more_often_than_the_confidence_allows() -> None:
    rng = np.random.default_rng(0)
    rejected = [is_mean_below_zero(rng.choice([-1.0, 0.0, 1.0], 400, p=[0.2, 0.6, 0.2]), 1.0, 0.9) for _ in range(400)]
    assert np.mean(rejected) <= 0.1


def test_a_clearly_negative_mean_is_found() -> None:
    values = np.random.default_rng(0).choice([-1.0, 0.5], 800, p=[0.5, 0.5])
    assert is_mean_below_zero(values, 1.0, 0.95)


def test_the_order_of_the_rows_does_not_matter() -> None:
    values = np.random.default_rng(0).choice([-1.0, 0.9], 300, p=[0.55, 0.45])
    assert is_mean_below_zero(values, 1.0, 0.9) == is_mean_below_zero(values[::-1], 1.0, 0.9)


def held_out(n_steps: int, seed: int) -> HeldOut:
    rng = np.random.default_rng(seed)
    p_success = np.sort(rng.random((n_steps, 3)), axis=1)
    cost_usd = np.tile([0.001, 0.01, 0.1], (n_steps, 1))
    success = (rng.random((n_steps, 3)) < p_success).astype(np.float64)
    return HeldOut(p_success, cost_usd, success, cost_usd, np.zeros(n_steps, dtype=np.bool_), np.ones(n_steps))


def test_certified_points_keep_their_loss_and_grow_bolder_with_it() -> None:
    points = [point for point in certify([held_out(3000, 0)], 0.9) if point.cost_weight is not None]
    assert points
    assert all(point.loss <= point.loss_upper <= point.max_quality_loss for point in points)
    assert all(a.cost_weight <= b.cost_weight for a, b in pairwise(points))


def test_the_same_steps_twice_certify_what_they_certify_once() -> None:
    once = held_out(1000, 0)
    assert certify([once, once], 0.9) == certify([once], 0.9)


def test_a_repeat_that_fails_holds_back_what_another_certifies() -> None:
    """The second repeat takes the order of the tiers upside down; the top tier is still the last one."""
    good = held_out(1000, 0)
    bad = replace(good, p_success=good.p_success[:, ::-1])
    pairs = zip(certify([good], 0.9), certify([good, bad], 0.9), certify([bad], 0.9), strict=True)
    savings = [(one.saving, both.saving, other.saving) for one, both, other in pairs if one.max_quality_loss == 0.1]
    assert savings[0][0] > savings[0][1] >= savings[0][2]


def test_a_few_steps_support_nothing_small() -> None:
    assert certify([held_out(20, 0)], 0.9)[0].cost_weight is None
