"""What the log proves about the tax of each step: a range, which is a point where the cheapest enough tier is known.

The cheapest tier that would have succeeded is one that is not known to fail, at or below the cheapest known success. No
assumption is made that a dearer tier succeeds wherever a cheaper one does. Where every tier may have failed, "none" is
possible too, and paying for a step that nothing solves is no tax.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.labels import OutcomeTable
from tierwise.data.tax.costs import Floats


@dataclass(frozen=True, slots=True)
class Range:
    """What is certain to hold: the value lies in ``low..high``."""

    low: float
    high: float

    @property
    def is_point(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class NeededTiers:
    """By step: ``may_be`` bool [n, k], the tiers that may be the cheapest enough; ``may_be_none`` bool [n]."""

    may_be: NDArray[np.bool_]
    may_be_none: NDArray[np.bool_]

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """bool [n]: the cheapest enough tier, or that there is none, is certain."""
        return np.asarray(self.may_be.sum(axis=1) + self.may_be_none == 1)

    @property
    def is_none(self) -> NDArray[np.bool_]:
        """bool [n]: every tier failed."""
        return np.asarray(self.may_be_none & ~self.may_be.any(axis=1))


def needed_tiers(table: OutcomeTable) -> NeededTiers:
    tiers = np.arange(table.n_tiers)
    may_be = (table.success != 0) & (tiers <= table.last[:, None])
    return NeededTiers(may_be, table.last == table.n_tiers)


def tax_bounds(paid: Floats, by_tier: Floats, needed: NeededTiers) -> tuple[Floats, Floats]:
    """Lower and upper bound of each step's tax in US dollars, float64 [n] each.

    A step that ended on a cheaper tier than it needed has no tax: the tax is what was paid above, never below zero.
    """
    cheapest = np.where(needed.may_be, by_tier, np.inf).min(axis=1)
    dearest = np.where(needed.may_be, by_tier, -np.inf).max(axis=1)
    high = np.maximum(paid - cheapest, 0.0)
    low = np.where(needed.may_be_none, 0.0, np.maximum(paid - dearest, 0.0))
    return low, high


def expected_tax(paid: Floats, by_tier: Floats, needed: NeededTiers, p_enough: Floats) -> Floats:
    """The tax of each step under a router's expectation, restricted to what the log leaves open; float64 [n].

    ``p_enough`` float64 [n, k]: the probability that some tier up to t succeeds.
    """
    weights = needed_shares(needed, p_enough)
    return np.asarray((weights[:, :-1] * np.maximum(paid[:, None] - by_tier, 0.0)).sum(axis=1))


def needed_shares(needed: NeededTiers, p_enough: Floats) -> Floats:
    """P(tier t is the cheapest enough | the log), the last column for "none"; float64 [n, k + 1]."""
    p_first = np.diff(p_enough, axis=1, prepend=0.0)
    weights = np.column_stack([p_first, 1.0 - p_enough[:, -1]]).clip(min=0.0)
    open_tiers = np.column_stack([needed.may_be, needed.may_be_none])
    weights = np.where(open_tiers, np.maximum(weights, 1e-9), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
