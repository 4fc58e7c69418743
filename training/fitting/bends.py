"""Fits the monotone bends of the calibration: isotonic regression of outcomes on predictions, chain row by chain row.

Where outcomes are unknown, what is expected of them given what was seen stands in
(:mod:`tierwise.training.fitting.chain_likelihood`), and the fit is repeated with the improved expectation: expectation
maximisation (Dempster, Laird and Rubin 1977).
"""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from tierwise.router_model.predicting.calibration import Bend
from tierwise.router_model.predicting.chain import Floats, tier_probabilities
from tierwise.training.fitting.chain_likelihood import chain_posterior

STEPS_PER_KNOT = 300
"""Fewer would follow the noise: a knot's share of successes is then known to about three points."""
MAX_KNOTS = 20
_N_PASSES = 2
_PRIOR_STRENGTH = 10.0
"""Steps that agree with the prediction, added to every knot."""


def fit_bends(log_odds: Floats, success: Floats, weight: Floats) -> tuple[Bend, ...]:
    """One bend a chain row; none when the log is too small for them.

    ``log_odds`` float64 [n, 2 k - 1] are held-out predictions, ``success`` float64 [n, k] what happened (NaN unknown),
    ``weight`` float64 [n] counts the steps.
    """
    n_knots = min(MAX_KNOTS, int(weight.sum() + 1e-6) // STEPS_PER_KNOT)
    if n_knots < 2:
        return ()
    bends: tuple[Bend, ...] = ()
    bent = log_odds
    for _ in range(_N_PASSES):
        posterior = chain_posterior(tier_probabilities(bent), success)
        at_risk, succeeded = weight[:, None] * posterior.at_risk, weight[:, None] * posterior.succeeded
        bends = tuple(
            _bend(log_odds[:, row], at_risk[:, row], succeeded[:, row], n_knots) for row in range(log_odds.shape[1])
        )
        bent = np.stack([bend.bent(log_odds[:, row]) for row, bend in enumerate(bends)], axis=1)
    return bends


def _bend(log_odds: Floats, at_risk: Floats, succeeded: Floats, n_knots: int) -> Bend:
    """Knots hold equal shares of what is at risk; each moves to its share of successes, in monotone order."""
    order = np.argsort(log_odds, kind="stable")
    reached = np.cumsum(at_risk[order])
    if reached[-1] < STEPS_PER_KNOT:
        return Bend(np.zeros(1), np.zeros(1))
    knot = np.empty(len(order), dtype=np.int64)
    knot[order] = np.minimum((reached / reached[-1] * n_knots).astype(np.int64), n_knots - 1)
    p = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -30, 30)))
    n_steps, n_succeeded, n_expected, sum_log_odds = (
        np.bincount(knot, values, n_knots) for values in (at_risk, succeeded, at_risk * p, at_risk * log_odds)
    )
    is_held = n_steps > 0
    n_steps = n_steps[is_held]
    at = sum_log_odds[is_held] / n_steps
    share = (n_succeeded[is_held] + _PRIOR_STRENGTH * n_expected[is_held] / n_steps) / (n_steps + _PRIOR_STRENGTH)
    monotone = IsotonicRegression().fit(at, share, sample_weight=n_steps + _PRIOR_STRENGTH).predict(at)
    monotone = np.clip(monotone, 1e-4, 1 - 1e-4)
    return Bend(at, np.log(monotone / (1 - monotone)) - at)
