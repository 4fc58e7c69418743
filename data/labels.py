"""What attempts prove about a step: per tier success, failure or unknown, and the interval of its label.

The label of a step is the index of the cheapest tier that succeeds on it, ``n_tiers`` when none does. Attempts prove
an interval ``first <= label <= last``. A failure at a tier rules out the cheaper tiers that were not tried only
under the assumption that a dearer tier is enough wherever a cheaper one was; ``is_assumed`` marks the labels that
lean on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Attempt, LoggedStep


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """Outcomes of ``n`` steps on ``k`` tiers, cheapest first.

    ``success``    float64 [n, k]: 1 succeeded, 0 failed, NaN unknown. A tier's first known attempt counts.
    ``cost_usd``   float64 [n, k]: the cost of that attempt (of the first one where no success is known), NaN unknown.
    ``first``, ``last``  int64 [n]: the label lies in ``first..last``; ``k`` stands for "no tier".
    ``is_assumed`` bool [n]: the interval assumes that dearer tiers succeed wherever cheaper ones do.
    ``is_complete`` bool [n]: every tier's success is known.
    """

    success: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    is_assumed: NDArray[np.bool_]

    @property
    def is_complete(self) -> NDArray[np.bool_]:
        return np.asarray(~np.isnan(self.success).any(axis=1))

    @property
    def n_tiers(self) -> int:
        return int(self.success.shape[1])

    def __len__(self) -> int:
        return len(self.success)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "OutcomeTable":
        return OutcomeTable(
            self.success[rows], self.cost_usd[rows], self.first[rows], self.last[rows], self.is_assumed[rows]
        )


def outcome_table(steps: Sequence[LoggedStep], tier_names: Sequence[str]) -> OutcomeTable:
    """Reads the attempts of ``steps``; attempts on tiers outside ``tier_names`` are ignored."""
    success = np.full((len(steps), len(tier_names)), np.nan)
    cost_usd = np.full_like(success, np.nan)
    index = {name: i for i, name in enumerate(tier_names)}
    for row, step in enumerate(steps):
        for attempt in step.attempts:
            if attempt.tier in index:
                _note(attempt, success[row], cost_usd[row], index[attempt.tier])
    return label_outcomes(success, cost_usd)


def label_outcomes(success: NDArray[np.float64], cost_usd: NDArray[np.float64]) -> OutcomeTable:
    """The intervals that ``success`` (float64 [n, k], NaN unknown) proves."""
    n_tiers = success.shape[1]
    tiers = np.arange(n_tiers)
    succeeded, failed = success == 1, success == 0
    last = np.where(succeeded.any(axis=1), succeeded.argmax(axis=1), n_tiers)
    failed_below = failed & (tiers < last[:, None])
    first = np.where(failed_below, tiers + 1, 0).max(axis=1)
    is_assumed = (~failed & (tiers < first[:, None])).any(axis=1)
    return OutcomeTable(success, cost_usd, first.astype(np.int64), last.astype(np.int64), is_assumed)


def _note(attempt: Attempt, success: NDArray[np.float64], cost_usd: NDArray[np.float64], tier: int) -> None:
    if not np.isnan(success[tier]):
        return
    if attempt.success is not None:
        success[tier] = float(attempt.success)
    is_paid = attempt.cost_usd is not None and not attempt.extra.get("cache_hit")  # a cache costs nothing, models do
    if attempt.cost_usd is not None and is_paid and (attempt.success is not None or np.isnan(cost_usd[tier])):
        cost_usd[tier] = attempt.cost_usd
