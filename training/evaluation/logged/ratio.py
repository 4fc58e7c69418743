"""A ratio of sums with an interval that stays honest for the skewed sums of weighted rewards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray, sums_by_group

NOMINAL_LEVEL = 0.97
"""Asked of each of the two intervals, so that what is called 95 % covers at least that: at 80 effective steps and
weights up to 15, nominal 95 % was measured to cover 89 to 95 %."""


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """``sum(numerator) / sum(denominator)``, its cluster-robust standard error and its interval."""

    value: float
    standard_error: float
    low: float
    high: float


def estimate_ratio(
    numerator: FloatArray,
    denominator: FloatArray,
    groups: NDArray[np.int64],
    n_effective: float,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> RatioEstimate:
    """The wider of two intervals: bootstrap-t and linearisation with Student's t at ``n_effective - 1``.

    ``numerator`` and ``denominator`` float64 [n], the latter with a positive sum; ``groups`` int64 [n], codes from 0.
    The standard error is that of linearisation over groups: with group sums s and u and value v,
    ``sqrt(G / (G - 1) * sum (s - v u)^2) / sum u`` (Davison and Hinkley, Bootstrap Methods, 1997, sections 2.7, 5.2).
    """
    by_group = sums_by_group(np.column_stack([numerator, denominator]), groups)
    s, u = by_group.T
    moments = np.column_stack([s, u, s * s, s * u, u * u])
    totals = bootstrap.sums(moments, np.arange(len(moments), dtype=np.int64))
    value, error = _values_and_errors(totals, len(moments))
    if error[0] <= 1e-9 * abs(value[0]):
        return RatioEstimate(float(value[0]), 0.0, float(value[0]), float(value[0]))
    tail = (1 - NOMINAL_LEVEL) / 2
    t_normal = float(stats.t.ppf(1 - tail, max(1.0, n_effective - 1)))
    usable = error[1:] > 0
    t_draws = (value[1:][usable] - value[0]) / error[1:][usable]
    t_low, t_high = np.quantile(t_draws, [tail, 1 - tail]) if len(t_draws) else (-t_normal, t_normal)
    low = value[0] - max(t_high, t_normal) * error[0]
    high = value[0] - min(t_low, -t_normal) * error[0]
    return RatioEstimate(float(value[0]), float(error[0]), float(low), float(high))


def _values_and_errors(totals: FloatArray, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Value and standard error [draws] from sums of s, u, s^2, s u, u^2 over groups."""
    sum_s, sum_u, sum_ss, sum_su, sum_uu = totals.T
    possible = sum_u > 0
    safe_u = np.where(possible, sum_u, 1.0)
    value = sum_s / safe_u
    squares = np.maximum(sum_ss - 2 * value * sum_su + value**2 * sum_uu, 0.0)
    error = np.sqrt(squares * n_groups / max(1, n_groups - 1)) / safe_u
    return value, np.where(possible, error, 0.0)
