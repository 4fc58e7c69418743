"""One arm against the control: every figure with an interval that may be looked at after every task."""

from dataclasses import dataclass

import numpy as np

from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.experiments.arm_pair import ArmPair, share_difference
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

_MOST_ESCALATIONS = 2.0  # a task's escalations a step count up to this many


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """``arm`` against ``control``; differences are arm minus control, ratios arm over control.

    ``success`` difference of the shares of steps that ended well, ``done`` of tasks all of whose steps did;
    ``cost_usd`` difference and ``cost_ratio`` of the cost of a task; ``cost_per_done_ratio`` of the cost per successful
    task; ``latency_ratio`` of a step; ``escalations`` difference per step. A task's cost and latency count up to a cap
    that earlier tasks set, ``cap_usd`` by now, so that no giant task decides; ``money_over_cap`` is the part of all
    money that lies above, ``wide_cost_usd`` the difference when a task counts up to twenty times the cap. ``unknown``
    and ``unknown_cost`` are the differences of the shares of tasks of which no outcome, not the whole cost is known:
    where they are not 0, the arms were not measured alike.
    """

    arm: str
    control: str
    n_arm: int
    n_control: int
    success: ConfidenceSequence
    done: ConfidenceSequence
    cost_usd: ConfidenceSequence
    cost_ratio: ConfidenceSequence
    cost_per_done_ratio: Estimate
    latency_ratio: ConfidenceSequence
    escalations: ConfidenceSequence
    wide_cost_usd: ConfidenceSequence
    unknown: ConfidenceSequence
    unknown_cost: ConfidenceSequence
    cap_usd: float | None
    money_over_cap: float
    variance_left: float

    def to_dict(self) -> dict[str, object]:
        figures: dict[str, object] = {"cost_per_done_ratio": self.cost_per_done_ratio.to_dict()}
        for name in self.__slots__:
            sequence = getattr(self, name)
            if isinstance(sequence, ConfidenceSequence):
                figures[name] = sequence.last().to_dict()
        plain = ("arm", "control", "n_arm", "n_control", "cap_usd", "money_over_cap", "variance_left")
        return {name: getattr(self, name) for name in plain} | figures


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


def compare_arms(tasks: ExperimentTasks, arm: int, alpha: float) -> Comparison:
    """``arm`` is an index into ``tasks.arms``; 0, the control, is what it is compared with.

    Each interval holds at level ``alpha``, over all looks together.
    """
    pair = ArmPair.of(tasks, arm)
    success, done, cost = pair.adjusted("success"), pair.adjusted("is_done"), pair.cost(alpha)
    escalations = pair.adjusted("escalations", cap=_MOST_ESCALATIONS)
    return Comparison(
        arm=tasks.arms[arm],
        control=tasks.arms[0],
        n_arm=int(pair.is_treated.sum()),
        n_control=int((~pair.is_treated).sum()),
        success=share_difference(success, alpha),
        done=share_difference(done, alpha),
        cost_usd=cost.difference,
        cost_ratio=cost.ratio,
        cost_per_done_ratio=_quotient(
            ConfidenceSequence(cost.ratio.terms, alpha / 2, floor=0.0),
            ConfidenceSequence(done.ratio_terms(), alpha / 2, floor=0.0),
        ),
        latency_ratio=pair.ratio("latency_ms", alpha),
        escalations=ConfidenceSequence(escalations.difference_terms(), alpha),
        wide_cost_usd=cost.wide_difference,
        unknown=pair.unknown("success", alpha),
        unknown_cost=pair.unknown("cost_usd", alpha),
        cap_usd=cost.cap_usd,
        money_over_cap=cost.share_over_cap,
        variance_left=pair.variance_left("success", success),
    )


def summarise_arms(tasks: ExperimentTasks) -> tuple[ArmSummary, ...]:
    return tuple(_summary(tasks, index) for index in range(len(tasks.arms)))


def _quotient(top: ConfidenceSequence, bottom: ConfidenceSequence) -> Estimate:
    """The first ratio over the second; holds at the sum of their levels (Bonferroni)."""
    a, b = top.last(), bottom.last()
    low = a.low / b.high if b.high > 0 else 0.0
    high = a.high / b.low if b.low > 0 else float("inf")
    value = a.value / b.value if b.value > 0 else float("nan")
    return Estimate(value, low, high, min(a.n, b.n), min(a.n_effective, b.n_effective))


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
