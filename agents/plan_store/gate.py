"""Whether a kept plan may be used: how its tasks ended, against how tasks with fresh plans did.

The chance of success of a kept plan and that of fresh plans of the same kind of goal are unknown; what is known of each
is a Beta distribution over its counts. The plan is used while it is likely enough that it is at most ``margin`` worse.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from math import lgamma

import numpy as np
from numpy.typing import NDArray

_GRID = (np.arange(1, 400) / 400.0).astype(np.float64)
_MAX_KIN = 8.0
_POOLED_WEIGHT = 4.0
_PRIOR_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """Tasks that ended, and how many of them well."""

    n_tasks: float = 0.0
    n_successes: float = 0.0

    @property
    def n_failures(self) -> float:
        return self.n_tasks - self.n_successes

    def plus(self, other: "Record", weight: float = 1.0) -> "Record":
        return Record(self.n_tasks + weight * other.n_tasks, self.n_successes + weight * other.n_successes)


class Standing(StrEnum):
    """``TRIAL``: too little is known. ``PROVEN``: likely not worse than fresh plans. ``RETIRED``: likely worse."""

    TRIAL = "trial"
    PROVEN = "proven"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class PlanGate:
    """A plan is proven from ``proven_from`` on and retired below ``retired_below``, both chances that it is at most
    ``margin`` worse than fresh plans. The shares are of its tasks: the rest is planned afresh, to have something to
    compare with."""

    margin: float = 0.05
    proven_from: float = 0.8
    retired_below: float = 0.2
    trial_share: float = 0.9
    proven_share: float = 0.95

    def p_not_worse(self, own: Record, kin: Record, fresh: Record, pooled: Record) -> float:
        """``own`` is the plan's record, ``kin`` that of other plans kept for the same kind of goal, ``fresh`` that of
        fresh plans for it, ``pooled`` that of all fresh plans. The task that a plan was made in is a fresh one.

        A plan inherits what is known of its kin, as up to 8 tasks, so that a kind of goal for which no plan can be kept
        does not cost some tasks with each new plan.
        """
        mean = (pooled.n_successes + 1.0) / (pooled.n_tasks + 2.0)
        known = fresh.plus(Record(_POOLED_WEIGHT, _POOLED_WEIGHT * mean))
        inherited = Record(_PRIOR_WEIGHT, _PRIOR_WEIGHT * mean).plus(kin, min(1.0, _MAX_KIN / max(1.0, kin.n_tasks)))
        kept = own.plus(inherited)
        p_kept, p_fresh = _density(kept), _density(known)
        at_most = np.cumsum(p_fresh) - 0.5 * p_fresh
        reached = np.interp(_GRID + self.margin, _GRID, at_most, left=0.0, right=1.0)
        return float(np.sum(p_kept * reached))

    def standing(self, p_not_worse: float) -> Standing:
        if p_not_worse < self.retired_below:
            return Standing.RETIRED
        return Standing.PROVEN if p_not_worse >= self.proven_from else Standing.TRIAL

    def share(self, p_not_worse: float) -> float:
        """The share of its tasks that a plan gets."""
        shares = {Standing.TRIAL: self.trial_share, Standing.PROVEN: self.proven_share, Standing.RETIRED: 0.0}
        return shares[self.standing(p_not_worse)]


def draw(task_id: str) -> float:
    """A number from 0 to 1 that is always the same for a task."""
    return int.from_bytes(sha256(f"plan/{task_id}".encode()).digest()[:6]) / float(2**48)


def _density(record: Record) -> NDArray[np.float64]:
    """The Beta density of what is known, over the grid, with sum 1."""
    a, b = record.n_successes + 0.5, record.n_failures + 0.5
    log = (a - 1) * np.log(_GRID) + (b - 1) * np.log1p(-_GRID) - (lgamma(a) + lgamma(b) - lgamma(a + b))
    weights: NDArray[np.float64] = np.exp(log - log.max())
    found: NDArray[np.float64] = weights / weights.sum()
    return found
