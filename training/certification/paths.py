"""Policies from careful to bold: ``argmax_t p_t - w * c_t`` for every cost weight w, told by what it expects to save.

A cost weight means something else to every fit of the same learner: where features tell little, predictions lie close
together, and a weight that moves 12 % of the steps of one fit moves none of another. What a policy expects to save
means the same to all of them. So operating points are chosen by expected saving, each fold's models at their own
weight, and the router that serves gets the weight at which it expects to save as much.

Weights below 0 ask a cheaper tier to be *better* than the dear one by something; at minus infinity all steps are at the
top, at plus infinity all at the cheapest tier, and the expected cost falls all the way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.choosing.policy import choose_all
from tierwise.router_model.predicting.chain import Floats
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
    crossings, paid = _stair(np.where(tiers, free.p_success, -np.inf), cost[~is_fixed], free.weight_column)
    saving = 1.0 - (paid + float(cost[is_fixed, fixed].sum())) / float(cost[:, -1].sum())
    return _lowest(crossings, saving, np.asarray(savings))


def _stair(p_success: Floats, cost: Floats, factor: float | Floats) -> tuple[Floats, Floats]:
    """What ``choose_all`` costs by weight: it falls at each of the weights float64 [m], ascending, where some step
    takes a cheaper tier, and is float64 [m + 1] in sum below the first, between two, and beyond the last.

    ``p - w * f * c`` is a line over w for each tier of a step (``p`` -inf: not open; ``cost`` float64 [n, k]). A step
    starts on that of its dearest open tier and goes over to the one that crosses it first, at most k - 1 times.
    """
    each = np.arange(len(cost))
    dearest = np.where(np.isneginf(p_success), -np.inf, cost).max(axis=1, keepdims=True)
    at = np.where(cost == dearest, p_success, -np.inf).argmax(axis=1)
    start = float(cost[each, at].sum())
    weights, falls = [np.empty(0)], [np.zeros(1)]
    for _ in range(cost.shape[1] - 1):
        cheaper = cost[each, at, None] - cost
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed = np.where(cheaper > 0, (p_success[each, at, None] - p_success) / cheaper, np.inf)
        after = crossed.argmin(axis=1)
        first = crossed[each, after, None]
        goes = np.isfinite(first[:, 0])
        weights.append((first / factor)[goes, 0])
        falls.append(cheaper[each, after][goes])
        at = np.where(goes, after, at)
    crossings, fallen = np.concatenate(weights), np.concatenate(falls)
    order = crossings.argsort(kind="stable")
    return crossings[order], start - np.concatenate([fallen[:1], fallen[1:][order]]).cumsum()


def _lowest(crossings: Floats, saving: Floats, asked: Floats) -> Floats:
    """The lowest weights with a ``saving`` of ``asked`` float64 [s] or more, by halving between neighbours of the grid.

    Beyond the crossing, never on it: there two tiers are worth the same, and rounding would decide.
    """
    at = np.searchsorted(saving[np.searchsorted(crossings, _GRID, side="left")], asked)
    high = _GRID[np.minimum(at, len(_GRID) - 1)]
    low = np.where((at > 0) & (at < len(_GRID)), _GRID[np.maximum(at - 1, 0)], high)
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        is_enough = (saving[np.searchsorted(crossings, middle, side="left")] >= asked) | (low == high)
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return high
