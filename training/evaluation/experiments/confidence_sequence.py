"""Confidence sequences: intervals that hold at every moment at once, so that looking at an experiment daily is safe.

For a weighted sum of independent terms with running variance estimate, the boundary is Robbins' normal mixture
(Robbins, "Statistical methods related to the law of the iterated logarithm", 1970) in its asymptotic,
distribution-free form: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences", Annals of Statistics 2024 (arXiv 2103.06476).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.estimate import Estimate

_PRIOR_TERMS = 2.0


@dataclass(frozen=True, slots=True)
class Boundary:
    """The mixture boundary at error level ``alpha``, tightest at about ``n_planned`` equally weighted terms."""

    alpha: float = 0.05
    n_planned: float = 1000.0

    def radius(self, information: FloatArray | float) -> FloatArray:
        """How far a sum of terms of variance 1 strays, at any time, with probability ``alpha`` at most.

        ``information`` is the sum of the squared weights so far.
        """
        v = np.asarray(information) * self._rho_squared + 1.0
        return np.asarray(np.sqrt(2.0 * v / self._rho_squared * np.log(np.sqrt(v) / self.alpha)))

    @property
    def _rho_squared(self) -> float:
        """The mixture's variance that makes the interval tightest at about ``n_planned``, as the paper derives it."""
        a = -2.0 * math.log(self.alpha)
        return (a + math.log(a) + 1.0) / self.n_planned


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A confidence sequence, from the first term to the last: each float64 [n]; NaN where it does not exist yet."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n_effective: FloatArray

    def last(self) -> Estimate:
        """Where the sequence stands now."""
        if not len(self.value):
            nan = float("nan")
            return Estimate(nan, nan, nan, 0, 0.0)
        value, low, high, n_effective = (
            float(column[-1]) for column in (self.value, self.low, self.high, self.n_effective)
        )
        return Estimate(value, low, high, len(self.value), n_effective)


def mean_sequence(
    terms: FloatArray, weights: FloatArray, boundary: Boundary, prior_variance: float = 0.0
) -> Trajectory:
    """The confidence sequence of the weighted mean of ``terms`` float64 [n]; ``weights`` [n] are known before them.

    ``prior_variance`` stands for two terms more, so that a start without any variation does not look like certainty.
    """
    total = np.cumsum(weights)
    information = np.cumsum(weights**2)
    value = np.cumsum(weights * terms) / total
    variance = running_moment(terms, terms, weights)
    variance = (variance * information + prior_variance * _PRIOR_TERMS) / (information + _PRIOR_TERMS)
    radius = np.sqrt(variance) * boundary.radius(information) / total
    return Trajectory(value, value - radius, value + radius, total**2 / information)


def ratio_sequence(
    numerator: FloatArray, denominator: FloatArray, weights: FloatArray, boundary: Boundary
) -> Trajectory:
    """The confidence sequence of ``mean(numerator) / mean(denominator)``, both float64 [n], after Fieller (1954).

    A ratio r is kept while the sequence of the mean of ``numerator - r * denominator`` holds 0. Where the mean of the
    denominator cannot be told from 0 the interval is infinite.
    """
    total, information = np.cumsum(weights), np.cumsum(weights**2)
    top, bottom = np.cumsum(weights * numerator) / total, np.cumsum(weights * denominator) / total
    b2 = (boundary.radius(information) / total) ** 2
    a = bottom**2 - b2 * running_moment(denominator, denominator, weights)
    b = top * bottom - b2 * running_moment(numerator, denominator, weights)
    c = top**2 - b2 * running_moment(numerator, numerator, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.sqrt(np.maximum(b**2 - a * c, 0.0)) / a
        value = top / bottom
        low = np.where(a > 0, b / a - half, -np.inf)
        high = np.where(a > 0, b / a + half, np.inf)
    return Trajectory(value, low, high, total**2 / information)


def running_moment(first: FloatArray, second: FloatArray, weights: FloatArray) -> FloatArray:
    """Covariance so far of two series around their weighted means, squared weights counting: float64 [n]."""
    w, squares = np.cumsum(weights), weights**2
    s = np.cumsum(squares)
    mean1, mean2 = np.cumsum(weights * first) / w, np.cumsum(weights * second) / w
    cross, one, two = (np.cumsum(squares * series) for series in (first * second, first, second))
    moment = (cross - mean1 * two - mean2 * one + mean1 * mean2 * s) / s
    return np.asarray(np.maximum(moment, 0.0) if first is second else moment)


def tasks_needed(is_decided: "NDArray[np.bool_]", factors: FloatArray, n_now: int) -> int | None:
    """The number of tasks at the first factor of ``factors`` at which a decision would fall; None when at none."""
    if not is_decided.any():
        return None
    return math.ceil(n_now * float(factors[int(is_decided.argmax())]))
