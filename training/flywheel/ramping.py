"""Takes the ramp's next step in the decision log, where every service finds it."""

from dataclasses import dataclass, replace

from tierwise.data.decision_log import DecisionLog
from tierwise.data.experiments import Experiment
from tierwise.training.evaluation.experiments import RampStep, Shadow, next_shadow_step, next_step
from tierwise.training.evaluation.experiments.ramp import ADVANCE, FINISH, STOP
from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.flywheel.experiment_log import ReadExperiment


@dataclass(frozen=True, slots=True)
class Ramped:
    """The step that was taken and the experiment as it is now."""

    step: RampStep
    experiment: Experiment


def ramp(log: DecisionLog, read: ReadExperiment, now: float) -> Ramped:
    """Advances, holds or stops an experiment of two arms; at a win or a bad sign it is stopped, with the reason.

    In shadow the time that passed is judged by the control's tasks: a challenger that cannot decide is told by the
    service's own metrics. Raises ``FlywheelError`` for an experiment that is stopped or has not two arms.
    """
    experiment = read.experiment
    if experiment.stopped_at is not None:
        raise FlywheelError(f"experiment '{experiment.name}' is stopped; there is nothing to advance")
    if len(experiment.arms) != 2:
        raise FlywheelError(f"experiment '{experiment.name}' has {len(experiment.arms)} arms; a ramp needs two")
    control, arm = experiment.arms
    step = _step(read, arm.share)
    if step.action in (STOP, FINISH):
        return Ramped(step, _put(log, replace(experiment, stopped_at=now, stop_reason=step.reason)))
    if step.action == ADVANCE:
        arms = (replace(control, share=1 - step.stage.share), replace(arm, share=step.stage.share))
        return Ramped(step, _put(log, replace(experiment, arms=arms, stage=step.stage.name)))
    return Ramped(step, experiment)


def _step(read: ReadExperiment, share: float) -> RampStep:
    tasks = read.report.tasks
    in_stage = tasks.started_at >= read.stage_started_at
    if share == 0:
        n_tasks = int(in_stage.sum())
        return next_shadow_step(Shadow(n_tasks, n_tasks, 0))
    return next_step(read.report, 0, int((in_stage & (tasks.arm == 1)).sum()), share)


def _put(log: DecisionLog, experiment: Experiment) -> Experiment:
    log.put_experiment(experiment)
    return experiment
