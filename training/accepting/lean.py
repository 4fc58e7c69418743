"""Fits the linear view of answers that have log-probabilities, and how much it counts beside the trees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tierwise.router_model.accepting.leaning import (
    LEANING_COLUMNS,
    Leaning,
    bent,
    designed,
    has_logprobs,
    leant,
    tier_of,
)
from tierwise.training.accepting.acceptance_table import AcceptanceTable

Floats = NDArray[np.float64]
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_STRENGTH = 1.0


def fit_leaning(table: AcceptanceTable, is_used: NDArray[np.bool_], names: Sequence[str], n_tiers: int) -> Leaning:
    """Logistic regression by tier on the rows of ``is_used`` bool [m] with log-probabilities and a known outcome."""
    rows = np.flatnonzero(is_used & ~np.isnan(table.answer) & has_logprobs(table.rows, names))
    columns = bent(table.rows[rows], names)
    weight = table.weight[rows] / table.weight[rows].mean()
    known = ~np.isnan(columns)
    total = np.maximum((weight[:, None] * known).sum(axis=0), 1e-9)
    filled = np.where(known, columns, 0.0)
    center = (weight[:, None] * filled).sum(axis=0) / total
    spread = (weight[:, None] * np.where(known, columns - center, 0.0) ** 2).sum(axis=0) / total
    scale = np.where(spread > 1e-9, np.sqrt(spread), 1.0)
    design, tier = designed(columns, center, scale), tier_of(table.rows[rows], names, n_tiers)
    weights = np.zeros((n_tiers - 1, 2 * len(LEANING_COLUMNS) + 1))
    for place in np.unique(tier):
        own = tier == place
        weights[place] = _logistic(design[own], table.answer[rows][own], weight[own])
    return Leaning(center, scale, weights)


def best_share(trees: Floats, leaning: Floats, table: AcceptanceTable) -> float:
    """The share of the linear view that told most of the outcomes, by held-out log-odds float64 [m] of both."""
    known = ~np.isnan(table.answer) & ~np.isnan(leaning)
    y, w = table.answer[known], table.weight[known]

    def loss(share: float) -> float:
        score = leant(trees[known], leaning[known], share)
        return float(w @ (np.logaddexp(0.0, score) - y * score))

    return min(SHARES, key=loss)


def _logistic(design: Floats, outcome: Floats, weight: Floats) -> Floats:
    def loss(parameters: Floats) -> tuple[float, Floats]:
        score = design @ parameters
        residual = weight * (1.0 / (1.0 + np.exp(-np.clip(score, -30, 30))) - outcome)
        pulled = np.append(parameters[:-1], 0.0)
        value = weight @ (np.logaddexp(0.0, score) - outcome * score) + 0.5 * _STRENGTH * float(pulled @ pulled)
        return float(value), design.T @ residual + _STRENGTH * pulled

    start = np.zeros(design.shape[1])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)
