"""Variance reduction: it changes no truth, looks at no later task, and leaves less to chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tierwise.training.evaluation.experiments.adjustment import pseudo_outcomes
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld


def test_adjusted_values_have_the_true_mean_and_less_variance() -> None:
    world = ExperimentWorld(lost_success=0.1)
    tasks = world.draw(20_000, 0)
    is_treated = tasks.arm == 1
    adjusted = pseudo_outcomes(tasks.success, is_treated, tasks.p_arms[:, 1], tasks.covariates)
    plain = pseudo_outcomes(tasks.success, is_treated, tasks.p_arms[:, 1], np.empty((len(tasks), 0)))
    assert abs(adjusted.difference.mean() - world.true_success_difference()) < 0.01
    assert adjusted.difference.var() < 0.8 * plain.difference.var()


@given(st.integers(20, 300), st.integers(0, 5))
def test_a_number_once_shown_never_changes(n_shown: int, seed: int) -> None:
    tasks = ExperimentWorld().draw(400, seed)
    arguments = (tasks.cost_usd, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates)
    whole = pseudo_outcomes(*arguments)
    part = pseudo_outcomes(*(column[:n_shown] for column in arguments))
    assert np.array_equal(part.treated, whole.treated[:n_shown])
    assert np.array_equal(part.control, whole.control[:n_shown])


def test_tasks_of_a_one_percent_stage_stay_bounded_by_their_weight() -> None:
    tasks = ExperimentWorld(is_ramped=True).draw(2000, 1)
    pseudo = pseudo_outcomes(tasks.success, tasks.arm == 1, tasks.p_arms[:, 1], tasks.covariates)
    assert np.abs(pseudo.weights * pseudo.difference).max() <= 5
    assert np.allclose(pseudo.weights[tasks.p_arms[:, 1] == 0.5], 1.0)
