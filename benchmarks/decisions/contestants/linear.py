"""Linear models: logistic regression of success by tier, ridge regression of log costs."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks.decisions.contestants.vectors import VectorSource
from benchmarks.decisions.problem import Floats, Fold
from tierwise.training.evaluation.curve import Forecast

_MIN_COST_USD = 1e-9


@dataclass(frozen=True, slots=True)
class LogisticByTier:
    """One logistic regression a tier; costs by ridge regression on logarithms, with Duan's smearing."""

    vectors: VectorSource
    inverse_penalty: float = 1.0
    version: str = "1"
    has_probabilities: bool = True

    @property
    def name(self) -> str:
        return f"logistic regression on {self.vectors.label}"

    def predict(self, fold: Fold) -> Forecast:
        train, test = self.vectors.of_fold(fold)
        tiers = range(len(fold.catalogue))
        p_success = [self._p_success(train, fold.success[:, tier], test) for tier in tiers]
        return Forecast(np.stack(p_success, axis=1), ridge_costs(train, fold.cost_usd, test))

    def _p_success(self, train: np.ndarray, success: Floats, test: np.ndarray) -> Floats:
        known = ~np.isnan(success)
        if len(np.unique(success[known])) < 2:
            return np.full(len(test), float(success[known].mean()))
        model = LogisticRegression(C=self.inverse_penalty, max_iter=2000).fit(train[known], success[known])
        return np.asarray(model.predict_proba(test)[:, 1])


def ridge_costs(train: np.ndarray, cost_usd: Floats, test: np.ndarray) -> Floats:
    """Expected costs float64 [n_test, k] in US dollars."""
    columns = []
    for cost in cost_usd.T:
        known = ~np.isnan(cost)
        log_cost = np.log(np.maximum(cost[known], _MIN_COST_USD))
        model = Ridge(alpha=1.0).fit(train[known], log_cost)
        smearing = cost[known].mean() / np.exp(model.predict(train[known])).mean()
        columns.append(np.exp(np.clip(model.predict(test), log_cost.min(), log_cost.max())) * smearing)
    return np.stack(columns, axis=1)
