"""What an experiment says: a winner, a loser, not yet, or that it must not be believed."""

import math
from dataclasses import dataclass, field

import numpy as np

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.experiments.comparison import (
    ArmSummary,
    Comparison,
    compare_arms,
    summarise_arms,
)
from tierwise.training.evaluation.experiments.sample_ratio import SampleRatio, check_sample_ratio
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

WIN, LOSS, NOT_YET, BROKEN = "win", "loss", "not yet", "broken"
_FACTORS = np.geomspace(1.0, 200.0, 400)


@dataclass(frozen=True, slots=True)
class Design:
    """What is asked. ``margin`` is the loss of success, in shares of steps, that is still called "not inferior".

    ``alpha`` is the error level of the verdicts, over all looks together: the intervals of success and of cost take
    half of it each, and several arms against one control share it (Bonferroni). No verdict falls before both arms have
    ``min_tasks`` tasks.
    """

    margin: float = 0.02
    alpha: float = 0.05
    min_tasks: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise EvaluationError(f"margin is {self.margin}; a share between 0 and 1 is needed, such as 0.02")
        if not 0 < self.alpha < 0.5:
            raise EvaluationError(f"alpha is {self.alpha}; an error level between 0 and 0.5 is needed, such as 0.05")

    def interval_alpha(self, n_arms: int) -> float:
        """The error level of every interval of an experiment with ``n_arms`` arms."""
        return self.alpha / 2 / (n_arms - 1)


@dataclass(frozen=True, slots=True)
class Ruling:
    """``outcome`` is win, loss, not yet or broken; ``reason`` a sentence; ``tasks_needed`` of both arms, more than now,
    None where no decision is near."""

    outcome: str
    reason: str
    tasks_needed: int | None = None

    def to_dict(self) -> dict[str, object]:
        return {"outcome": self.outcome, "reason": self.reason, "tasks_needed": self.tasks_needed}


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentReport:
    """One verdict for each arm but the control, with all that it rests on."""

    question: Design
    tasks: ExperimentTasks
    summaries: tuple[ArmSummary, ...]
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[Ruling, ...]
    sample_ratio: SampleRatio
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, object]:
        pairs = zip(self.comparisons, self.verdicts, strict=True)
        return {
            "format": "tierwise-experiment/1",
            "question": {name: getattr(self.question, name) for name in Design.__slots__},
            "interval_level": 1 - self.question.interval_alpha(len(self.tasks.arms)),
            "arms": [summary.to_dict() for summary in self.summaries],
            "comparisons": [c.to_dict() | {"verdict": verdict.to_dict()} for c, verdict in pairs],
            "sample_ratio": self.sample_ratio.to_dict(),
            "n_tasks": len(self.tasks),
            "n_steps": self.tasks.n_steps,
            "n_unsettled_tasks": self.tasks.n_unsettled,
            "n_mixed_tasks": self.tasks.n_mixed,
            "warnings": list(self.warnings),
        }


def analyse(tasks: ExperimentTasks, question: Design | None = None) -> ExperimentReport:
    """Every arm against the first one. May be called as often as one likes; the error level holds all the same."""
    question = question or Design()
    alpha = question.interval_alpha(len(tasks.arms))
    sample_ratio = check_sample_ratio(tasks.arm, tasks.p_arms, tasks.arms)
    comparisons = tuple(compare_arms(tasks, arm, alpha) for arm in range(1, len(tasks.arms)))
    return ExperimentReport(
        question=question,
        tasks=tasks,
        summaries=summarise_arms(tasks),
        comparisons=comparisons,
        verdicts=tuple(judge(comparison, sample_ratio, question) for comparison in comparisons),
        sample_ratio=sample_ratio,
        warnings=_warnings(tasks, comparisons),
    )


def judge(comparison: Comparison, sample_ratio: SampleRatio, question: Design) -> Ruling:
    """The verdict on one arm."""
    if sample_ratio.is_broken:
        return Ruling(BROKEN, f"The arms did not get their shares of tasks (p = {sample_ratio.p_value:.2g}).")
    if min(comparison.n_arm, comparison.n_control) < question.min_tasks:
        missing = question.min_tasks - min(comparison.n_arm, comparison.n_control)
        return Ruling(NOT_YET, f"The smaller arm needs {missing} more tasks before anything is judged.")
    success, cost = comparison.success.last(), comparison.cost_usd.last()
    arm, control = comparison.arm, comparison.control
    if success.high < -question.margin:
        return Ruling(LOSS, f"{arm} succeeds less than {control}, by more than the margin of {question.margin:.1%}.")
    if cost.low > 0 and success.high < question.margin:
        return Ruling(LOSS, f"{arm} costs more than {control} and does not succeed more often by the margin.")
    if success.low > -question.margin and cost.high < 0:
        if comparison.wide_cost_usd.last().low > 0:
            return Ruling(NOT_YET, _dear_tail(comparison))
        return Ruling(WIN, f"{arm} is not inferior to {control} within {question.margin:.1%} and costs less.")
    if success.low > question.margin:
        return Ruling(
            WIN, f"{arm} succeeds more often than {control}, by more than the margin of {question.margin:.1%}."
        )
    needed = _tasks_needed(comparison, question)
    more = (
        "no amount of traffic in sight would decide" if needed is None else f"about {needed:,} tasks more would decide"
    )
    return Ruling(NOT_YET, f"The intervals still allow both; if the figures stay, {more}.", needed)


def _tasks_needed(comparison: Comparison, question: Design) -> int | None:
    """Further tasks until one of the verdicts falls, if today's means and variances stay."""
    success, cost = _Ahead.of(comparison.success.last()), _Ahead.of(comparison.cost_usd.last())
    margin = question.margin
    is_decided = (
        (success.high < -margin)
        | ((cost.low > 0) & (success.high < margin))
        | ((success.low > -margin) & (cost.high < 0))
        | (success.low > margin)
    )
    if not is_decided.any():
        return None
    n_now = comparison.n_arm + comparison.n_control
    return max(1, math.ceil(n_now * float(_FACTORS[int(is_decided.argmax())])) - n_now)


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """An interval with ``_FACTORS`` times as many tasks as now, narrowed by their square roots: float64 [f] each."""

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, now: Estimate) -> "_Ahead":
        shrunk = 1.0 / np.sqrt(_FACTORS)
        return cls(now.value - (now.value - now.low) * shrunk, now.value + (now.high - now.value) * shrunk)


def _dear_tail(comparison: Comparison) -> str:
    more = comparison.wide_cost_usd.last().text("+.3g")
    return (
        f"{comparison.arm} costs less per task up to ${comparison.cap_usd or 0.0:.3g}, but its dear tasks take more "
        f"than that back: {more} USD a task when they count twenty times as far. Look at those before it wins."
    )


def _warnings(tasks: ExperimentTasks, comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    found = [warning for comparison in comparisons for warning in _unlike(comparison)]
    means = {summary.arm: summary.cost_usd for summary in summarise_arms(tasks)}
    for each in comparisons:
        if each.cost_usd.last().high < 0 and means[each.arm] >= means[each.control]:
            found.append(
                f"{each.arm} costs less per task up to ${each.cap_usd or 0.0:.3g}, its mean as it stands is not lower: "
                f"{each.money_over_cap:.0%} of all money lies above, in a few dear tasks"
            )
    if tasks.n_mixed:
        found.append(f"{tasks.n_mixed} tasks saw more than one arm; they count in the arm that they began in")
    return tuple(found)


def _unlike(comparison: Comparison) -> list[str]:
    """What was not measured alike in both arms."""
    kinds = {"any known outcome": comparison.unknown, "a known cost": comparison.unknown_cost}
    return [
        f"{comparison.arm}: tasks without {what} are {difference.last().text('+.1%')} more frequent than in "
        f"{comparison.control}; what was measured may not be what happened"
        for what, difference in kinds.items()
        if difference.last().low > 0 or difference.last().high < 0
    ]
