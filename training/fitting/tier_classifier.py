"""The tier classifier: one LightGBM booster over (step, tier, state) rows, fitted by the chain likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.chain import (
    MAX_LOG_ODDS,
    Floats,
    chain_rows,
    chain_scores,
    n_chain_rows,
    row_probabilities,
    states_of,
    tier_probabilities,
)
from tierwise.training.errors import TrainingError
from tierwise.training.fitting.task_ends import SeenOutcomes, TaskEnds


@dataclass(frozen=True, slots=True)
class BoosterParams:
    """LightGBM parameters; defaults chosen by cross-validation on real logs (docs/learning.md).

    ``n_threads`` does not follow the machine: sums, and with them the bytes of a bundle, depend on it. On logs of a few
    thousand steps a second thread costs more than it brings; cores are better used by folds side by side.
    """

    n_rounds: int = 300
    learning_rate: float = 0.04
    num_leaves: int = 31
    min_child_samples: int = 30
    min_sum_hessian: float = 3.0
    feature_fraction: float = 0.4
    bagging_fraction: float = 0.8
    lambda_l2: float = 5.0
    max_bin: int = 63
    n_threads: int = 1

    def __post_init__(self) -> None:
        """Raises ``TrainingError`` for a value that no booster can be grown with."""
        for name, least in (("n_rounds", 1), ("num_leaves", 2), ("max_bin", 2), ("n_threads", 1)):
            if getattr(self, name) < least:
                raise TrainingError(f"{name} is {getattr(self, name)}; at least {least} is needed")
        for name in ("min_child_samples", "min_sum_hessian", "lambda_l2"):
            if not getattr(self, name) >= 0:
                raise TrainingError(f"{name} is {getattr(self, name)}; it cannot be below 0")
        if not self.learning_rate > 0:
            raise TrainingError(f"learning_rate is {self.learning_rate}; a number above 0 is needed")
        for name in ("feature_fraction", "bagging_fraction"):
            if not 0 < getattr(self, name) <= 1:
                raise TrainingError(f"{name} is {getattr(self, name)}; a share above 0 and up to 1 is needed")

    def to_lightgbm(self, seed: int) -> dict[str, Any]:
        """LightGBM's own names for them, with all that makes a fit reproducible."""
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_child_samples": self.min_child_samples,
            "min_sum_hessian_in_leaf": self.min_sum_hessian,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": self.lambda_l2,
            "max_bin": self.max_bin,
            "num_threads": self.n_threads,
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbose": -1,
        }


_STAGED_STEPS = 1_000


class TierClassifier:
    """P(success) of every tier, from outcomes of which any part may be unknown.

    ``fit`` takes vectors float32 [n, d] and success float64 [n, k] (1, 0, NaN unknown) and optional weights [n].
    Fitted state: ``booster_``, ``n_tiers_``.
    """

    def __init__(self, params: BoosterParams | None = None, seed: int = 0) -> None:
        self.params = params
        self.seed = seed

    def fit(
        self,
        vectors: NDArray[np.float32],
        success: Floats,
        sample_weight: Floats | None = None,
        ends: TaskEnds | None = None,
    ) -> "TierClassifier":
        """Grows the booster; ``ends`` are of the same steps. Raises ``TrainingError`` where none can be grown."""
        params = self.params or BoosterParams()
        n_tiers = success.shape[1]
        weight = np.ones(len(success)) if sample_weight is None else sample_weight
        objective = _ChainObjective(SeenOutcomes(success, weight, ends))
        rows = chain_rows(vectors, n_tiers)
        dataset = lightgbm.Dataset(rows, np.zeros(len(rows)), free_raw_data=False)
        settings = params.to_lightgbm(self.seed) | {"objective": objective}
        try:
            self.booster_ = lightgbm.train(settings, dataset, params.n_rounds)
        except lightgbm.basic.LightGBMError as error:
            raise TrainingError(f"no booster could be grown on {len(success)} steps: {error}") from error
        self.n_tiers_ = n_tiers
        return self

    def decision_function(self, vectors: NDArray[np.float32], n_rounds: int | None = None) -> Floats:
        """Log-odds of the chain rows, float64 [n, 2 k - 1]; ``n_rounds`` stops early."""
        raw = self.booster_.predict(chain_rows(vectors, self.n_tiers_), num_iteration=n_rounds, raw_score=True)
        return chain_scores(np.asarray(raw), self.n_tiers_)

    def staged_decision_function(self, vectors: NDArray[np.float32], stages: Sequence[int]) -> Floats:
        """``decision_function`` after each of ``stages`` rounds, ascending, float64 [stages, n, 2 k - 1], bit for bit.

        Every row meets every tree once; what the trees add up to is read off in between.
        """
        outputs = self._leaf_outputs(stages[-1])
        found = np.empty((len(stages), len(vectors), n_chain_rows(self.n_tiers_)))
        for start in range(0, len(vectors), _STAGED_STEPS):
            part = slice(start, start + _STAGED_STEPS)
            rows = chain_rows(vectors[part], self.n_tiers_)
            leaves = np.asarray(self.booster_.predict(rows, num_iteration=stages[-1], pred_leaf=True), dtype=np.int32)
            totals = np.cumsum(np.take_along_axis(outputs, leaves.T, axis=1), axis=0)
            for i, stage in enumerate(stages):
                found[i, part] = chain_scores(totals[min(stage, len(totals)) - 1], self.n_tiers_)
        return found

    def _leaf_outputs(self, n_rounds: int) -> Floats:
        """What each leaf of the first trees adds, float64 [trees, leaves]."""
        text = self.booster_.model_to_string(num_iteration=n_rounds, importance_type="split")
        leaves = [line.partition("=")[2].split() for line in text.split("\n") if line.startswith("leaf_value=")]
        outputs = np.zeros((len(leaves), max(map(len, leaves))))
        for tree, values in enumerate(leaves):
            outputs[tree, : len(values)] = [float(value) for value in values]
        return outputs

    def predict_proba(self, vectors: NDArray[np.float32]) -> Floats:
        """P(each tier succeeds), float64 [n, k]."""
        return tier_probabilities(self.decision_function(vectors)).p_success


class _ChainObjective:
    """LightGBM's custom objective: gradient and curvature of the negative log-likelihood, row by row."""

    def __init__(self, seen: SeenOutcomes) -> None:
        self._seen = seen
        self._weight = seen.weight[:, None]

    def __call__(self, raw: Floats, _: lightgbm.Dataset) -> tuple[Floats, Floats]:
        scores = chain_scores(raw, self._seen.success.shape[1])
        p = row_probabilities(scores)
        posterior = self._seen.posterior(*states_of(p))
        if np.abs(scores).max(initial=0.0) > MAX_LOG_ODDS:
            p = 1.0 / (1.0 + np.exp(-scores))
        gradient = self._weight * (posterior.at_risk * p - posterior.succeeded)
        curvature = self._weight * posterior.at_risk * p * (1 - p)
        return gradient.ravel(), np.maximum(curvature, 1e-7).ravel()
