"""Fitting the calibration: it undoes a known distortion, leaves the unknown alone, and never sees its own rows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.training.fitting.calibration import cross_calibrated, fit_calibration

N_STEPS = 6000
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def scores() -> Floats:
    """True log-odds of the chain rows of two tiers."""
    return np.random.default_rng(0).normal(size=(N_STEPS, 3))


@pytest.fixture(scope="module")
def success(scores: Floats) -> Floats:
    rng = np.random.default_rng(1)
    p = 1 / (1 + np.exp(-scores))
    small = rng.random(N_STEPS) < p[:, 0]
    top = rng.random(N_STEPS) < np.where(small, p[:, 2], p[:, 1])
    return np.stack([small, top], axis=1).astype(np.float64)


NO_COSTS = np.zeros((N_STEPS, 2)), np.full((N_STEPS, 2), np.nan)


def fitted(scores: Floats, success: Floats, weight: Floats | None = None) -> Calibration:
    return fit_calibration(scores, success, *NO_COSTS, np.ones(N_STEPS) if weight is None else weight)


def test_a_known_distortion_is_undone(scores: Floats, success: Floats) -> None:
    """Scores twice too bold and shifted by one need slope .5 and intercept -.5."""
    found = fitted(2 * scores + 1, success)
    assert found.slope == pytest.approx(0.5, abs=0.06)
    assert found.intercept == pytest.approx(-0.5, abs=0.12)


def test_sound_scores_stay_as_they_are(scores: Floats, success: Floats) -> None:
    found = fitted(scores, success)
    assert found.slope == pytest.approx(1, abs=0.1)
    assert found.intercept == pytest.approx(0, abs=0.1)


def test_calibrated_probabilities_are_right_on_average(scores: Floats, success: Floats) -> None:
    p_success = fitted(3 * scores - 2, success).probabilities(3 * scores - 2).p_success
    assert p_success.mean(axis=0) == pytest.approx(success.mean(axis=0), abs=0.01)
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1)):
        inside = (p_success[:, 1] >= low) & (p_success[:, 1] < high)
        assert p_success[inside, 1].mean() == pytest.approx(success[inside, 1].mean(), abs=0.04)


def test_rows_that_no_outcome_speaks_of_stay_where_they_are(scores: Floats, success: Floats) -> None:
    """Only the cheap tier was tried: the rows of the other keep slope 1 and intercept 0."""
    alone = np.where([True, False], success, np.nan)
    found = fitted(scores, alone)
    assert found.slope[1:] == pytest.approx(1, abs=1e-3)
    assert found.intercept[1:] == pytest.approx(0, abs=1e-3)


def test_an_escalation_log_calibrates_as_full_information_does(scores: Floats, success: Floats) -> None:
    seen = success.copy()
    seen[success[:, 0] == 1, 1] = np.nan
    found = fitted(2 * scores + 1, seen)
    assert found.slope[:2] == pytest.approx(0.5, abs=0.08)
    assert found.intercept[:2] == pytest.approx(-0.5, abs=0.15)


def test_weights_decide_whom_it_fits(scores: Floats, success: Floats) -> None:
    shifted = scores + np.where(np.arange(N_STEPS) < N_STEPS // 2, 0.0, 1.0)[:, None]
    second_half = np.where(np.arange(N_STEPS) < N_STEPS // 2, 1e-6, 1.0)
    assert fitted(shifted, success, second_half).intercept == pytest.approx(-1, abs=0.2)


def test_predicted_costs_are_scaled_to_the_mean_that_was_paid(scores: Floats, success: Floats) -> None:
    log_cost = np.full((N_STEPS, 2), np.log(0.001))
    cost_usd = np.where(np.arange(N_STEPS)[:, None] % 2 == 0, [0.002, np.nan], [0.004, np.nan])
    found = fit_calibration(scores, success, log_cost, cost_usd, np.ones(N_STEPS))
    assert found.cost_usd(log_cost)[0] == pytest.approx([0.003, 0.001])


@pytest.mark.slow
def test_a_row_is_calibrated_without_its_fold(scores: Floats, success: Floats) -> None:
    folds = np.arange(N_STEPS) % 2
    log_cost, cost_usd = np.zeros((N_STEPS, 2)), np.ones((N_STEPS, 2))
    before, cost_before = cross_calibrated(scores, success, log_cost, cost_usd, folds, np.ones(N_STEPS))
    turned = np.where(folds[:, None] == 0, 1 - success, success)
    dearer = np.where(folds[:, None] == 0, 5.0, cost_usd)
    after, cost_after = cross_calibrated(scores, turned, log_cost, dearer, folds, np.ones(N_STEPS))
    assert np.array_equal(before.p_success[folds == 0], after.p_success[folds == 0])
    assert np.array_equal(cost_before[folds == 0], cost_after[folds == 0])
    assert not np.array_equal(before.p_success[folds == 1], after.p_success[folds == 1])
    assert cost_after[folds == 1] == pytest.approx(5.0)
    assert tier_probabilities(scores).p_success.shape == before.p_success.shape
