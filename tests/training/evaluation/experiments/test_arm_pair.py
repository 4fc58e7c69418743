"""Two arms of several: their tasks, the odds between them, and what their costs come to up to the cap."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.training.evaluation.experiments.arm_pair import ArmPair, share_difference
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld

ALPHA = 0.05


def three_arms(n_tasks: int = 600) -> ExperimentTasks:
    tasks = ExperimentWorld().draw(n_tasks, 0)
    shares = np.tile([0.5, 0.3, 0.2], (n_tasks, 1))
    arm = np.random.default_rng(3).choice(3, size=n_tasks, p=[0.5, 0.3, 0.2])
    return replace(tasks, arms=("control", "one", "two"), p_arms=shares, arm=arm)


def test_the_odds_of_an_arm_are_those_against_the_control_alone() -> None:
    tasks = three_arms()
    pair = ArmPair.of(tasks, 2)
    assert np.allclose(pair.p_treated, 0.2 / 0.7)
    assert np.array_equal(pair.rows, np.flatnonzero(tasks.arm != 1))
    assert np.array_equal(pair.is_treated, tasks.arm[pair.rows] == 2)


def test_tasks_of_a_time_when_the_arm_got_none_are_left_out() -> None:
    """Before the ramp began nobody could have come into the arm: those tasks compare nothing."""
    tasks = ExperimentWorld().draw(200, 0)
    tasks.p_arms[:50] = (1.0, 0.0)
    tasks.arm[:50] = 0
    assert ArmPair.of(tasks, 1).rows.min() == 50


def test_costs_without_a_cap_in_reach_are_plain_differences_and_ratios() -> None:
    tasks = ExperimentWorld().draw(3000, 1)
    tasks.cost_usd[:] = 1.0 + 0.5 * (tasks.arm == 1)
    cost = ArmPair.of(tasks, 1).cost(ALPHA)
    assert cost.difference.last().value == pytest.approx(0.5, abs=0.02)
    assert cost.ratio.last().value == pytest.approx(1.5, abs=0.02)
    assert cost.wide_difference.last().value == pytest.approx(0.5, abs=0.2)
    assert (cost.cap_usd, cost.share_over_cap) == (3.0, 0.0)


def test_the_cap_that_is_told_is_the_one_of_the_latest_task() -> None:
    """Of costs that grow, just after the cap was learned anew."""
    tasks = ExperimentWorld().draw(359, 1)
    tasks.cost_usd[:] = np.arange(1.0, 360.0)
    assert ArmPair.of(tasks, 1).cost(ALPHA).cap_usd == pytest.approx(2 * np.quantile(tasks.cost_usd[:-1], 0.9))


def test_the_part_of_the_money_above_the_cap_is_told() -> None:
    tasks = ExperimentWorld().draw(1000, 1)
    tasks.cost_usd[:] = 1.0
    tasks.cost_usd[500] = 970.0
    cost = ArmPair.of(tasks, 1).cost(ALPHA)
    assert cost.cap_usd == 2.0
    assert cost.share_over_cap == pytest.approx(968 / (967 + 970))


def test_the_wide_difference_sees_twenty_times_as_far() -> None:
    tasks = ExperimentWorld().draw(4000, 1)
    tasks.cost_usd[:] = 1.0
    tasks.cost_usd[(tasks.arm == 1) & (np.arange(4000) % 20 == 0)] = 30.0
    cost = ArmPair.of(tasks, 1).cost(ALPHA)
    assert cost.difference.last().value == pytest.approx(0.05, abs=0.03)
    assert cost.wide_difference.last().value == pytest.approx(29 / 20, abs=0.5)


def test_escalations_count_up_to_what_they_are_asked_to() -> None:
    tasks = ExperimentWorld().draw(2000, 1)
    tasks.escalations[:] = np.where(tasks.arm == 1, 6.0, 0.0)
    pseudo = ArmPair.of(tasks, 1).adjusted("escalations", cap=2.0)
    assert np.average(pseudo.difference * pseudo.cap, weights=pseudo.weights) == pytest.approx(2.0, abs=0.05)


def test_unknown_values_are_left_out_and_their_shares_compared() -> None:
    tasks = ExperimentWorld().draw(2000, 1)
    tasks.success[(tasks.arm == 1) & (np.arange(2000) % 2 == 0)] = np.nan
    pair = ArmPair.of(tasks, 1)
    assert share_difference(pair.adjusted("success"), ALPHA).last().n == int((~np.isnan(tasks.success)).sum())
    assert pair.unknown("success", ALPHA).last().value == pytest.approx(0.5, abs=0.04)
    assert pair.unknown("cost_usd", ALPHA).last().value == pytest.approx(0.0, abs=0.02)
