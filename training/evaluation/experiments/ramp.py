"""The ramp of a new arm: shadow, then 1 %, 10 %, 50 % of the tasks, then all, stopped by its first bad sign."""

from dataclasses import dataclass

from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.comparison import Comparison
from tierwise.training.evaluation.experiments.verdict import BROKEN, LOSS, WIN, ExperimentReport, Ruling

HOLD, ADVANCE, STOP, FINISH = "hold", "advance", "stop", "finish"


@dataclass(frozen=True, slots=True)
class RampStage:
    """``share`` of the tasks go to the new arm, 0 in shadow; the stage lasts until it has had ``min_tasks``."""

    name: str
    share: float
    min_tasks: int


DEFAULT_RAMP = (
    RampStage("shadow", 0.0, 50),
    RampStage("1%", 0.01, 10),
    RampStage("10%", 0.1, 50),
    RampStage("50%", 0.5, 100),
    RampStage("all", 1.0, 0),
)


@dataclass(frozen=True, slots=True)
class StopRules:
    """Bad signs beside the verdict itself; each stops the ramp once its interval leaves no doubt.

    ``max_latency_ratio`` of a step's latency and ``max_escalations`` more per step than the control;
    ``max_fallback_share`` of a shadow's decisions that trouble took.
    """

    max_latency_ratio: float = 1.5
    max_escalations: float = 0.25
    max_fallback_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Shadow:
    """What a shadow did so far: decisions beside the live ones, of which ``n_fallback`` were trouble."""

    n_tasks: int
    n_decisions: int
    n_fallback: int


@dataclass(frozen=True, slots=True)
class RampStep:
    """``action`` is hold, advance, stop or finish; ``stage`` where the arm should be now; ``reason`` a sentence."""

    action: str
    stage: RampStage
    reason: str


def next_step(
    report: ExperimentReport, arm: int, n_tasks_in_stage: int, share: float, rules: StopRules | None = None
) -> RampStep:
    """What to do with the arm of ``report.comparisons[arm]``, which gets ``share`` of the tasks now."""
    stage = stage_of(share)
    comparison, verdict = report.comparisons[arm], report.verdicts[arm]
    bad_sign = _bad_sign(comparison, verdict, rules or StopRules())
    if bad_sign is not None:
        return RampStep(STOP, DEFAULT_RAMP[0], bad_sign)
    following = _following(stage)
    if following.share == 1.0:
        if verdict.outcome == WIN:
            return RampStep(FINISH, following, verdict.reason)
        return RampStep(HOLD, stage, verdict.reason)
    return _advance_when_full(stage, n_tasks_in_stage)


def next_shadow_step(shadow: Shadow, rules: StopRules | None = None) -> RampStep:
    """What to do with an arm that decides beside the live one and has no effect."""
    stage, rules = DEFAULT_RAMP[0], rules or StopRules()
    allowed = rules.max_fallback_share * shadow.n_decisions
    if shadow.n_fallback > max(allowed, 1.0):
        reason = f"{shadow.n_fallback} of {shadow.n_decisions} shadow decisions were trouble."
        return RampStep(STOP, stage, reason)
    return _advance_when_full(stage, shadow.n_tasks)


def stage_of(share: float) -> RampStage:
    """The last stage that ``share`` has reached."""
    if not 0 <= share <= 1:
        raise EvaluationError(f"a share of {share} is none; 0 to 1 is needed")
    return [stage for stage in DEFAULT_RAMP if stage.share <= share + 1e-9][-1]


def _following(stage: RampStage) -> RampStage:
    return DEFAULT_RAMP[min(DEFAULT_RAMP.index(stage) + 1, len(DEFAULT_RAMP) - 1)]


def _advance_when_full(stage: RampStage, n_tasks: int) -> RampStep:
    following = _following(stage)
    if n_tasks >= stage.min_tasks:
        return RampStep(ADVANCE, following, f"{n_tasks} tasks in stage {stage.name} without a bad sign.")
    return RampStep(HOLD, stage, f"Stage {stage.name} has {n_tasks} of {stage.min_tasks} tasks.")


def _bad_sign(comparison: Comparison, verdict: Ruling, rules: StopRules) -> str | None:
    if verdict.outcome in (BROKEN, LOSS):
        return verdict.reason
    if min(comparison.n_arm, comparison.n_control) < 2:
        return None
    latency, escalations = comparison.latency_ratio.last(), comparison.escalations.last()
    if latency.low > rules.max_latency_ratio:
        return f"Steps take {latency.text('.2f')} times as long; {rules.max_latency_ratio:g} times are allowed."
    if escalations.low > rules.max_escalations:
        return f"{escalations.text('+.2f')} more escalations a step; {rules.max_escalations:g} more are allowed."
    return None
