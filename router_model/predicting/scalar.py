"""The arithmetic of one step in plain floats.

``calibration`` and ``chain`` do the same over arrays of many steps. For the handful of numbers that one step has, every
array operation costs more than all of the arithmetic. A test holds the two ways to each other, bit for bit.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from tierwise.router_model.predicting.calibration import Bend, Calibration
from tierwise.router_model.predicting.chain import MAX_LOG_ODDS, TierProbabilities


@dataclass(frozen=True, slots=True)
class ScalarBend:
    """``Bend`` for one number."""

    at: list[float]
    shift: list[float]

    @classmethod
    def of(cls, bend: Bend) -> "ScalarBend":
        return cls(bend.at.tolist(), bend.shift.tolist())

    def bent(self, log_odds: float) -> float:
        at, shift = self.at, self.shift
        right = bisect_right(at, log_odds)
        if right == 0:
            return log_odds + shift[0]
        if right == len(at):
            return log_odds + shift[-1]
        left = right - 1
        slope = (shift[right] - shift[left]) / (at[right] - at[left])
        return log_odds + (slope * (log_odds - at[left]) + shift[left])


@dataclass(frozen=True, slots=True)
class ScalarCalibration:
    """``Calibration.probabilities`` for one step."""

    slope: list[float]
    intercept: list[float]
    bends: tuple[ScalarBend, ...]

    @classmethod
    def of(cls, calibration: Calibration) -> "ScalarCalibration":
        bends = tuple(ScalarBend.of(bend) for bend in calibration.bends)
        return cls(calibration.slope.tolist(), calibration.intercept.tolist(), bends)

    def probabilities(self, scores: list[float]) -> "ScalarChain":
        """Calibrated probabilities from ``2 k - 1`` log-odds."""
        straight = [score * a + b for score, a, b in zip(scores, self.slope, self.intercept, strict=True)]
        if self.bends:
            straight = [bend.bent(value) for bend, value in zip(self.bends, straight, strict=True)]
        clipped = [-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, value)) for value in straight]
        return chain_of([1.0 / (1.0 + power) for power in np.exp(clipped).tolist()])  # math.exp rounds differently


@dataclass(frozen=True, slots=True)
class ScalarChain:
    """``TierProbabilities`` of one step, each of length ``k``."""

    hazard: list[float]
    keep: list[float]
    p_success: list[float]
    p_enough: list[float]

    def as_arrays(self) -> TierProbabilities:
        """Of one row each."""
        return TierProbabilities(*np.array([[self.hazard], [self.keep], [self.p_success], [self.p_enough]]))


def chain_of(p: list[float]) -> ScalarChain:
    """``tier_probabilities`` of one step, from the probabilities of its chain rows."""
    n_tiers = (len(p) + 1) // 2
    hazard, keep = p[:n_tiers], [1.0, *p[n_tiers:]]
    p_success, p_enough = [], []
    p_none, p_before = 1.0, 0.0
    for h, k in zip(hazard, keep, strict=True):
        p_success.append((1 - p_before) * h + p_before * k)
        p_none *= 1.0 - h
        p_before = 1.0 - p_none
        p_enough.append(p_before)
    return ScalarChain(hazard, keep, p_success, p_enough)
