"""Shares and savings: exact on tiny sums, and their intervals cover the truth when tasks are drawn again and again."""

import numpy as np
import pytest

from tierwise.data.compared.intervals import MIN_CLUSTERS, ClusterSums, saving_interval, share_interval


def sums(x: np.ndarray, y: np.ndarray, n: int) -> ClusterSums:
    products = [float((a * b).sum()) for a, b in ((x, x), (y, y), (x, y))]
    return ClusterSums(n, len(x), float(x.sum()), float(y.sum()), *products)


def test_nothing_to_divide_by_is_none() -> None:
    empty = ClusterSums(0, 0, 0, 0, 0, 0, 0)
    assert share_interval(empty) is None
    assert saving_interval(empty) is None


def test_a_share_of_one_still_has_an_interval() -> None:
    share = share_interval(sums(np.full(10, 1.0), np.full(10, 1.0), 10))
    assert share is not None
    assert share.value == 1
    assert share.low is not None
    assert share.low == pytest.approx(0.7225, abs=1e-3)


def test_steps_of_one_task_count_as_one() -> None:
    """Ten tasks of ten equal steps carry as much as ten steps."""
    alone = share_interval(sums(np.array([1.0, 0.0] * 5), np.full(10, 1.0), 10))
    together = share_interval(sums(np.array([10.0, 0.0] * 5), np.full(10, 10.0), 100))
    assert alone is not None
    assert together is not None
    assert together.low == pytest.approx(alone.low)
    assert together.n_effective == pytest.approx(10)


def test_few_tasks_give_a_saving_without_an_interval() -> None:
    few = saving_interval(sums(np.full(MIN_CLUSTERS - 1, 1.0), np.full(MIN_CLUSTERS - 1, 4.0), 7))
    assert few is not None
    assert few.value == pytest.approx(0.75)
    assert few.low is None


def test_the_interval_of_a_saving_covers_the_truth() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        top = rng.gamma(2.0, 1.0, size=80)
        spent = top * rng.choice([0.1, 1.0], p=[0.6, 0.4], size=80)
        found = saving_interval(sums(spent, top, 80))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.54 <= found.high  # 1 - (0.6 * 0.1 + 0.4 * 1)
    assert covered / 400 >= 0.92
