"""How honest predicted probabilities are, tier by tier: ECE, reliability, Brier score, log loss, AUC."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.estimate import Estimate, effective_n

MAX_BINS = 15
MIN_STEPS_A_BIN = 10
_P_MIN = 1e-6
_ONE_IN_TWENTY = 1.6449


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Steps with similar predictions: their mean prediction and the share of them that succeeded."""

    mean_p_success: float
    success: Estimate

    def to_dict(self) -> dict[str, object]:
        return {"mean_p_success": self.mean_p_success, "success": self.success.to_dict()}


@dataclass(frozen=True, slots=True)
class TierCalibration:
    """Calibration of one tier on the steps where its success is known.

    ``ece`` is the expected calibration error over equal-count bins (Naeini, Cooper and Hauskrecht, AAAI 2015, with
    quantile bins), 15 of them or as many as hold 10 steps each: with fewer a bin it tells chance from error worse. It
    is above 0 even for perfect predictions; ``ece_of_chance`` is what it would be on average for perfect ones with
    these bins, ``ece_by_chance`` what they would exceed in one case of twenty. ``auc`` is NaN when every step succeeds
    or every step fails.
    """

    tier: str
    ece: Estimate
    ece_of_chance: float
    ece_by_chance: float
    brier: Estimate
    log_loss: Estimate
    auc: Estimate
    reliability: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, object]:
        names = ("ece", "brier", "log_loss", "auc")
        estimates: dict[str, object] = {name: getattr(self, name).to_dict() for name in names}
        bins = [entry.to_dict() for entry in self.reliability]
        chance = {"ece_of_chance": self.ece_of_chance, "ece_by_chance": self.ece_by_chance}
        return {"tier": self.tier, **estimates, **chance, "reliability": bins}


def measure_calibration(
    tier: str,
    p_success: FloatArray,
    success: FloatArray,
    groups: NDArray[np.int64],
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> TierCalibration:
    """Compares ``p_success`` float64 [n] with ``success`` float64 [n] in {0, 1, NaN}; NaN steps are left out."""
    known = ~np.isnan(success) & ~np.isnan(p_success)
    if not known.any():
        raise EvaluationError(f"no step knows both success and prediction of tier '{tier}'")
    p, y = p_success[known], success[known]
    if ((p < 0) | (p > 1)).any():
        raise EvaluationError(f"p_success of tier '{tier}' holds {p.min():g}..{p.max():g}; probabilities are needed")
    codes = np.unique(groups[known], return_inverse=True)[1].astype(np.int64)
    n, n_effective = len(p), effective_n(np.ones(len(p)), codes)
    totals = bootstrap.sums(_contributions(p, y), codes)
    bins = totals[:, 3:].reshape(len(totals), 3, -1)
    auc = bootstrap.row_statistics(Ranking.of(p, y).auc, np.ones(n), codes)

    of_chance, by_chance = _ece_of_chance(bins[0], n_effective)

    def estimate(values: FloatArray) -> Estimate:
        return bootstrap.estimate(values, n, n_effective)

    return TierCalibration(
        tier=tier,
        ece=_ece(bins, n, n_effective, bootstrap),
        ece_of_chance=of_chance,
        ece_by_chance=by_chance,
        brier=estimate(totals[:, 1] / totals[:, 0]),
        log_loss=estimate(totals[:, 2] / totals[:, 0]),
        auc=estimate(auc),
        reliability=_reliability(bins, n_effective / n, bootstrap),
    )


def bin_codes(p: FloatArray, n_bins: int = MAX_BINS) -> NDArray[np.int64]:
    """int64 [n]: bins of nearly equal count by ``p``; equal predictions share a bin, so there can be fewer."""
    n_bins = max(1, min(n_bins, len(p) // MIN_STEPS_A_BIN))
    edges = np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.unique(np.searchsorted(np.unique(edges), p, side="right"), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Predictions as ranks int64 [n], ties sharing one, beside successes float64 [n]."""

    ranks: NDArray[np.int64]
    success: FloatArray

    @classmethod
    def of(cls, p_success: FloatArray, success: FloatArray) -> "Ranking":
        return cls(np.unique(p_success, return_inverse=True)[1].astype(np.int64), success)

    def auc(self, weights: FloatArray) -> float:
        """Probability that a random success ranks above a random failure, ties counting half; NaN without both."""
        successes = np.bincount(self.ranks, weights=weights * self.success)
        failures = np.bincount(self.ranks, weights=weights * (1 - self.success))
        pairs = successes.sum() * failures.sum()
        if pairs == 0:
            return float("nan")
        return float((successes * (np.cumsum(failures) - 0.5 * failures)).sum() / pairs)


def _contributions(p: FloatArray, y: FloatArray) -> FloatArray:
    """[n, 3 + 3b]: one, Brier, log loss, then count, prediction and success by bin."""
    clipped = np.clip(p, _P_MIN, 1 - _P_MIN)
    log_loss = -(y * np.log(clipped) + (1 - y) * np.log1p(-clipped))
    codes = bin_codes(p)
    member = np.eye(int(codes.max()) + 1)[codes]
    return np.column_stack([np.ones(len(p)), (p - y) ** 2, log_loss, member, member * p[:, None], member * y[:, None]])


def _ece(bins: FloatArray, n: int, n_effective: float, bootstrap: Bootstrap) -> Estimate:
    """ECE from [1 + draws, 3, b] counts, predictions and successes.

    Noise only ever adds to a sum of absolute gaps. Below, the interval gives way by what the gaps moved in a resample,
    ``sum |gap* - gap|``, which by the triangle inequality is all that noise can have added; above, by two standard
    errors of the resamples.
    """
    gaps = (bins[:, 1] - bins[:, 2]) / bins[:, 0].sum(axis=1, keepdims=True)
    eces = np.abs(gaps).sum(axis=1)
    value = float(eces[0])
    moved = np.abs(gaps[1:] - gaps[0]).sum(axis=1)
    low = value - float(np.quantile(moved, (1 + bootstrap.level) / 2))
    return Estimate(value, max(0.0, low), value + 2 * float(eces[1:].std()), n, n_effective)


def _ece_of_chance(bins: FloatArray, n_effective: float) -> tuple[float, float]:
    """Mean and 95 % quantile of the sum of |normal noise| of each bin's success share around its mean prediction.

    A half-normal has the mean ``sqrt(2 / pi)`` and the variance ``1 - 2 / pi`` (in deviations); their sum is taken as
    normal.
    """
    count, predicted, _ = bins
    share, mean_p = count / count.sum(), predicted / count
    deviation = np.sqrt(mean_p * (1 - mean_p) / np.maximum(share * n_effective, 1.0))
    mean = float((share * deviation).sum() * np.sqrt(2 / np.pi))
    spread = float(np.sqrt(((share * deviation) ** 2).sum() * (1 - 2 / np.pi)))
    return mean, mean + _ONE_IN_TWENTY * spread


def _reliability(bins: FloatArray, effective_share: float, bootstrap: Bootstrap) -> tuple[ReliabilityBin, ...]:
    entries = []
    with np.errstate(divide="ignore", invalid="ignore"):
        success = bins[:, 2] / bins[:, 0]
    for index, (count, predicted) in enumerate(bins[0, :2].T):
        estimate = bootstrap.estimate(success[:, index], int(count), float(count) * effective_share)
        entries.append(ReliabilityBin(float(predicted / count), estimate))
    return tuple(entries)
