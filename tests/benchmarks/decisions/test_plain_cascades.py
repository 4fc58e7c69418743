"""Plain cascades and the best mix of them, on worlds small enough to know by heart."""

import numpy as np
import pytest

from benchmarks.decisions.cascading.plain_cascades import PlainCascade, best_success, least_cost, plain_cascades

SUCCESS = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
COST_USD = np.array([[1.0, 3.0, 9.0], [1.0, 3.0, 9.0]])
COST, REACHED = np.array([1.0, 2.0, 4.0, 5.0]), np.array([0.5, 0.8, 0.7, 0.9])


def test_every_start_and_every_skip_is_among_them() -> None:
    assert {one.tiers for one in plain_cascades(3)} == {(2,), (1, 2), (0, 2), (0, 1, 2)}
    assert len(plain_cascades(5)) == 16


@pytest.mark.parametrize(
    ("tiers", "success", "cost"),
    [((2,), [1, 1], [9, 9]), ((0, 2), [1, 1], [10, 10]), ((1, 2), [1, 1], [12, 3]), ((0, 1, 2), [1, 1], [13, 4])],
)
def test_a_cascade_goes_up_after_a_failure_that_is_caught(
    tiers: tuple[int, ...], success: list[int], cost: list[int]
) -> None:
    found = PlainCascade(tiers).run(SUCCESS, COST_USD, 1.0)
    assert found[0].tolist() == success
    assert found[1].tolist() == cost


def test_a_failure_that_is_missed_is_final() -> None:
    success, cost = PlainCascade((0, 2)).run(SUCCESS, COST_USD, 0.5)
    assert success.tolist() == [0.5, 0.5]
    assert cost.tolist() == [5.5, 5.5]


def test_a_cascade_is_named_by_its_tiers() -> None:
    assert PlainCascade((0, 2)).named(("small", "mid", "top")) == "small → top"


@pytest.mark.parametrize(
    ("at_cost", "success"), [(0.5, 0.5), (1.0, 0.5), (1.5, 0.65), (2.0, 0.8), (3.5, 0.85), (9, 0.9)]
)
def test_a_mix_reaches_what_lies_on_the_line_between_two(at_cost: float, success: float) -> None:
    assert best_success(COST, REACHED, at_cost) == pytest.approx(success)


@pytest.mark.parametrize(("at_success", "cost"), [(0.4, 1.0), (0.65, 1.5), (0.85, 3.5), (0.95, 5.0)])
def test_what_success_costs_at_least(at_success: float, cost: float) -> None:
    assert least_cost(COST, REACHED, at_success) == pytest.approx(cost)


def test_a_dear_cascade_that_succeeds_less_often_is_no_part_of_a_mix() -> None:
    assert best_success(np.array([1.0, 2.0]), np.array([0.9, 0.8]), 2.0) == 0.9
    assert least_cost(np.array([1.0, 2.0]), np.array([0.9, 0.8]), 0.85) == 1.0
