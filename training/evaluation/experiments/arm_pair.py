"""The tasks of two arms, measured against each other: what an experiment compares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments.adjustment import PseudoOutcomes, learned_caps, pseudo_outcomes
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

WIDE = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class CostOfPair:
    """What a task costs, up to a cap that earlier tasks set, ``cap_usd`` by now; None as long as nothing cost anything.

    ``difference`` in US dollars and ``ratio``; ``wide_difference`` counts tasks up to twenty times the cap;
    ``share_over_cap`` is the part of all money that lies above it.
    """

    difference: ConfidenceSequence
    ratio: ConfidenceSequence
    wide_difference: ConfidenceSequence
    cap_usd: float | None
    share_over_cap: float


@dataclass(frozen=True, slots=True, eq=False)
class ArmPair:
    """The tasks of two arms, and the probability of the second given that it was one of the two."""

    tasks: ExperimentTasks
    rows: NDArray[np.int64]
    is_treated: NDArray[np.bool_]
    p_treated: FloatArray

    @classmethod
    def of(cls, tasks: ExperimentTasks, arm: int) -> "ArmPair":
        p_arm, p_control = tasks.p_arms[:, arm], tasks.p_arms[:, 0]
        rows = np.flatnonzero(((tasks.arm == arm) | (tasks.arm == 0)) & (p_arm > 0) & (p_control > 0))
        return cls(tasks, rows, tasks.arm[rows] == arm, p_arm[rows] / (p_arm[rows] + p_control[rows]))

    def adjusted(self, metric: str, cap: FloatArray | float | None = 1.0) -> PseudoOutcomes:
        """Pseudo-outcomes of ``metric`` on the tasks that know it, counted up to ``cap``; None learns one."""
        y, known = self._known(metric)
        return self._pseudo(y, known, cap)

    def ratio(self, metric: str, alpha: float) -> ConfidenceSequence:
        """The ratio of two means, of values that count up to a learned cap."""
        return ConfidenceSequence(self.adjusted(metric, cap=None).ratio_terms(), alpha, floor=0.0)

    def cost(self, alpha: float) -> "CostOfPair":
        cost_usd, _ = self._known("cost_usd")
        caps = learned_caps(cost_usd)
        capped, wide = (self.adjusted("cost_usd", cap=factor * caps) for factor in (1.0, WIDE))
        return CostOfPair(
            difference=ConfidenceSequence(capped.difference_terms(), alpha),
            ratio=ConfidenceSequence(capped.ratio_terms(), alpha, floor=0.0),
            wide_difference=ConfidenceSequence(wide.difference_terms(), alpha),
            cap_usd=float(caps[-1]) if len(caps) and not np.isnan(caps[-1]) else None,
            share_over_cap=_part_above(cost_usd, caps),
        )

    def unknown(self, metric: str, alpha: float) -> ConfidenceSequence:
        is_unknown = np.isnan(self.tasks.column(metric)[self.rows]).astype(np.float64)
        return share_difference(self._pseudo(is_unknown, np.arange(len(self.rows)), 1.0), alpha)

    def variance_left(self, metric: str, adjusted: PseudoOutcomes) -> float:
        """The variance of the adjusted difference over that of the unadjusted one."""
        y, known = self._known(metric)
        plain = pseudo_outcomes(y, self.is_treated[known], self.p_treated[known], np.empty((len(y), 0)))
        if len(y) < 2 or plain.difference.var() == 0:
            return 1.0
        weighted = [float(np.cov(p.difference, aweights=p.weights**2)) for p in (adjusted, plain)]
        return weighted[0] / weighted[1]

    def _known(self, metric: str) -> tuple[FloatArray, NDArray[np.int64]]:
        """The values that are known, and which of ``rows`` they belong to."""
        values = self.tasks.column(metric)[self.rows]
        known = np.flatnonzero(~np.isnan(values))
        return values[known], known

    def _pseudo(self, y: FloatArray, chosen: NDArray[np.int64], cap: FloatArray | float | None) -> PseudoOutcomes:
        covariates = self.tasks.covariates[self.rows[chosen]]
        return pseudo_outcomes(y, self.is_treated[chosen], self.p_treated[chosen], covariates, cap)


def share_difference(pseudo: PseudoOutcomes, alpha: float) -> ConfidenceSequence:
    """The difference of two shares."""
    return ConfidenceSequence(pseudo.difference_terms(), alpha, -1.0, 1.0)


def _part_above(values: FloatArray, caps: FloatArray) -> float:
    """The part of the sum of ``values`` that lies above ``caps``; 0 where there is nothing."""
    counted = ~np.isnan(caps)
    total = float(values[counted].sum())
    return float(np.maximum(values - caps, 0.0)[counted].sum()) / total if total > 0 else 0.0
