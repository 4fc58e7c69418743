"""One arm against the control: every figure with an interval that may be looked at after every task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments.adjustment import PseudoOutcomes, pseudo_outcomes
from tierwise.training.evaluation.experiments.confidence_sequence import (
    Boundary,
    Trajectory,
    mean_sequence,
    ratio_sequence,
)
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

_WORST_VARIANCE = 0.25  # of one outcome in [0, 1] at even odds


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """``arm`` against ``control``; differences are arm minus control, ratios arm over control.

    ``success`` difference of the shares of steps that ended well, ``done`` of tasks all of whose steps did;
    ``cost_usd`` difference and ``cost_ratio`` of the cost of a task; ``cost_per_done_ratio`` of the cost per successful
    task; ``latency_ratio`` of a step; ``escalations`` difference per step. ``unknown`` is the difference of the shares
    of tasks of which no outcome is known: where it is not 0, the arms were not measured alike.
    """

    arm: str
    control: str
    n_arm: int
    n_control: int
    success: Trajectory
    done: Trajectory
    cost_usd: Trajectory
    cost_ratio: Trajectory
    cost_per_done_ratio: Trajectory
    latency_ratio: Trajectory
    escalations: Trajectory
    unknown: Trajectory
    variance_left: float

    def to_dict(self) -> dict[str, object]:
        names = [name for name in self.__slots__ if isinstance(getattr(self, name), Trajectory)]
        figures: dict[str, object] = {name: getattr(self, name).last().to_dict() for name in names}
        counts = {"n_arm": self.n_arm, "n_control": self.n_control, "variance_left": self.variance_left}
        return {"arm": self.arm, "control": self.control, **counts, **figures}


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """Plain means of one arm, not adjusted: what the dashboard of the provider would show."""

    arm: str
    n_tasks: int
    success: float
    done: float
    cost_usd: float
    cost_per_done_usd: float
    latency_ms: float
    escalations: float

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) if _exists(getattr(self, name)) else None for name in self.__slots__}


def compare_arms(tasks: ExperimentTasks, arm: int, boundary: Boundary) -> Comparison:
    """``arm`` is an index into ``tasks.arms``; 0, the control, is what it is compared with."""
    pair = _Pair.of(tasks, arm)
    success, done, cost = (pair.adjusted(metric) for metric in ("success", "is_done", "cost_usd"))
    return Comparison(
        arm=tasks.arms[arm],
        control=tasks.arms[0],
        n_arm=int(pair.is_treated.sum()),
        n_control=int((~pair.is_treated).sum()),
        success=mean_sequence(success.difference, success.weights, boundary, _WORST_VARIANCE),
        done=mean_sequence(done.difference, done.weights, boundary, _WORST_VARIANCE),
        cost_usd=mean_sequence(cost.difference, cost.weights, boundary),
        cost_ratio=ratio_sequence(cost.treated, cost.control, cost.weights, boundary),
        cost_per_done_ratio=_cost_per_done(pair, boundary),
        latency_ratio=pair.ratio("latency_ms", boundary),
        escalations=pair.difference("escalations", boundary),
        unknown=pair.unknown(boundary),
        variance_left=pair.variance_left("success"),
    )


def summarise_arms(tasks: ExperimentTasks) -> tuple[ArmSummary, ...]:
    return tuple(_summary(tasks, index) for index in range(len(tasks.arms)))


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """The tasks of two arms, and the probability of the second given that it was one of the two."""

    tasks: ExperimentTasks
    rows: NDArray[np.int64]
    is_treated: NDArray[np.bool_]
    p_treated: FloatArray

    @classmethod
    def of(cls, tasks: ExperimentTasks, arm: int) -> "_Pair":
        p_arm, p_control = tasks.p_arms[:, arm], tasks.p_arms[:, 0]
        rows = np.flatnonzero(((tasks.arm == arm) | (tasks.arm == 0)) & (p_arm > 0) & (p_control > 0))
        return cls(tasks, rows, tasks.arm[rows] == arm, p_arm[rows] / (p_arm[rows] + p_control[rows]))

    def adjusted(self, *metrics: str) -> PseudoOutcomes:
        """Pseudo-outcomes of the last of ``metrics`` on the tasks that know all of them."""
        known = np.all([~np.isnan(self.tasks.column(metric)[self.rows]) for metric in metrics], axis=0)
        rows = self.rows[known]
        y = self.tasks.column(metrics[-1])[rows]
        return pseudo_outcomes(y, self.is_treated[known], self.p_treated[known], self.tasks.covariates[rows])

    def difference(self, metric: str, boundary: Boundary) -> Trajectory:
        pseudo = self.adjusted(metric)
        return mean_sequence(pseudo.difference, pseudo.weights, boundary)

    def ratio(self, metric: str, boundary: Boundary) -> Trajectory:
        pseudo = self.adjusted(metric)
        return ratio_sequence(pseudo.treated, pseudo.control, pseudo.weights, boundary)

    def unknown(self, boundary: Boundary) -> Trajectory:
        is_unknown = np.isnan(self.tasks.success[self.rows]).astype(np.float64)
        pseudo = pseudo_outcomes(is_unknown, self.is_treated, self.p_treated, np.empty((len(self.rows), 0)))
        return mean_sequence(pseudo.difference, pseudo.weights, boundary, _WORST_VARIANCE)

    def variance_left(self, metric: str) -> float:
        """The variance of the adjusted difference over that of the unadjusted one."""
        known = ~np.isnan(self.tasks.column(metric)[self.rows])
        y = self.tasks.column(metric)[self.rows][known]
        plain = pseudo_outcomes(y, self.is_treated[known], self.p_treated[known], np.empty((len(y), 0)))
        adjusted = self.adjusted(metric)
        if len(y) < 2 or plain.difference.var() == 0:
            return 1.0
        weighted = [float(np.cov(p.difference, aweights=p.weights**2)) for p in (adjusted, plain)]
        return weighted[0] / weighted[1]


def _cost_per_done(pair: _Pair, boundary: Boundary) -> Trajectory:
    """By linearisation of the logarithm of ``(cost / done) / (cost / done)`` around the means."""
    cost, done = pair.adjusted("is_done", "cost_usd"), pair.adjusted("cost_usd", "is_done")
    means = [np.average(series, weights=cost.weights) if len(series) else np.nan for series in _four(cost, done)]
    if not all(mean > 0 for mean in means):
        empty = np.full(len(cost.weights), np.nan)
        return Trajectory(empty, empty, empty, empty)
    signs = (1.0, -1.0, -1.0, 1.0)
    terms = sum(
        sign * (series / mean - 1.0 + np.log(mean))
        for sign, series, mean in zip(signs, _four(cost, done), means, strict=True)
    )
    log_ratio = mean_sequence(np.asarray(terms), cost.weights, boundary)
    value, low, high = (np.exp(np.clip(column, -50, 50)) for column in (log_ratio.value, log_ratio.low, log_ratio.high))
    return Trajectory(value, low, high, log_ratio.n_effective)


def _four(cost: PseudoOutcomes, done: PseudoOutcomes) -> Sequence[FloatArray]:
    return (cost.treated, done.treated, cost.control, done.control)


def _summary(tasks: ExperimentTasks, index: int) -> ArmSummary:
    of_arm = tasks.arm == index

    def mean(metric: str) -> float:
        values = tasks.column(metric)[of_arm]
        known = values[~np.isnan(values)]
        return float(known.mean()) if len(known) else float("nan")

    done, cost_usd = mean("is_done"), mean("cost_usd")
    per_done = cost_usd / done if done > 0 else float("nan")
    n_tasks = int(of_arm.sum())
    latency_ms, escalations = mean("latency_ms"), mean("escalations")
    return ArmSummary(tasks.arms[index], n_tasks, mean("success"), done, cost_usd, per_done, latency_ms, escalations)


def _exists(value: object) -> bool:
    return not (isinstance(value, float) and np.isnan(value))
