"""Calibration: what turns raw scores into probabilities and costs that mean what they say.

Each chain row's log-odds pass through a line (Platt scaling, Platt 1999), fitted by
:mod:`tierwise.training.calibration` on rows that the booster did not see. Predicted log costs get an offset a tier,
because the mean of a cost lies above the exponential of its mean logarithm (Duan 1983, smearing).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.router_model.chain import Floats, TierProbabilities, n_chain_rows, tier_probabilities


@dataclass(frozen=True, slots=True)
class Calibration:
    """``slope`` and ``intercept`` float64 [2 k - 1] by chain row, ``cost_log_offset`` float64 [k] by tier."""

    slope: Floats
    intercept: Floats
    cost_log_offset: Floats

    @classmethod
    def identity(cls, n_tiers: int) -> "Calibration":
        n_rows = n_chain_rows(n_tiers)
        return cls(np.ones(n_rows), np.zeros(n_rows), np.zeros(n_tiers))

    def probabilities(self, scores: Floats) -> TierProbabilities:
        """Calibrated probabilities from log-odds float64 [n, 2 k - 1]."""
        return tier_probabilities(scores * self.slope + self.intercept)

    def cost_usd(self, log_cost: Floats) -> Floats:
        """Expected costs in US dollars from predicted log costs, float64 [n, k]."""
        return np.asarray(np.exp(log_cost + self.cost_log_offset))

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``calibration.json``."""
        return {
            "slope": self.slope.tolist(),
            "intercept": self.intercept.tolist(),
            "cost_log_offset": self.cost_log_offset.tolist(),
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Calibration":
        slope, intercept, offset = (np.asarray(raw[key], dtype=np.float64) for key in cls.__slots__)
        return cls(slope, intercept, offset)
