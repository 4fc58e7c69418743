"""Matrix factorisation in the style of RouteLLM (Ong et al. 2024, "RouteLLM", section 4): tiers and prompts share a
space, and P(the top tier beats another) is a logistic function of the difference of two inner products."""

from dataclasses import dataclass

import numpy as np

from benchmarks.decisions.contestants.vectors import VectorSource
from benchmarks.decisions.problem import Floats, Fold
from tierwise.training.evaluation.curve import Forecast

_DIM, _N_EPOCHS, _BATCH, _RATE, _DECAY = 64, 60, 64, 3e-4, 1e-5


@dataclass(frozen=True, slots=True)
class MatrixFactorisation:
    """Trained on pairs of the top tier and a cheaper one; a tie counts for the cheaper, as there.

    It predicts who wins and nothing of costs: every step is taken to cost its tier's mean. A tier's value is what it
    does not lose against the top.
    """

    vectors: VectorSource
    version: str = "1"
    has_probabilities: bool = False

    @property
    def name(self) -> str:
        return f"RouteLLM-style matrix factorisation on {self.vectors.label}"

    def predict(self, fold: Fold) -> Forecast:
        train, test = self.vectors.of_fold(fold)
        model = _fit(train.astype(np.float64), fold.success)
        p_top_wins = model.p_top_wins(test.astype(np.float64))
        value = np.hstack([1.0 - p_top_wins, np.ones((len(test), 1))])
        return Forecast(value, np.tile(np.nanmean(fold.cost_usd, axis=0), (len(test), 1)))


@dataclass(slots=True)
class _Model:
    """``projection`` [d, r], ``bias`` [r], ``tiers`` [k, r] of unit length up to a scale."""

    projection: Floats
    bias: Floats
    tiers: Floats

    def p_top_wins(self, vectors: Floats) -> Floats:
        """[n, k - 1]."""
        scores = (vectors @ self.projection + self.bias) @ self.tiers.T
        return 1.0 / (1.0 + np.exp(-(scores[:, [-1]] - scores[:, :-1])))


def _fit(vectors: Floats, success: Floats) -> _Model:
    rng = np.random.default_rng(0)
    n_tiers = success.shape[1]
    model = _Model(
        rng.normal(scale=1 / np.sqrt(vectors.shape[1]), size=(vectors.shape[1], _DIM)),
        np.zeros(_DIM),
        rng.normal(scale=1 / np.sqrt(_DIM), size=(n_tiers, _DIM)),
    )
    steps, tiers = np.nonzero(~np.isnan(success[:, :-1]) & ~np.isnan(success[:, [-1]]))
    is_won = ((success[steps, -1] == 1) & (success[steps, tiers] == 0)).astype(np.float64)
    moments = [np.zeros((2, *part.shape)) for part in (model.projection, model.bias, model.tiers)]
    n_updates = 0
    for _ in range(_N_EPOCHS):
        for batch in np.array_split(rng.permutation(len(steps)), max(1, len(steps) // _BATCH)):
            n_updates += 1
            gradients = _gradients(model, vectors[steps[batch]], tiers[batch], is_won[batch])
            parts = (model.projection, model.bias, model.tiers)
            for part, gradient, moment in zip(parts, gradients, moments, strict=True):
                _adam(part, gradient + _DECAY * part, moment, n_updates)
    return model


def _gradients(model: _Model, vectors: Floats, tiers: np.ndarray, is_won: Floats) -> tuple[Floats, Floats, Floats]:
    hidden = vectors @ model.projection + model.bias
    difference = model.tiers[-1] - model.tiers[tiers]
    p = 1.0 / (1.0 + np.exp(-(hidden * difference).sum(axis=1)))
    error = (p - is_won)[:, None] / len(tiers)
    by_tier = np.zeros_like(model.tiers)
    by_tier[-1] = (error * hidden).sum(axis=0)
    np.add.at(by_tier, tiers, -error * hidden)
    return vectors.T @ (error * difference), (error * difference).sum(axis=0), by_tier


def _adam(part: Floats, gradient: Floats, moment: Floats, n_updates: int) -> None:
    moment[0] = 0.9 * moment[0] + 0.1 * gradient
    moment[1] = 0.999 * moment[1] + 0.001 * gradient**2
    mean, square = moment[0] / (1 - 0.9**n_updates), moment[1] / (1 - 0.999**n_updates)
    part -= _RATE * mean / (np.sqrt(square) + 1e-8)
