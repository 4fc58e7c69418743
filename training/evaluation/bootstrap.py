"""The bootstrap by group: intervals of everything that is a function of sums over steps.

Groups, not steps, are drawn with replacement (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8), so steps of
one question or task stay together. The draws depend on the seed and the number of groups alone: two statistics of the
same steps see the same draws, and their difference is a paired one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.estimate import Estimate

FloatArray = NDArray[np.float64]
_BLOCK_SIZE = 50


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """``n_draws`` resamples from ``seed``; intervals hold ``level`` of the draws."""

    n_draws: int = 1000
    seed: int = 0
    level: float = 0.95

    def sums(self, contributions: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
        """Sums of ``contributions`` [n, m] over the sample (row 0) and over each resample: [1 + n_draws, m]."""
        by_group = sums_by_group(contributions, groups)
        n_groups = len(by_group)
        rng = np.random.default_rng(self.seed)
        totals = np.empty((1 + self.n_draws, by_group.shape[1]))
        totals[0] = by_group.sum(axis=0)
        for start in range(0, self.n_draws, _BLOCK_SIZE):
            size = min(_BLOCK_SIZE, self.n_draws - start)
            picks = rng.integers(n_groups, size=(size, n_groups))
            counts = np.stack([np.bincount(pick, minlength=n_groups) for pick in picks])
            totals[1 + start : 1 + start + size] = counts.astype(np.float64) @ by_group
        return totals

    def row_statistics(
        self, statistic: Callable[[FloatArray], float], weights: FloatArray, groups: NDArray[np.int64]
    ) -> FloatArray:
        """``statistic`` of row weights [n], for the sample and each resample: [1 + n_draws].

        For what is no function of sums, such as ranks; slower than ``sums``.
        """
        n_groups = int(groups.max()) + 1
        rng = np.random.default_rng(self.seed)
        values = np.empty(1 + self.n_draws)
        values[0] = statistic(weights)
        for start in range(0, self.n_draws, _BLOCK_SIZE):
            size = min(_BLOCK_SIZE, self.n_draws - start)
            for row, pick in enumerate(rng.integers(n_groups, size=(size, n_groups)), start=1 + start):
                values[row] = statistic(weights * np.bincount(pick, minlength=n_groups)[groups])
        return values

    def estimate(self, values: FloatArray, n: int, n_effective: float) -> Estimate:
        """The percentile interval of a statistic's ``values`` [1 + n_draws], the sample's own value first.

        Draws in which the statistic does not exist (NaN) are left out.
        """
        low, high = self._quantiles(values)
        return Estimate(float(values[0]), low, high, n, n_effective)

    def cautious_estimate(self, values: FloatArray, n: int, n_effective: float) -> Estimate:
        """Like ``estimate`` for a statistic that picks the best of many: the wider of two intervals on each side.

        Picking flatters the sample, and a resample once more; the basic interval (Davison and Hinkley, section 2.4)
        reflects the draws at the sample's value and so takes that back.
        """
        low, high = self._quantiles(values)
        value = float(values[0])
        return Estimate(value, min(low, 2 * value - high), max(high, 2 * value - low), n, n_effective)

    def _quantiles(self, values: FloatArray) -> tuple[float, float]:
        draws = values[1:][np.isfinite(values[1:])]
        if not len(draws):
            return float("nan"), float("nan")
        tail = (1 - self.level) / 2
        low, high = np.quantile(draws, [tail, 1 - tail])
        return float(low), float(high)


DEFAULT_BOOTSTRAP = Bootstrap()


def sums_by_group(contributions: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """``contributions`` [n, m] summed over each group: [n_groups, m]; ``groups`` are codes from 0 without holes."""
    by_group = np.zeros((int(groups.max()) + 1, contributions.shape[1]))
    np.add.at(by_group, groups, contributions)
    return by_group
