"""What an experiment says: a winner, a loser, not yet, or that it must not be believed."""

from dataclasses import dataclass, field

import numpy as np

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.comparison import (
    ArmSummary,
    Comparison,
    compare_arms,
    summarise_arms,
)
from tierwise.training.evaluation.experiments.confidence_sequence import Boundary, Trajectory, tasks_needed
from tierwise.training.evaluation.experiments.sample_ratio import SampleRatio, check_sample_ratio
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

WIN, LOSS, NOT_YET, BROKEN = "win", "loss", "not yet", "broken"
_FACTORS = np.geomspace(1.0, 200.0, 400)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``margin`` is the loss of success, in shares of steps, that is still called "not inferior".

    ``alpha`` is the error level of the verdicts, over all looks together: the intervals of success and of cost take
    half of it each, and several arms against one control share it (Bonferroni). ``n_planned`` is the number of tasks at
    which the intervals are tightest. No verdict falls before both arms have ``min_tasks`` tasks.
    """

    margin: float = 0.02
    alpha: float = 0.05
    min_tasks: int = 50
    n_planned: int = 1000

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise EvaluationError(f"margin is {self.margin}; a share between 0 and 1 is needed, such as 0.02")
        if not 0 < self.alpha < 0.5:
            raise EvaluationError(f"alpha is {self.alpha}; an error level between 0 and 0.5 is needed, such as 0.05")

    def boundary(self, n_arms: int) -> Boundary:
        """The boundary of every interval of an experiment with ``n_arms`` arms."""
        return Boundary(self.alpha / 2 / (n_arms - 1), self.n_planned)


@dataclass(frozen=True, slots=True)
class Verdict:
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

    question: Question
    tasks: ExperimentTasks
    summaries: tuple[ArmSummary, ...]
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[Verdict, ...]
    sample_ratio: SampleRatio
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, object]:
        pairs = zip(self.comparisons, self.verdicts, strict=True)
        return {
            "format": "tierwise-experiment/1",
            "question": {name: getattr(self.question, name) for name in Question.__slots__},
            "interval_level": 1 - self.question.boundary(len(self.tasks.arms)).alpha,
            "arms": [summary.to_dict() for summary in self.summaries],
            "comparisons": [c.to_dict() | {"verdict": verdict.to_dict()} for c, verdict in pairs],
            "sample_ratio": self.sample_ratio.to_dict(),
            "n_tasks": len(self.tasks),
            "n_steps": self.tasks.n_steps,
            "n_unsettled_tasks": self.tasks.n_unsettled,
            "n_mixed_tasks": self.tasks.n_mixed,
            "warnings": list(self.warnings),
        }


def analyse(tasks: ExperimentTasks, question: Question | None = None) -> ExperimentReport:
    """Every arm against the first one. May be called as often as one likes; the error level holds all the same."""
    question = question or Question()
    boundary = question.boundary(len(tasks.arms))
    sample_ratio = check_sample_ratio(tasks.arm, tasks.p_arms, tasks.arms)
    comparisons = tuple(compare_arms(tasks, arm, boundary) for arm in range(1, len(tasks.arms)))
    return ExperimentReport(
        question=question,
        tasks=tasks,
        summaries=summarise_arms(tasks),
        comparisons=comparisons,
        verdicts=tuple(judge(comparison, sample_ratio, question, boundary) for comparison in comparisons),
        sample_ratio=sample_ratio,
        warnings=_warnings(tasks, comparisons),
    )


def judge(comparison: Comparison, sample_ratio: SampleRatio, question: Question, boundary: Boundary) -> Verdict:
    """The verdict on one arm."""
    if sample_ratio.is_broken:
        return Verdict(BROKEN, f"The arms did not get their shares of tasks (p = {sample_ratio.p_value:.2g}).")
    if min(comparison.n_arm, comparison.n_control) < question.min_tasks:
        missing = question.min_tasks - min(comparison.n_arm, comparison.n_control)
        return Verdict(NOT_YET, f"The smaller arm needs {missing} more tasks before anything is judged.")
    success, cost = comparison.success.last(), comparison.cost_usd.last()
    arm, control = comparison.arm, comparison.control
    if success.high < -question.margin:
        return Verdict(LOSS, f"{arm} succeeds less than {control}, by more than the margin of {question.margin:.1%}.")
    if cost.low > 0 and success.high < question.margin:
        return Verdict(LOSS, f"{arm} costs more than {control} and does not succeed more often by the margin.")
    if success.low > -question.margin and cost.high < 0:
        return Verdict(WIN, f"{arm} is not inferior to {control} within {question.margin:.1%} and costs less.")
    if success.low > question.margin:
        return Verdict(
            WIN, f"{arm} succeeds more often than {control}, by more than the margin of {question.margin:.1%}."
        )
    needed = _tasks_needed(comparison, question, boundary)
    more = (
        "no amount of traffic in sight would decide" if needed is None else f"about {needed:,} tasks more would decide"
    )
    return Verdict(NOT_YET, f"The intervals still allow both; if the figures stay, {more}.", needed)


def _tasks_needed(comparison: Comparison, question: Question, boundary: Boundary) -> int | None:
    """Further tasks until one of the verdicts falls, if today's means and variances stay."""
    success = _Ahead.of(comparison.success, boundary)
    cost = _Ahead.of(comparison.cost_usd, boundary)
    margin = question.margin
    is_decided = (
        (success.high < -margin)
        | ((cost.low > 0) & (success.high < margin))
        | ((success.low > -margin) & (cost.high < 0))
        | (success.low > margin)
    )
    n_now = comparison.n_arm + comparison.n_control
    needed = tasks_needed(is_decided, _FACTORS, n_now)
    return None if needed is None else max(1, needed - n_now)


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """An interval with ``_FACTORS`` times as many tasks as now: float64 [f] each."""

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, trajectory: Trajectory, boundary: Boundary) -> "_Ahead":
        now = trajectory.last()
        shrunk = boundary.radius(now.n_effective * _FACTORS) / boundary.radius(now.n_effective) / _FACTORS
        radius = (now.high - now.value) * shrunk
        return cls(now.value - radius, now.value + radius)


def _warnings(tasks: ExperimentTasks, comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    found = []
    for comparison in comparisons:
        unknown = comparison.unknown.last()
        if unknown.low > 0 or unknown.high < 0:
            found.append(
                f"{comparison.arm}: tasks without any known outcome are {unknown.text('+.1%')} more frequent than in "
                f"{comparison.control}; what was measured may not be what happened"
            )
    if tasks.n_mixed:
        found.append(f"{tasks.n_mixed} tasks saw more than one arm; they count in the arm that they began in")
    return tuple(found)
