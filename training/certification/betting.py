"""The test behind every promise: can "the mean is 0 or more" be rejected? Over tasks, at a stated confidence.

Where a log is too small for anything else, a gambler decides, who stakes a share of the wealth on small values, unit
after unit, and ends with the product of ``1 - bet * x``. While the mean is 0 or more its expectation is at most 1, so
by Markov's inequality it reaches ``1 / (1 - confidence)`` with probability ``1 - confidence`` at most ("Estimating
means of bounded random variables by betting", Waudby-Smith and Ramdas 2024). A bet may depend on what came before:
here it is the best one for the spread seen so far. The order is drawn from a seed; the mean of the wealth over a few
orders is a fair game too, and keeps the luck of one order out. It needs no assumption and asks for 2.2 standard errors.

Where a log that just breaks the promise would show ``ENOUGH_LOSSES`` losses or more, the score test decides too (Rao
1948): the sum over units against the normal distribution, its variance that of the log with so many losses more that
the promise is just broken. It asks for 1.3 standard errors at 90 %; docs/learning.md has its errors.

Units are weighed by their capped size. What this hides, a loss that sits in the largest tasks, is asked of a last
test: the mean over steps as they are, with the standard error of its units (Student's t at their effective number).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.steps_needed import ENOUGH_LOSSES, MOST_STAKED
from tierwise.training.certification.units import Units

N_ORDERS = 6
_PRIOR_UNITS = 5.0
_SEED = 20_261


@dataclass(frozen=True, slots=True)
class MeanTest:
    """The test for steps of ``units``: values of at most ``upper`` each, tested at ``confidence``."""

    units: Units
    upper: float
    confidence: float

    def is_below_zero(self, values: Floats, spread: float) -> bool:
        """Whether the mean of ``values`` float64 [n] is surely below 0.

        ``spread`` is a guess of the mean square of a unit, made without the outcomes: the first bets rest on it.
        """
        sums = self.units.sums(values)
        return self.is_below_zero_by_unit(sums, spread)

    def is_below_zero_by_unit(self, sums: Floats, spread: float) -> bool:
        """The same from the sums of the units, float64 [n_units]."""
        if not len(sums) or sums.sum() >= 0:
            return False
        bounded = self.units.bounded(sums)
        return (self._is_far(bounded) or self._is_won(bounded, spread)) and self._holds_for_steps(sums)

    def _is_far(self, bounded: Floats) -> bool:
        """The score test: units that lose all would have to be added until the sum is 0, and add to its variance."""
        room = -bounded.sum()
        n_lost = room + np.maximum(bounded, 0.0).sum()
        if n_lost < ENOUGH_LOSSES:
            return False
        deviation = np.sqrt(np.square(bounded).sum() + room * self.upper)
        return bool(room / deviation >= ndtri(self.confidence))

    def _is_won(self, bounded: Floats, spread: float) -> bool:
        wealth = log_wealth(bounded, max(self.upper, 1e-12), spread, self.confidence)
        return bool(wealth >= -np.log1p(-self.confidence))

    def _holds_for_steps(self, sums: Floats) -> bool:
        """Whether the mean over steps as they are lies below 0 by its standard error, as Student's t asks."""
        sizes = self.units.weights
        mean = sums.sum() / sizes.sum()
        error = np.sqrt(np.square(sums - mean * sizes).sum()) / sizes.sum()
        freedom = sizes.sum() ** 2 / np.square(sizes).sum() - 1
        if freedom <= 0:
            return False
        return bool(mean + stdtrit(freedom, self.confidence) * error <= 0)


def log_wealth(values: Floats, upper: float, spread: float, confidence: float) -> float:
    """The logarithm of the mean wealth over a few orders of ``values`` float64 [u], each at most ``upper``.

    ``spread`` is the mean square that the first bets assume.
    """
    n_units = len(values)
    squares = np.square(values)
    found = np.empty(N_ORDERS)
    for row, order in enumerate(_orders(n_units)):
        seen = np.concatenate([[0.0], np.cumsum(squares[order])[:-1]])
        mean_square = (_PRIOR_UNITS * spread + seen) / (_PRIOR_UNITS + np.arange(n_units))
        bets = np.sqrt(-2.0 * np.log1p(-confidence) / (n_units * np.maximum(mean_square, 1e-12)))
        found[row] = np.log1p(-np.minimum(bets, MOST_STAKED / upper) * values[order]).sum()
    return float(np.logaddexp.reduce(found) - np.log(N_ORDERS))


_CACHED_ORDERS: dict[int, list[NDArray[np.int64]]] = {}


def _orders(n_units: int) -> list[NDArray[np.int64]]:
    if n_units not in _CACHED_ORDERS:
        if len(_CACHED_ORDERS) > 32:
            _CACHED_ORDERS.clear()
        rng = np.random.default_rng([_SEED, n_units])
        _CACHED_ORDERS[n_units] = [rng.permutation(n_units) for _ in range(N_ORDERS)]
    return _CACHED_ORDERS[n_units]
