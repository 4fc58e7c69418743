"""Fits the linear half of the predictor by the same likelihood as the trees, with a ridge that shares strength.

The weights of a chain row are the sum of a part that all rows share, one of its tier and, for a keep row, one of its
state. The finer the part, the stronger its ridge: rows that a log says little of follow the others.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tierwise.router_model.predicting.chain import (
    Floats,
    chain_columns,
    chain_offsets,
    row_probabilities,
    states_of,
)
from tierwise.router_model.predicting.linear_chain import LinearChain, standardised
from tierwise.training.fitting.task_ends import SeenOutcomes, TaskEnds

_SHARED_RIDGE, _TIER_RIDGE, _STATE_RIDGE = 60.0, 200.0, 600.0
"""In rows, two a step (it and its copy): chosen on real steps, and flat around the optimum."""
_INTERCEPT_RIDGE = 0.02
_MIN_SCALE = 1e-3
_MAX_ITERATIONS = 60


def fit_linear_chain(
    vectors: NDArray[np.float32], success: Floats, weight: Floats, ends: TaskEnds | None = None
) -> LinearChain:
    """From vectors float32 [n, d], success float64 [n, k] (1, 0, NaN unknown), weights float64 [n] and tasks' ends."""
    seen = SeenOutcomes(success, weight, ends)
    centre = vectors.mean(axis=0, dtype=np.float64)
    scale = np.maximum(vectors.std(axis=0, dtype=np.float64), _MIN_SCALE)
    inputs = np.hstack([standardised(vectors, centre, scale), np.ones((len(vectors), 1))])
    parts, ridge = _parts(success.shape[1], inputs.shape[1])
    offsets = chain_offsets(success.shape[1])

    def negative_log_likelihood(flat: Floats) -> tuple[float, Floats]:
        coefficients = flat.reshape(ridge.shape)
        scores = inputs @ (parts @ coefficients).T + offsets
        posterior = seen.posterior(*states_of(row_probabilities(scores)))
        p = 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))
        by_score = seen.weight[:, None] * (posterior.at_risk * p - posterior.succeeded)
        gradient = parts.T @ (by_score.T @ inputs) + ridge * coefficients
        loss = -(seen.weight * posterior.log_likelihood).sum() + 0.5 * (ridge * coefficients**2).sum()
        return float(loss), gradient.ravel()

    start = np.zeros(ridge.size)
    options = {"maxiter": _MAX_ITERATIONS}
    found = minimize(negative_log_likelihood, start, jac=True, method="L-BFGS-B", options=options)
    return LinearChain(centre, scale, parts @ found.x.reshape(ridge.shape))


def _parts(n_tiers: int, n_inputs: int) -> tuple[Floats, Floats]:
    """Which of the 2 k parts (shared, k tiers, k - 1 states) add up to each chain row, float64 [2 k - 1, 2 k], and the
    ridge of their coefficients, float64 [2 k, n_inputs]."""
    rows = chain_columns(n_tiers).astype(np.int64)
    parts = np.zeros((len(rows), 2 * n_tiers))
    parts[:, 0] = 1.0
    parts[np.arange(len(rows)), 1 + rows[:, 0]] = 1.0
    for row in range(n_tiers, len(rows)):
        parts[row, row + 1] = 1.0
    strength = np.array([_SHARED_RIDGE] + [_TIER_RIDGE] * n_tiers + [_STATE_RIDGE] * (n_tiers - 1))
    ridge = np.repeat(strength[:, None], n_inputs, axis=1)
    ridge[:, -1] *= _INTERCEPT_RIDGE
    return parts, ridge
