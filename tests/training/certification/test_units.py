"""Units: tasks of any size as bounded observations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.records import LoggedStep, Step
from tierwise.training.certification.units import Units, unit_codes

SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=60)


def units_of(sizes: list[int]) -> Units:
    return Units.of(np.repeat(np.arange(len(sizes)), sizes), np.ones(sum(sizes)))


@pytest.mark.parametrize(("sizes", "cap"), [([1] * 50, 1), ([20] * 50, 20), ([1] * 99 + [2], 1)])
def test_equal_tasks_are_never_cut_and_a_few_pairs_do_not_halve_the_log(sizes: list[int], cap: float) -> None:
    assert units_of(sizes).cap == cap


def test_one_giant_task_does_not_outweigh_the_log() -> None:
    units = units_of([1] * 100 + [2000])
    assert units.cap == 1
    assert units.n_effective == 101


@given(SIZES)
def test_a_bounded_step_makes_a_bounded_unit(sizes: list[int]) -> None:
    units = units_of(sizes)
    bounded = units.bounded(units.sums(np.ones(sum(sizes))))
    assert bounded.max() <= 1 + 1e-12
    assert 0 < units.n_effective <= len(sizes)


def test_a_small_task_counts_by_its_share_of_the_cap() -> None:
    """Else a hundred single steps would outweigh as many tasks of twenty."""
    units = units_of([1] * 10 + [20] * 200)
    assert units.cap == 20
    bounded = units.bounded(units.sums(np.ones(10 + 20 * 200)))
    assert bounded.tolist() == pytest.approx([0.05] * 10 + [1.0] * 200)


def test_steps_without_weight_make_no_unit() -> None:
    units = Units.of(np.array([5, 5, 7]), np.array([0.0, 0.0, 0.5]))
    assert (units.n_units, units.code.tolist()) == (1, [-1, -1, 0])
    assert units.sums(np.array([9.0, 9.0, 2.0])).tolist() == [1.0]


def test_steps_of_a_group_or_else_of_a_task_are_one_unit() -> None:
    steps = [
        LoggedStep("a", Step("x"), task_id="t"),
        LoggedStep("b", Step("x"), task_id="t"),
        LoggedStep("c", Step("x"), task_id="t", group="g"),
        LoggedStep("d", Step("x")),
    ]
    assert unit_codes(steps).tolist() == [0, 0, 1, 2]
