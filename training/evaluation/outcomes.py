"""The steps on which every tier's outcome is known, checked once: what full-information metrics are computed on."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.estimate import effective_n

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class FullOutcomes:
    """Outcomes of ``n`` complete steps on ``k`` tiers, cheapest first, out of a log of ``n_logged`` steps.

    ``success``  float64 [n, k], 0 or 1; ``cost_usd`` float64 [n, k]: no NaN in either.
    ``weights``  float64 [n], at least 0; ``groups`` int64 [n], codes from 0: steps of a group are drawn together.
    ``rows``     int64 [n]: the places of these steps in the log.
    """

    success: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    weights: NDArray[np.float64]
    groups: NDArray[np.int64]
    rows: NDArray[np.int64]
    n_logged: int

    def __len__(self) -> int:
        return len(self.success)

    @property
    def n_tiers(self) -> int:
        return int(self.success.shape[1])

    @property
    def n_left_out(self) -> int:
        return self.n_logged - len(self)

    @property
    def n_effective(self) -> float:
        return effective_n(self.weights, self.groups)

    def keep(self, values: NDArray[T]) -> NDArray[T]:
        """The entries of ``values`` [n_logged, ...] that belong to the complete steps."""
        if len(values) != self.n_logged:
            raise EvaluationError(
                f"an array has {len(values)} rows; the log has {self.n_logged} steps, give one row each"
            )
        return values[self.rows]

    def take(self, chosen: NDArray[np.bool_]) -> "FullOutcomes":
        """The complete steps where ``chosen`` bool [n] holds, as a part of the same log."""
        groups = np.unique(self.groups[chosen], return_inverse=True)[1].astype(np.int64)
        return FullOutcomes(
            self.success[chosen], self.cost_usd[chosen], self.weights[chosen], groups, self.rows[chosen], self.n_logged
        )

    def oracle(self) -> NDArray[np.int64]:
        """int64 [n]: the tier that succeeded at the least cost of the step's own; where none did, the cheapest one.

        A lower tier is not always the cheaper one: it may have thought longer. Ties go to the lower tier.
        """
        succeeded = self.success == 1
        is_hopeless = ~succeeded.any(axis=1, keepdims=True)
        return np.asarray(np.where(succeeded | is_hopeless, self.cost_usd, np.inf).argmin(axis=1), dtype=np.int64)


def full_outcomes(
    success: NDArray[np.float64],
    cost_usd: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
    groups: Sequence[Hashable] | NDArray[np.generic] | None = None,
) -> FullOutcomes:
    """The complete steps of a log: those whose success and cost are known on every tier.

    ``success`` float64 [n_logged, k] in {0, 1, NaN}, ``cost_usd`` float64 [n_logged, k], NaN unknown; ``groups`` one
    label a step. Raises ``EvaluationError`` for arrays that do not fit and when no step is complete.
    """
    _check(success, cost_usd)
    n_logged = len(success)
    weights = np.ones(n_logged) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights.shape != (n_logged,) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise EvaluationError(f"weights must be {n_logged} finite numbers of at least 0")
    complete = ~np.isnan(success).any(axis=1) & ~np.isnan(cost_usd).any(axis=1) & (weights > 0)
    if not complete.any():
        raise EvaluationError(
            f"none of the {n_logged} steps knows success and cost of every tier; use the off-policy evaluation"
        )
    rows = np.flatnonzero(complete)
    codes = group_codes(groups, n_logged)[rows]
    codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return FullOutcomes(success[rows], cost_usd[rows], weights[rows], codes, rows.astype(np.int64), n_logged)


def group_codes(groups: Sequence[Hashable] | NDArray[np.generic] | None, n_steps: int) -> NDArray[np.int64]:
    """int64 [n_steps], codes from 0 in order of appearance. A step whose label is None is a group of its own."""
    if groups is None:
        return np.arange(n_steps, dtype=np.int64)
    labels = list(groups)
    if len(labels) != n_steps:
        raise EvaluationError(f"groups has {len(labels)} labels for {n_steps} steps; give one a step")
    known: dict[object, int] = {}
    keys = (("alone", row) if label is None else ("shared", label) for row, label in enumerate(labels))
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def _check(success: NDArray[np.float64], cost_usd: NDArray[np.float64]) -> None:
    if success.ndim != 2 or success.shape[1] < 2 or success.shape != cost_usd.shape:
        raise EvaluationError(
            f"success {success.shape} and cost {cost_usd.shape} must both be [n, k] with k >= 2 tiers"
        )
    if not np.isin(success[~np.isnan(success)], (0.0, 1.0)).all():
        raise EvaluationError("success holds something else than 0, 1 and NaN; threshold scores first")
    if np.isinf(cost_usd).any() or (cost_usd < 0).any():
        raise EvaluationError("cost_usd holds a negative or infinite cost; use NaN for an unknown one")
