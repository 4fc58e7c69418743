"""Decisions as arrays: what was chosen, and what was predicted, for every step of a log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.curve import Forecast


@dataclass(frozen=True, slots=True, eq=False)
class DecisionArrays:
    """``n`` decisions on ``k`` tiers.

    ``chosen`` int64 [n]; ``p_success``, ``expected_cost_usd`` float64 [n, k], a row of NaN where the decision does not
    know them (a fallback, a rule).
    """

    chosen: NDArray[np.int64]
    p_success: FloatArray
    expected_cost_usd: FloatArray

    @property
    def is_predicted(self) -> NDArray[np.bool_]:
        return np.asarray(~np.isnan(self.p_success + self.expected_cost_usd).any(axis=1))

    def prediction(self) -> Forecast | None:
        """For sweeping the curve; None when no decision predicts. One that does not always takes its own tier."""
        predicted = self.is_predicted
        if not predicted.any():
            return None
        own = np.eye(self.p_success.shape[1])[self.chosen]
        return Forecast(
            p_success=np.where(predicted[:, None], self.p_success, own),
            expected_cost_usd=np.where(predicted[:, None], self.expected_cost_usd, 1 - own),
        )


def decision_arrays(decisions: Sequence[Decision], catalogue: TierCatalogue) -> DecisionArrays:
    """Raises ``CatalogueError`` for a decision on a tier that the catalogue does not have."""
    names = catalogue.names
    chosen = np.array([catalogue.index(decision.tier) for decision in decisions], dtype=np.int64)
    return DecisionArrays(
        chosen=chosen,
        p_success=_by_tier([decision.p_success for decision in decisions], names),
        expected_cost_usd=_by_tier([decision.expected_cost_usd for decision in decisions], names),
    )


def _by_tier(values: Sequence[Mapping[str, float]], names: Sequence[str]) -> FloatArray:
    rows = [[value.get(name, float("nan")) for name in names] for value in values]
    return np.array(rows, dtype=np.float64).reshape(len(values), len(names))
