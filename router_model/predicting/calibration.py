"""Calibration: what turns raw scores into probabilities and costs that mean what they say.

Each chain row's log-odds pass through a line (Platt scaling, Platt 1999) and then, where the log is large enough, a
monotone bend (isotonic regression, Zadrozny and Elkan 2002), both fitted by
:mod:`tierwise.training.fitting.calibration` on rows that the models did not see. Predicted log costs get an offset a
tier, because the mean of a cost lies above the exponential of its mean logarithm (Duan 1983, smearing).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.router_model.predicting.chain import Floats, TierProbabilities, n_chain_rows, tier_probabilities


@dataclass(frozen=True, slots=True)
class Bend:
    """A monotone correction of log-odds: ``shift`` float64 [m] is added at ``at`` float64 [m], which ascends.

    Between two knots the shift is interpolated, beyond the last ones it stays.
    """

    at: Floats
    shift: Floats

    def bent(self, log_odds: Floats) -> Floats:
        """Corrected log-odds, float64 of the same shape."""
        return np.asarray(log_odds + np.interp(log_odds, self.at, self.shift))

    def to_mapping(self) -> dict[str, Any]:
        return {"at": self.at.tolist(), "shift": self.shift.tolist()}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Bend":
        return cls(np.asarray(raw["at"], dtype=np.float64), np.asarray(raw["shift"], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Calibration:
    """``slope`` and ``intercept`` float64 [2 k - 1] by chain row, ``cost_log_offset`` float64 [k] by tier.

    ``bends`` are one a chain row, or none at all.
    """

    slope: Floats
    intercept: Floats
    cost_log_offset: Floats
    bends: tuple[Bend, ...] = ()

    @classmethod
    def identity(cls, n_tiers: int) -> "Calibration":
        n_rows = n_chain_rows(n_tiers)
        return cls(np.ones(n_rows), np.zeros(n_rows), np.zeros(n_tiers))

    def probabilities(self, scores: Floats) -> TierProbabilities:
        """Calibrated probabilities from log-odds float64 [n, 2 k - 1]."""
        return tier_probabilities(self.log_odds(scores))

    def log_odds(self, scores: Floats) -> Floats:
        """Calibrated log-odds, float64 [n, 2 k - 1]."""
        straight = scores * self.slope + self.intercept
        if not self.bends:
            return straight
        return np.stack([bend.bent(straight[:, row]) for row, bend in enumerate(self.bends)], axis=1)

    def cost_usd(self, log_cost: Floats) -> Floats:
        """Expected costs in US dollars from predicted log costs, float64 [n, k]."""
        return np.asarray(np.exp(log_cost + self.cost_log_offset))

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``calibration.json``."""
        return {
            "slope": self.slope.tolist(),
            "intercept": self.intercept.tolist(),
            "cost_log_offset": self.cost_log_offset.tolist(),
            "bends": [bend.to_mapping() for bend in self.bends],
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Calibration":
        slope, intercept, offset = (
            np.asarray(raw[key], dtype=np.float64) for key in ("slope", "intercept", "cost_log_offset")
        )
        return cls(slope, intercept, offset, tuple(Bend.from_mapping(bend) for bend in raw["bends"]))
