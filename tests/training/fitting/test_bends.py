"""Bends repair what a line cannot, leave alone what is right, and stay monotone."""

import numpy as np
import pytest

from tierwise.router_model.predicting.calibration import Bend
from tierwise.router_model.predicting.chain import Floats, tier_probabilities
from tierwise.training.fitting.bends import STEPS_PER_KNOT, fit_bends

N_STEPS = 12_000


def world(seed: int) -> tuple[Floats, Floats]:
    """True log-odds of the chain rows of two tiers, and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, (N_STEPS, 1)) + np.array([-1.0, 0.5, 2.0])
    chain = tier_probabilities(truth)
    first = rng.random(N_STEPS) < chain.hazard[:, 0]
    second = rng.random(N_STEPS) < np.where(first, chain.keep[:, 1], chain.hazard[:, 1])
    return truth, np.stack([first, second], axis=1).astype(np.float64)


def squashed(truth: Floats) -> Floats:
    """A monotone distortion that no line can undo."""
    return np.asarray(np.sign(truth) * np.abs(truth) ** 2 / 2)


def bent(log_odds: Floats, bends: tuple[Bend, ...]) -> Floats:
    return np.stack([bend.bent(log_odds[:, row]) for row, bend in enumerate(bends)], axis=1)


def mean_error(log_odds: Floats, truth: Floats) -> float:
    return float(np.abs(tier_probabilities(log_odds).p_success - tier_probabilities(truth).p_success).mean())


@pytest.mark.parametrize("share_known", [1.0, 0.5], ids=["full information", "half of the outcomes"])
def test_a_distortion_that_no_line_undoes_is_undone(share_known: float) -> None:
    truth, success = world(0)
    seen = np.where(np.random.default_rng(5).random(success.shape) < share_known, success, np.nan)
    predicted = squashed(truth)
    bends = fit_bends(predicted, seen, np.ones(N_STEPS))
    fresh, _ = world(1)
    assert mean_error(bent(squashed(fresh), bends), fresh) < 0.5 * mean_error(squashed(fresh), fresh)


def test_right_predictions_stay_nearly_as_they_are() -> None:
    truth, success = world(2)
    assert mean_error(bent(truth, fit_bends(truth, success, np.ones(N_STEPS))), truth) < 0.015


def test_bends_never_change_the_order_of_steps() -> None:
    truth, success = world(3)
    grid = np.linspace(-12, 12, 2000)
    for bend in fit_bends(squashed(truth), success, np.ones(N_STEPS)):
        assert (np.diff(bend.bent(grid)) >= -1e-9).all()


def test_a_small_log_gets_no_bends() -> None:
    truth, success = world(4)
    n_few = 2 * STEPS_PER_KNOT - 1
    assert fit_bends(truth[:n_few], success[:n_few], np.ones(n_few)) == ()


def test_a_row_that_no_step_reaches_is_left_alone() -> None:
    truth, _ = world(5)
    never = np.zeros((N_STEPS, 2))
    keep = fit_bends(truth, never, np.ones(N_STEPS))[2]
    assert keep.bent(np.array([-1.0, 3.0])) == pytest.approx([-1.0, 3.0])
