"""Confidence sequences: intervals that hold at every moment at once, so that looking at an experiment daily is safe."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.experiments.betting import Terms, log_capital, running_log_capital

_FAR, _LEAST_STEP = 1e6, 1e-9
_OFFSETS = 2.0 ** np.arange(-3.0, 8.0, 0.5)  # where a trajectory looks for its ends, in widths of the last interval


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """How an interval narrowed: ``n_tasks`` int64 [k] at each look; the others float64 [k], NaN before they exist."""

    n_tasks: NDArray[np.int64]
    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)  # without slots: the interval is looked for once, when it is asked for
class ConfidenceSequence:
    """Of the ratio that ``terms`` describe, between ``floor`` and ``ceiling``, at level ``alpha`` over all looks.

    Each end takes half of ``alpha``. A ratio whose denominator cannot be told from 0 has no upper end but ``ceiling``.
    """

    terms: Terms
    alpha: float
    floor: float = -np.inf
    ceiling: float = np.inf

    def last(self) -> Estimate:
        """Where the sequence stands now."""
        return self._now

    @cached_property
    def _now(self) -> Estimate:
        return _estimate(self.terms, self.alpha, self.floor, self.ceiling)

    def is_above(self, claim: float) -> NDArray[np.bool_]:
        """bool [n]: after which tasks the interval lies above ``claim``."""
        return running_log_capital(self.terms, claim, 1) >= _needed(self.alpha)

    def is_below(self, claim: float) -> NDArray[np.bool_]:
        """bool [n]: after which tasks the interval lies below ``claim``."""
        return running_log_capital(self.terms, claim, -1) >= _needed(self.alpha)

    def trajectory(self, n_points: int = 120, first: int = 20) -> Trajectory:
        """The interval at ``n_points`` looks at most, evenly from ``first`` tasks on; its ends are interpolated."""
        n = len(self.terms.weights)
        rows = (
            np.unique(np.linspace(min(first, n) - 1, n - 1, n_points).astype(np.int64)) if n else np.empty(0, np.int64)
        )
        top, bottom = (np.cumsum(self.terms.weights * of)[rows] for of in (self.terms.top, self.terms.bottom))
        value = np.divide(top, bottom, out=np.full(len(rows), np.nan), where=bottom > 0)
        if not np.isfinite(self._now.value):
            return Trajectory(rows + 1, value, np.full(len(rows), np.nan), np.full(len(rows), np.nan))
        claims = self._claims()
        ends = [self._ends(sign * claims[::sign], sign, rows) * sign for sign in (1, -1)]
        low, high = (np.where(np.isnan(value), np.nan, np.clip(end, self.floor, self.ceiling)) for end in ends)
        low[-1:], high[-1:] = self._now.low, self._now.high
        return Trajectory(rows + 1, value, low, high)

    def _claims(self) -> FloatArray:
        """Ascending values between which the ends of earlier intervals are looked for."""
        now = self._now
        widths = [width for width in (now.high - now.value, now.value - now.low) if np.isfinite(width) and width > 0]
        offsets = max(widths, default=1.0) * _OFFSETS
        claims = np.concatenate([now.value - offsets[::-1], [now.value], now.value + offsets])
        return np.asarray(claims[(claims >= self.floor) & (claims <= self.ceiling)])

    def _ends(self, claims: FloatArray, sign: int, rows: NDArray[np.int64]) -> FloatArray:
        """float64 [k]: the largest of ascending ``sign * claim`` that is ruled out at each look; -inf where none is."""
        capital = np.array([running_log_capital(self.terms, sign * claim, sign)[rows] for claim in claims])
        excess = capital - _needed(self.alpha)
        last = (excess >= 0).sum(axis=0) - 1
        inner = np.minimum(last + 1, len(claims) - 1)
        looks = np.arange(len(rows))
        above, below = excess[np.maximum(last, 0), looks], excess[inner, looks]
        part = np.divide(above, above - below, out=np.zeros(len(rows)), where=above - below > 0)
        found = claims[np.maximum(last, 0)] + part * (claims[inner] - claims[np.maximum(last, 0)])
        return np.asarray(np.where(last < 0, -np.inf, found))


def _needed(alpha: float) -> float:
    """The logarithm of the capital at which a value is ruled out on one side."""
    return float(np.log(2.0 / alpha))


def _estimate(terms: Terms, alpha: float, floor: float, ceiling: float) -> Estimate:
    n = len(terms.weights)
    top, bottom = (float((terms.weights * of).sum()) for of in (terms.top, terms.bottom))
    squares = float(np.square(terms.weights).sum())
    n_effective = float(terms.weights.sum()) ** 2 / squares if squares > 0 else 0.0
    if bottom <= 0:
        return Estimate(float("nan"), floor, ceiling, n, n_effective)
    value = min(max(top / bottom, floor), ceiling)
    spread = float(np.sqrt(np.square(terms.weights * (terms.top - value * terms.bottom)).sum())) / bottom

    def excess(claim: float, sign: int) -> float:
        return log_capital(terms, claim, sign) - _needed(alpha)

    low = _end(lambda claim: excess(claim, 1), value, floor, -max(spread, _LEAST_STEP))
    high = _end(lambda claim: excess(claim, -1), value, ceiling, max(spread, _LEAST_STEP))
    return Estimate(value, low, high, n, n_effective)


def _end(excess: Callable[[float], float], value: float, limit: float, step: float) -> float:
    """The claim nearest to ``value`` in the direction of ``step`` that is ruled out; ``limit`` when none is."""
    inside, direction = value, np.sign(step)
    while True:
        is_last = direction * (value + step - limit) >= 0
        outside = limit if is_last else value + step
        if excess(outside) >= 0:
            return float(brentq(excess, inside, outside, xtol=1e-12, rtol=1e-6))
        if is_last or abs(step) > _FAR * max(1.0, abs(value)):
            return limit
        inside, step = outside, 2 * step
