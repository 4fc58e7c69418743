"""One reward of a log, weighted to a target policy: the three estimators with their intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import Bootstrap, FloatArray
from tierwise.training.evaluation.estimate import Estimate, effective_n
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices
from tierwise.training.evaluation.logged.ratio import estimate_ratio


@dataclass(frozen=True, slots=True, eq=False)
class WeightedReward:
    """``reward`` float64 [n] of the logged choices on the rows ``known`` bool [n], where nothing is NaN.

    ``model`` float64 [n, k] predicts the reward of every tier, or is None; ``bounds`` is what a mean reward lies in.
    Targets are probabilities of each tier, float64 [n, k].
    """

    choices: LoggedChoices
    reward: FloatArray
    known: NDArray[np.bool_]
    model: FloatArray | None
    bounds: tuple[float, float]
    bootstrap: Bootstrap

    def ips(self, p_target: FloatArray) -> Estimate:
        values = self._ips_values(p_target)
        return self._mean(p_target, values, np.ones(len(values)))

    def snips(self, p_target: FloatArray) -> Estimate:
        return self._mean(p_target, self._ips_values(p_target), self.weights(p_target))

    def doubly_robust(self, p_target: FloatArray) -> Estimate:
        values = self.best_values(p_target)
        return self._mean(p_target, values, np.ones(len(values)))

    def shortfall(self, p_target: FloatArray, p_reference: FloatArray) -> Estimate:
        """``1 - value(target) / value(reference)``, both from the same steps: a loss of success, a saving of cost."""
        n_effective = min(self._n_effective(p_target), self._n_effective(p_reference))
        ratio = estimate_ratio(
            self.best_values(p_target), self.best_values(p_reference), self._codes(), n_effective, self.bootstrap
        )
        return Estimate(1 - ratio.value, 1 - ratio.high, 1 - ratio.low, int(self.known.sum()), n_effective)

    def best_values(self, p_target: FloatArray) -> FloatArray:
        """Values whose mean is the doubly robust estimate, or IPS without a model: float64 [n known]."""
        if self.model is None:
            return self._ips_values(p_target)
        model = self.model[self.known]
        logged = model[np.arange(len(model)), self.choices.chosen[self.known]]
        direct = (p_target[self.known] * model).sum(axis=1)
        return np.asarray(direct + self.weights(p_target) * (self.reward[self.known] - logged))

    def _ips_values(self, p_target: FloatArray) -> FloatArray:
        return self.weights(p_target) * self.reward[self.known]

    def weights(self, p_target: FloatArray) -> FloatArray:
        chosen = self.choices.chosen[self.known]
        return np.asarray(p_target[self.known][np.arange(len(chosen)), chosen] / self.choices.propensity[self.known])

    def _codes(self) -> NDArray[np.int64]:
        return np.unique(self.choices.groups[self.known], return_inverse=True)[1].astype(np.int64)

    def _n_effective(self, p_target: FloatArray) -> float:
        return effective_n(self.weights(p_target), self._codes())

    def _mean(self, p_target: FloatArray, numerator: FloatArray, denominator: FloatArray) -> Estimate:
        n_effective = self._n_effective(p_target)
        ratio = estimate_ratio(numerator, denominator, self._codes(), n_effective, self.bootstrap)
        low, high = ratio.low, ratio.high
        if ratio.standard_error == 0 and self.bounds[1] == 1:
            # Rule of three (Hanley and Lippman-Hand, JAMA 1983): no failure in m steps leaves room for 3 / m.
            low, high = low - 3 / n_effective, high + 3 / n_effective
        value, low, high = np.clip([ratio.value, low, high], *self.bounds)
        return Estimate(float(value), float(low), float(high), int(self.known.sum()), n_effective)
