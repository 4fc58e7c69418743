"""The chain that ties the tiers of a step together, and the probabilities that follow from it.

Walk the tiers from the cheapest up. The state before tier ``t`` says whether any cheaper tier succeeds. Two
probabilities describe a tier: its *hazard*, P(t succeeds | no cheaper one does), and its *keep* probability,
P(t succeeds | some cheaper one does). From them follow

    p_enough[t]  = p_enough[t-1] + (1 - p_enough[t-1]) * hazard[t]           some tier up to t succeeds
    p_success[t] = (1 - p_enough[t-1]) * hazard[t] + p_enough[t-1] * keep[t]  t itself succeeds

The model scores one row per tier and state, ``2 k - 1`` rows a step: the cheapest tier has no state above it.
docs/learning.md derives the likelihood.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

KEEP_LOG_ODDS = 2.0
"""By how much a cheaper tier's success raises a tier's log-odds before any evidence: chosen on real steps."""

MAX_LOG_ODDS = 30.0
"""Beyond it a probability is 0 or 1 to a float's precision."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TierProbabilities:
    """``hazard``, ``keep``, ``p_success`` and ``p_enough``, each float64 [n, k]; ``keep[:, 0]`` has no meaning."""

    hazard: Floats
    keep: Floats
    p_success: Floats
    p_enough: Floats

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "TierProbabilities":
        return TierProbabilities(self.hazard[rows], self.keep[rows], self.p_success[rows], self.p_enough[rows])


def n_chain_rows(n_tiers: int) -> int:
    """Rows of a step: a hazard for every tier, a keep for every tier but the cheapest."""
    return 2 * n_tiers - 1


@cache
def chain_columns(n_tiers: int) -> NDArray[np.float32]:
    """The two columns that tell chain rows apart, float32 [2 k - 1, 2]: tier index, 1 if a cheaper tier succeeded."""
    hazard_rows = [(tier, 0.0) for tier in range(n_tiers)]
    keep_rows = [(tier, 1.0) for tier in range(1, n_tiers)]
    return np.array(hazard_rows + keep_rows, dtype=np.float32)


@cache
def chain_offsets(n_tiers: int) -> Floats:
    """What is added to the raw score of each chain row, float64 [2 k - 1].

    The trees give a keep row that no log ever showed what they give its hazard; the offset tells the two apart.
    """
    return np.concatenate([np.zeros(n_tiers), np.full(n_tiers - 1, KEEP_LOG_ODDS)])


def chain_rows(vectors: NDArray[np.float32], n_tiers: int) -> NDArray[np.float32]:
    """Model input float32 [n * (2 k - 1), d + 2] for feature vectors float32 [n, d]; a step's rows are adjacent."""
    columns = chain_columns(n_tiers)
    n_steps, n_features = vectors.shape
    rows = np.empty((n_steps, len(columns), n_features + columns.shape[1]), dtype=np.float32)
    rows[:, :, :n_features] = vectors[:, None, :]
    rows[:, :, n_features:] = columns
    return rows.reshape(-1, rows.shape[2])


def chain_scores(raw: NDArray[np.floating], n_tiers: int) -> Floats:
    """Log-odds float64 [n, 2 k - 1] from the raw scores of ``chain_rows``."""
    return raw.astype(np.float64).reshape(-1, n_chain_rows(n_tiers)) + chain_offsets(n_tiers)


def tier_probabilities(scores: Floats) -> TierProbabilities:
    """From log-odds float64 [n, 2 k - 1]."""
    p = row_probabilities(scores)
    hazard, keep = states_of(p)
    p_enough: Floats = np.asarray(1.0 - np.cumprod(1.0 - hazard, axis=1), dtype=np.float64)
    p_before = np.hstack([np.zeros((len(p), 1)), p_enough[:, :-1]])
    return TierProbabilities(hazard, keep, (1 - p_before) * hazard + p_before * keep, p_enough)


def row_probabilities(scores: Floats) -> Floats:
    """P(success) of each chain row, float64 [n, 2 k - 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -MAX_LOG_ODDS, MAX_LOG_ODDS))))


def states_of(p: Floats) -> tuple[Floats, Floats]:
    """``hazard`` and ``keep``, float64 [n, k], from the probabilities of the chain rows."""
    n_tiers = (p.shape[1] + 1) // 2
    keep = np.ones((len(p), n_tiers))
    keep[:, 1:] = p[:, n_tiers:]
    return p[:, :n_tiers], keep
