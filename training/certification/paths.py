"""Policies from careful to bold: ``argmax_t p_t - w * c_t`` for every cost weight w, told by what it expects to save.

A cost weight means something else to every fit of the same learner: where features tell little, predictions lie close
together, and a weight that moves 12 % of the steps of one fit moves none of another. What a policy expects to save
means the same to all of them. So operating points are chosen by expected saving, each fold's models at their own
weight, and the router that serves gets the weight at which it expects to save as much.

Weights below 0 ask a cheaper tier to be *better* than the dear one by something; at minus infinity all steps are at the
top, at plus infinity all at the cheapest tier, and the expected cost falls all the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.chain import Floats
from tierwise.router_model.policy import choose_all
from tierwise.training.certification.held_out import Expected

SAVINGS: tuple[float, ...] = (0.005, *np.round(np.arange(0.01, 0.9901, 0.01), 4).tolist(), 0.999)
"""Shares of the top tier's cost, ascending: the policies that are tried, one after the other."""

_GRID = np.concatenate([-np.geomspace(30.0, 1e-4, 60), [0.0], np.geomspace(1e-4, 1e4, 110)])
_N_HALVINGS = 14


def choose(expected: Expected, tiers: NDArray[np.bool_], weight: float) -> NDArray[np.int64]:
    """The tier of each step at a cost weight, int64 [n]; ``tiers`` bool [k] are those that may be chosen."""
    p_success = np.where(tiers, expected.p_success, -np.inf)
    return np.asarray(choose_all(p_success, expected.relative_cost, weight * expected.weight_column), dtype=np.int64)


def weights_at(
    expected: Expected,
    tiers: NDArray[np.bool_],
    is_fixed: NDArray[np.bool_],
    savings: Sequence[float] = SAVINGS,
    fixed: int = -1,
) -> Floats:
    """The cost weights at which these steps are expected to cost so much less than at the top, float64 [savings].

    Steps of ``is_fixed`` bool [n] get column ``fixed``. A saving that no weight reaches gets the largest weight.
    """
    if not len(is_fixed):
        return np.full(len(savings), np.nan)
    cost, free = expected.relative_cost, expected.take(~is_fixed)
    asked = _Asked(
        np.where(tiers, free.p_success, -np.inf),
        cost[~is_fixed],
        free.weight_column,
        float(cost[is_fixed, fixed].sum()),
        float(cost[:, -1].sum()),
    )
    grid_saving = np.array([asked.saving(weight) for weight in _GRID])
    return np.array([_weight_at(asked, grid_saving, saving) for saving in savings])


@dataclass(frozen=True, slots=True)
class _Asked:
    """``p_success`` and ``cost`` float64 [m, k] of the steps that may move, and what their cost weights are multiplied
    with; what others cost, and all at the top."""

    p_success: Floats
    cost: Floats
    factor: float | Floats
    fixed_cost: float
    top_cost: float

    def saving(self, weight: float) -> float:
        chosen = choose_all(self.p_success, self.cost, weight * self.factor)
        paid = self.cost[np.arange(len(chosen)), chosen].sum() + self.fixed_cost
        return float(1.0 - paid / self.top_cost)


def _weight_at(asked: _Asked, grid_saving: Floats, saving: float) -> float:
    """The lowest weight that saves as much, by halving between neighbours of the grid."""
    reached = np.flatnonzero(grid_saving >= saving)
    if not len(reached):
        return float(_GRID[-1])
    if not reached[0]:
        return float(_GRID[0])
    low, high = _GRID[reached[0] - 1], _GRID[reached[0]]
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if asked.saving(middle) >= saving else (middle, high)
    return float(high)
