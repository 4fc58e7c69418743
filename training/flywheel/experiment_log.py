"""An experiment read back from the decision log, with the shares that its arms had at every moment, and judged."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.data.decision_log import DecisionLog, ExperimentVersion
from tierwise.data.experiments import Experiment
from tierwise.data.records import LoggedStep
from tierwise.router_model.router import Router
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments import (
    Design,
    ExperimentReport,
    analyse,
    experiment_tasks,
)
from tierwise.training.evaluation.experiments.tasks import DEFAULT_SETTLE_SECONDS, step_covariates
from tierwise.training.evaluation.experiments.verdict import WIN
from tierwise.training.flywheel.errors import FlywheelError


@dataclass(frozen=True, slots=True, eq=False)
class ReadExperiment:
    """``report`` judges ``experiment``; ``router_versions`` are those that decided, by arm, the most frequent first."""

    experiment: Experiment
    report: ExperimentReport
    router_versions: dict[str, tuple[str, ...]]
    stage_started_at: float


def read_experiment(
    log: DecisionLog,
    name: str,
    now: float | None = None,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
    router: Router | None = None,
    min_tasks: int = Design().min_tasks,
) -> ReadExperiment:
    """Analyses an experiment as far as it is. ``router`` adds what it predicts to what the analysis adjusts for.

    Raises ``FlywheelError`` for a name that the log does not know.
    """
    history = log.experiment_history(name)
    if not history:
        known = ", ".join(each.name for each in log.experiments()) or "none"
        raise FlywheelError(f"the decision log has no experiment '{name}'; it has: {known}")
    experiment = history[-1].experiment
    now = time.time() if now is None else now
    steps = list(log.logged_steps(since=experiment.started_at, experiment=name))
    question = Design(margin=experiment.margin, alpha=1 - experiment.confidence, min_tasks=min_tasks)
    arms = [arm.name for arm in experiment.arms]
    settle = 0.0 if experiment.stopped_at is not None and experiment.stopped_at < now else settle_seconds
    tasks = experiment_tasks(steps, arms, _shares(history), now, settle, _covariates(router))
    return ReadExperiment(experiment, analyse(tasks, question), _router_versions(steps), _stage_start(history))


def winning_arm(read: ReadExperiment, router_version: str) -> dict[str, object]:
    """The verdict on the arm in which ``router_version`` decided, when that arm won.

    Raises ``FlywheelError`` when it decided in none, or did not win.
    """
    report, name = read.report, read.experiment.name
    for comparison, verdict in zip(report.comparisons, report.verdicts, strict=True):
        versions = read.router_versions.get(comparison.arm, ())
        if router_version not in versions:
            continue
        if versions[0] != router_version:
            raise FlywheelError(f"in experiment '{name}' most of arm '{comparison.arm}' was decided by {versions[0]}")
        if verdict.outcome != WIN:
            raise FlywheelError(f"experiment '{name}' says {verdict.outcome}: {verdict.reason}")
        return {"name": name, "arm": comparison.arm, "verdict": verdict.to_dict()} | comparison.to_dict()
    raise FlywheelError(f"router {router_version or 'without a version'} decided in no arm of experiment '{name}'")


def _shares(history: Sequence[ExperimentVersion]) -> Callable[[float], Sequence[float]]:
    """What each arm's share was at a moment; before the first version, the first one's."""
    times = np.array([version.recorded_at for version in history])

    def shares(at: float) -> Sequence[float]:
        version = max(0, int(np.searchsorted(times, at, side="right")) - 1)
        return [arm.share for arm in history[version].experiment.arms]

    return shares


def _stage_start(history: Sequence[ExperimentVersion]) -> float:
    """When the arms got the shares that they have now."""
    current = history[-1].experiment.arms
    started_at = history[-1].recorded_at
    for version in reversed(history):
        if version.experiment.arms != current:
            break
        started_at = version.recorded_at
    return started_at


def _covariates(router: Router | None) -> Callable[[Sequence[LoggedStep]], FloatArray]:
    if router is None:
        return step_covariates

    def with_predictions(steps: Sequence[LoggedStep]) -> FloatArray:
        decisions = router.decide_many([logged.step for logged in steps])
        names = router.catalogue.names
        p_success = [[decision.p_success.get(name, 0.5) for name in names] for decision in decisions]
        cost = [[np.log(decision.expected_cost_usd.get(name, 1.0)) for name in names] for decision in decisions]
        return np.column_stack([step_covariates(steps), np.reshape(p_success, (-1, len(names))), cost])

    return with_predictions


def _router_versions(steps: Sequence[LoggedStep]) -> dict[str, tuple[str, ...]]:
    found: dict[str, Counter[str]] = {}
    for logged in steps:
        decision = logged.decision
        if decision is not None and decision.arm is not None:
            found.setdefault(decision.arm, Counter())[str(decision.extra.get("router_version"))] += 1
    return {arm: tuple(version for version, _ in counts.most_common()) for arm, counts in found.items()}
