"""Variance reduction: it changes no truth, looks at no later task, and leaves less to chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.training.evaluation.experiments.adjustment import learned_caps, pseudo_outcomes
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld


def test_adjusted_values_have_the_true_mean_and_less_variance() -> None:
    world = ExperimentWorld(lost_success=0.1)
    tasks = world.draw(20_000, 0)
    is_treated = tasks.arm == 1
    adjusted = pseudo_outcomes(tasks.success, is_treated, tasks.p_arms[:, 1], tasks.covariates)
    plain = pseudo_outcomes(tasks.success, is_treated, tasks.p_arms[:, 1], np.empty((len(tasks), 0)))
    assert abs(adjusted.difference.mean() - world.true_success_difference()) < 0.01
    assert adjusted.difference.var() < 0.8 * plain.difference.var()


@pytest.mark.slow
@given(st.integers(20, 300), st.integers(0, 5))
def test_a_number_once_shown_never_changes(n_shown: int, seed: int) -> None:
    tasks = ExperimentWorld().draw(400, seed)
    whole, part = (
        pseudo_outcomes(tasks.cost_usd[:n], tasks.arm[:n] == 1, tasks.p_arms[:n, 1], tasks.covariates[:n], cap=None)
        for n in (400, n_shown)
    )
    assert np.array_equal(part.weights, whole.weights[:n_shown])
    assert np.array_equal(part.cap, whole.cap[:n_shown])
    assert np.array_equal(part.treated, whole.treated[:n_shown])
    assert np.array_equal(part.control, whole.control[:n_shown])


def test_tasks_of_a_one_percent_stage_stay_bounded_by_their_weight() -> None:
    tasks = ExperimentWorld(is_ramped=True).draw(2000, 1)
    pseudo = pseudo_outcomes(tasks.success, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates)
    assert np.abs(pseudo.weights * pseudo.difference).max() <= 5
    assert np.allclose(pseudo.weights[tasks.p_arms[:, 1] == 0.5], 1.0)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_over_the_draw_of_the_arm_a_pseudo_outcome_is_the_outcome(share: float) -> None:
    """Whatever the regression predicts, at both ends: with p the value of the drawn arm, otherwise the prediction."""
    tasks = ExperimentWorld(share=share).draw(500, 0)
    pseudo = pseudo_outcomes(tasks.success, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates)
    p = tasks.p_arms[:, 1]
    at_none, at_all, otherwise, _ = pseudo.treated_ends
    assert np.allclose(p * at_none + (1 - p) * otherwise, 0.0)
    assert np.allclose(p * at_all + (1 - p) * otherwise, 1.0)
    otherwise, _, at_none, at_all = pseudo.control_ends
    assert np.allclose((1 - p) * at_none + p * otherwise, 0.0)
    assert np.allclose((1 - p) * at_all + p * otherwise, 1.0)
    is_treated = tasks.arm == 1
    parts = (at_all - at_none) * tasks.success + at_none
    assert np.allclose(pseudo.control, np.where(is_treated, otherwise, parts))


def test_every_value_lies_between_its_ends() -> None:
    tasks = ExperimentWorld(share=0.05, tail=1.1).draw(2000, 3)
    pseudo = pseudo_outcomes(tasks.cost_usd, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates, cap=None)
    for values, ends in ((pseudo.treated, pseudo.treated_ends), (pseudo.control, pseudo.control_ends)):
        assert np.all(values >= ends.min(axis=0) - 1e-9)
        assert np.all(values <= ends.max(axis=0) + 1e-9)


def test_a_cap_is_twice_what_nine_of_ten_came_to_before() -> None:
    caps = learned_caps(np.r_[np.arange(1.0, 33.0), np.full(32, 99.0)])
    assert np.isnan(caps[:32]).all()
    assert np.allclose(caps[32:], 2 * np.quantile(np.arange(1.0, 33.0), 0.9))


def test_tasks_that_cost_nothing_set_no_cap_and_none_is_no_cap() -> None:
    free = np.r_[np.zeros(31), 5.0, np.zeros(32)]
    assert np.allclose(learned_caps(free)[32:], 10.0)
    assert np.isnan(learned_caps(np.zeros(200))).all()


def test_a_task_before_there_is_a_cap_weighs_nothing() -> None:
    tasks = ExperimentWorld().draw(100, 0)
    pseudo = pseudo_outcomes(tasks.cost_usd, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates, cap=None)
    assert pseudo.weights.tolist() == [0.0] * 32 + [1.0] * 68


def test_one_giant_task_counts_as_much_as_a_dear_one() -> None:
    """A task a million times as dear as any other moves no value by more than its cap."""
    tasks = ExperimentWorld().draw(1000, 0)
    with_giant = tasks.cost_usd.copy()
    with_giant[700] *= 1e6
    plain, moved = (
        pseudo_outcomes(cost, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates, cap=None)
        for cost in (tasks.cost_usd, with_giant)
    )
    assert abs(moved.difference - plain.difference).max() <= 2.0 + 1e-9
