"""Variance reduction: what a task was expected to come to, before it began, is taken out of what it came to.

For every task both arms get a pseudo-outcome, the augmented inverse-propensity value of Robins, Rotnitzky and Zhao
(JASA 1994), whose mean is the arm's mean whatever the regression in it predicts, because the propensity is known by
design. Regression on covariates from before the decision makes it vary less: CUPED (Deng, Xu, Kohavi and Walker, WSDM
2013) in the cross-fitted form. The regression for a task has seen earlier tasks only, so a number once shown never
changes and the running sums stay martingales.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray

_FIRST_BLOCK = 16
_BLOCK_GROWTH = 1.2
_RIDGE = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class PseudoOutcomes:
    """``treated`` and ``control`` float64 [n], one value for each arm and task; ``weights`` float64 [n].

    The weights ``4 p (1 - p)`` of arm probability p are those of Li, Morgan and Zaslavsky (JASA 2018): tasks from the
    1 % stage of a ramp, which tell little and whose values are wild, count little; at even odds the weight is 1.
    """

    treated: FloatArray
    control: FloatArray
    weights: FloatArray

    @property
    def difference(self) -> FloatArray:
        return np.asarray(self.treated - self.control)


def pseudo_outcomes(
    y: FloatArray, is_treated: NDArray[np.bool_], p_treated: FloatArray, covariates: FloatArray
) -> PseudoOutcomes:
    """``y`` float64 [n] without NaN, in the order of the tasks; ``p_treated`` [n] in (0, 1); ``covariates`` [n, d]."""
    expected = _expected(y, is_treated, covariates)
    treated = expected.treated + np.where(is_treated, (y - expected.treated) / p_treated, 0.0)
    control = expected.control + np.where(is_treated, 0.0, (y - expected.control) / (1 - p_treated))
    return PseudoOutcomes(treated, control, 4.0 * p_treated * (1 - p_treated))


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    treated: FloatArray
    control: FloatArray


def _expected(y: FloatArray, is_treated: NDArray[np.bool_], covariates: FloatArray) -> _Expected:
    """What each task would come to in each arm, told from the tasks before its block."""
    treated, control = np.empty(len(y)), np.empty(len(y))
    start, stop = 0, _FIRST_BLOCK
    while start < len(y):
        block = slice(start, min(stop, len(y)))
        if start == 0:
            treated[block] = control[block] = _mean_of_others(y[block])
        else:
            past = slice(0, start)
            both = _Ridge.fit(covariates[past], y[past])
            for arm, target in ((True, treated), (False, control)):
                of_arm = is_treated[past] == arm
                own = _Ridge.fit(covariates[past][of_arm], y[past][of_arm]) if of_arm.sum() > start / 8 else both
                target[block] = own.predict(covariates[block])
        start, stop = stop, stop + max(_FIRST_BLOCK, int(start * (_BLOCK_GROWTH - 1)))
    return _Expected(treated, control)


def _mean_of_others(y: FloatArray) -> FloatArray:
    return np.asarray((y.sum() - y) / max(1, len(y) - 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Ridge:
    """Ridge regression on standardised columns; too few rows give their mean. Predictions stay in the range seen."""

    mean: float
    centre: FloatArray
    slope: FloatArray
    low: float
    high: float

    @classmethod
    def fit(cls, x: FloatArray, y: FloatArray) -> "_Ridge":
        n_rows, n_columns = x.shape
        mean, centre = float(y.mean()), x.mean(axis=0)
        slope = np.zeros(n_columns)
        if n_rows > 10 + 2 * n_columns:
            spread = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), np.inf)
            z = (x - centre) / spread
            slope = np.linalg.solve(z.T @ z + _RIDGE * np.eye(n_columns), z.T @ (y - mean)) / spread
        return cls(mean, centre, slope, float(y.min()), float(y.max()))

    def predict(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.clip(self.mean + (x - self.centre) @ self.slope, self.low, self.high))
