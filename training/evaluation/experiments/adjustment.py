"""Variance reduction: what a task was expected to come to, before it began, is taken out of what it came to.

For every task both arms get a pseudo-outcome, the augmented inverse-propensity value of Robins, Rotnitzky and Zhao
(JASA 1994), whose mean is the arm's mean whatever the regression in it predicts, because the propensity is known by
design. Regression on covariates from before the decision makes it vary less: CUPED (Deng, Xu, Kohavi and Walker, WSDM
2013) in the cross-fitted form. The regression for a task has seen earlier tasks only, so a number once shown never
changes and the running sums stay martingales. So has the cap that unbounded figures are counted up to: with the tails
that costs have, no number of tasks tells the mean (Bahadur and Savage, Annals of Mathematical Statistics 1956).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments.betting import Terms

_FIRST_BLOCK = 32
_BLOCK_GROWTH = 1.2
_RIDGE = 3.0
_CAP_QUANTILE, _CAP_FACTOR = 0.9, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class PseudoOutcomes:
    """``treated`` and ``control`` float64 [n], one value for each arm and task, in units of the task's ``cap`` [n].

    ``treated_ends`` and ``control_ends`` [4, n] are the pairs that they could have come to at the extremes.
    The ``weights`` [n], ``4 p (1 - p)`` of arm probability p, are those of Li, Morgan and Zaslavsky (JASA 2018): tasks
    from the 1 % stage of a ramp, which tell little and whose values are wild, count little; at even odds the weight
    is 1. A task that came before there was a cap weighs nothing.
    """

    treated: FloatArray
    control: FloatArray
    treated_ends: FloatArray
    control_ends: FloatArray
    cap: FloatArray
    weights: FloatArray

    @property
    def difference(self) -> FloatArray:
        return np.asarray(self.treated - self.control)

    def difference_terms(self) -> Terms:
        """Of the mean difference, in the unit that was measured."""
        per_unit = 1.0 / self.cap
        return Terms(self.difference, per_unit, self.treated_ends - self.control_ends, per_unit[None, :], self.weights)

    def ratio_terms(self) -> Terms:
        """Of the ratio of the means, treated over control."""
        return Terms(self.treated, self.control, self.treated_ends, self.control_ends, self.weights)


def pseudo_outcomes(
    y: FloatArray,
    is_treated: NDArray[np.bool_],
    p_treated: FloatArray,
    covariates: FloatArray,
    cap: FloatArray | float | None = 1.0,
) -> PseudoOutcomes:
    """``y`` float64 [n], 0 or more and without NaN, in the order of the tasks; ``covariates`` [n, d].

    ``p_treated`` [n] in (0, 1). ``y`` counts up to ``cap``; None takes ``learned_caps``.
    """
    caps = learned_caps(y) if cap is None else np.broadcast_to(np.asarray(cap, dtype=np.float64), y.shape)
    has_cap = ~np.isnan(caps)
    caps = np.where(has_cap, caps, 1.0)
    expected = _expected(y, caps, is_treated, covariates)
    part = np.clip(y / caps, 0.0, 1.0)

    def treated(part: FloatArray | float) -> FloatArray:
        return np.asarray(expected.treated + (part - expected.treated) / p_treated)

    def control(part: FloatArray | float) -> FloatArray:
        return np.asarray(expected.control + (part - expected.control) / (1 - p_treated))

    return PseudoOutcomes(
        treated=np.where(is_treated, treated(part), expected.treated),
        control=np.where(is_treated, expected.control, control(part)),
        treated_ends=np.stack([treated(0.0), treated(1.0), expected.treated, expected.treated]),
        control_ends=np.stack([expected.control, expected.control, control(0.0), control(1.0)]),
        cap=caps,
        weights=np.where(has_cap, 4.0 * p_treated * (1 - p_treated), 0.0),
    )


def learned_caps(y: FloatArray) -> FloatArray:
    """float64 [n]: twice what nine of ten tasks of earlier blocks came to at most, of those that came to anything.

    Of both arms together: a cap of one's own would hide a difference. NaN where no task before came to anything. Twice
    leaves room to see an arm that is dearer when every task costs the same.
    """
    caps = np.full(len(y), np.nan)
    for block in _blocks(len(y)):
        past = y[: block.start]
        if (past > 0).any():
            caps[block] = _CAP_FACTOR * np.quantile(past[past > 0], _CAP_QUANTILE)
    return caps


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    treated: FloatArray
    control: FloatArray


def _expected(y: FloatArray, caps: FloatArray, is_treated: NDArray[np.bool_], covariates: FloatArray) -> _Expected:
    """What each task would come to in each arm, as a part of its cap, told from the tasks before its block."""
    treated, control = np.full(len(y), 0.5), np.full(len(y), 0.5)
    for block in _blocks(len(y)):
        past = slice(0, block.start)
        if block.start == 0:
            continue
        part = np.clip(y[past] / caps[block.start], 0.0, 1.0)
        both = _Ridge.fit(covariates[past], part)
        for arm, target in ((True, treated), (False, control)):
            of_arm = is_treated[past] == arm
            has_own = of_arm.sum() > block.start / 8
            own = _Ridge.fit(covariates[past][of_arm], part[of_arm]) if has_own else both
            target[block] = own.predict(covariates[block])
    return _Expected(treated, control)


def _blocks(n: int) -> list[slice]:
    """Blocks that grow with what came before them."""
    blocks, start, stop = [], 0, _FIRST_BLOCK
    while start < n:
        blocks.append(slice(start, min(stop, n)))
        start, stop = stop, stop + max(_FIRST_BLOCK, int(start * (_BLOCK_GROWTH - 1)))
    return blocks


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
