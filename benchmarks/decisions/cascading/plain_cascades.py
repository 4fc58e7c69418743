"""Plain cascades: the same tiers in the same order for every step, going up where a verifier catches a failure.

They need no router, no log and no training, and with a verifier they are hard to beat. A mix sends every step to one of
two of them by lot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.decisions.problem import Floats
from tierwise.training.evaluation.cascades.escalation import escalate
from tierwise.training.evaluation.hull import upper_hull


@dataclass(frozen=True, slots=True)
class PlainCascade:
    """``tiers`` in the order in which they are asked, the last one the top tier."""

    tiers: tuple[int, ...]

    def named(self, tier_names: Sequence[str]) -> str:
        """As it stands in a table."""
        return " → ".join(tier_names[tier] for tier in self.tiers)

    def run(self, success: Floats, cost_usd: Floats, catch_rate: float) -> tuple[Floats, Floats]:
        """Expected success and cost of every step, float64 [n], from what its tiers do, float64 [n, k]."""
        columns = list(self.tiers)
        start = np.zeros(len(success), dtype=np.int64)
        found = escalate(success[:, columns], cost_usd[:, columns], start, catch_rate)
        return found.p_success, found.cost_usd


def plain_cascades(n_tiers: int) -> list[PlainCascade]:
    """Every start and every skip: all ordered choices of tiers that end with the top one."""
    below = range(n_tiers - 1)
    return [
        PlainCascade((*chosen, n_tiers - 1))
        for size in range(n_tiers - 1, -1, -1)
        for chosen in combinations(below, size)
    ]


def best_success(cost: Floats, success: Floats, at_cost: float) -> float:
    """The success of the best mix of points, ``cost`` and ``success`` float64 [m], that costs no more.

    Below the cheapest point it is that of the cheapest: nothing is cheaper.
    """
    hull = upper_hull(cost, success)
    rising = hull[: int(np.argmax(success[hull])) + 1]
    return float(np.interp(at_cost, cost[rising], success[rising]))


def least_cost(cost: Floats, success: Floats, at_success: float) -> float:
    """The cost of the cheapest mix that succeeds as often; that of the most successful point where none does."""
    hull = upper_hull(cost, success)
    rising = hull[: int(np.argmax(success[hull])) + 1]
    return float(np.interp(at_success, success[rising], cost[rising]))
