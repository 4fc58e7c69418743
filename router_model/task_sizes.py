"""What steps of unequal tasks are worth as evidence: steps of one task succeed and fail together."""

import numpy as np

from tierwise.router_model.predicting.chain import Floats

_KEPT_SHARE = 0.95
_LEAST_SHARE = 0.5
_ENOUGH = 500.0


def n_effective(sizes: Floats, cap: float | None = None) -> float:
    """Tasks of ``sizes`` steps, float64 [n_tasks], told in tasks of equal size; 0 for none.

    A task of ``cap`` steps (:func:`task_cap`) or more counts as one, a smaller one by its share of that.

    >>> n_effective(np.array([5.0, 5.0, 5.0, 5.0]))
    4.0
    """
    cap = task_cap(sizes) if cap is None else cap
    return float(np.minimum(sizes, cap).sum() / cap) if len(sizes) else 0.0


def task_cap(sizes: Floats) -> float:
    """The smallest size that keeps 95 % of the steps at their full weight, or a smaller one where the log would be
    worth too few tasks at it: half of its own, or 500.

    Equal sizes are never cut. Sizes are known before any outcome, so that the cap cannot be chosen to please.
    """
    if not len(sizes):
        return 1.0
    candidates = np.unique(sizes)
    kept = np.array([np.minimum(sizes, candidate).sum() for candidate in candidates])
    wanted = min(_LEAST_SHARE * len(sizes), _ENOUGH)
    keeps = np.flatnonzero(kept >= _KEPT_SHARE * sizes.sum())[0]
    while keeps and kept[keeps] / candidates[keeps] < wanted:
        keeps -= 1
    return float(candidates[keeps])
