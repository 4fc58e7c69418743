"""Fits the calibration on rows that the booster did not see."""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import Floats, TierProbabilities, n_chain_rows, tier_probabilities
from tierwise.training.fitting.bends import fit_bends
from tierwise.training.fitting.chain_likelihood import chain_posterior

_PRIOR_STRENGTH = 5.0
"""Ridge towards "no change", in observations; keeps rows that nothing is known of where they are."""


def fit_calibration(scores: Floats, success: Floats, log_cost: Floats, cost_usd: Floats, weight: Floats) -> Calibration:
    """Platt scaling of every chain row by maximum likelihood of the outcomes, whichever of them are known; then bends.

    ``scores`` float64 [n, 2 k - 1] and ``log_cost`` float64 [n, k] are held-out predictions; ``success`` and
    ``cost_usd`` float64 [n, k] what happened, NaN where unknown; ``weight`` float64 [n] counts the steps. The gradient
    is that of :mod:`tierwise.training.fitting.chain_likelihood`.
    """
    n_rows = scores.shape[1]

    def negative_log_likelihood(parameters: Floats) -> tuple[float, Floats]:
        slope, intercept = parameters[:n_rows], parameters[n_rows:]
        calibrated = scores * slope + intercept
        posterior = chain_posterior(tier_probabilities(calibrated), success)
        p = 1.0 / (1.0 + np.exp(-np.clip(calibrated, -30, 30)))
        by_score = weight[:, None] * (posterior.at_risk * p - posterior.succeeded)
        gradient = np.concatenate([(by_score * scores).sum(axis=0), by_score.sum(axis=0)])
        deviation = np.concatenate([slope - 1.0, intercept])
        loss = -(weight @ posterior.log_likelihood) + 0.5 * _PRIOR_STRENGTH * (deviation**2).sum()
        return float(loss), gradient + _PRIOR_STRENGTH * deviation

    start = np.concatenate([np.ones(n_rows), np.zeros(n_rows)])
    bounds = [(0.05, 5.0)] * n_rows + [(-5.0, 5.0)] * n_rows
    fitted = minimize(negative_log_likelihood, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    straight = Calibration(fitted[:n_rows], fitted[n_rows:], _smearing(log_cost, cost_usd, weight))
    return replace(straight, bends=fit_bends(straight.log_odds(scores), success, weight))


def cross_calibrated(
    scores: Floats, success: Floats, log_cost: Floats, cost_usd: Floats, folds: np.ndarray, weight: Floats
) -> tuple[TierProbabilities, Floats]:
    """Probabilities and expected costs of every row under a calibration fitted without its fold.

    These are what operating points may be chosen on: neither booster nor calibration saw the row's outcome.
    """
    n_tiers = success.shape[1]
    calibrated, expected_cost = np.empty((len(scores), n_chain_rows(n_tiers))), np.empty_like(cost_usd)
    for fold in np.unique(folds):
        held_out = folds == fold
        rest = ~held_out
        calibration = fit_calibration(scores[rest], success[rest], log_cost[rest], cost_usd[rest], weight[rest])
        calibrated[held_out] = calibration.log_odds(scores[held_out])
        expected_cost[held_out] = calibration.cost_usd(log_cost[held_out])
    return tier_probabilities(calibrated), expected_cost


def _smearing(log_cost: Floats, cost_usd: Floats, weight: Floats) -> Floats:
    """log of the ratio of mean actual to mean predicted cost by tier (Duan 1983, in ratio form)."""
    is_known = ~np.isnan(cost_usd)
    actual = weight @ np.where(is_known, cost_usd, 0.0)
    predicted = weight @ np.where(is_known, np.exp(log_cost), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((actual > 0) & (predicted > 0), actual / predicted, 1.0)
    return np.asarray(np.log(ratio))
