"""The ramp in the log: a stage ends by the tasks that its arm got since the stage began."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from tests.training.evaluation.experiments.planted import planted
from tierwise.data.decision_log import DecisionLog
from tierwise.data.experiments import Arm, Experiment
from tierwise.training.evaluation.experiments.verdict import NOT_YET, Ruling
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld
from tierwise.training.flywheel.experiment_log import ReadExperiment
from tierwise.training.flywheel.ramping import ramp

TEN_PERCENT = Experiment(
    "trial", (Arm("old", "champion", 0.9), Arm("new", "challenger", 0.1)), salt="x", started_at=0.0, stage="10%"
)


@pytest.mark.parametrize(("stage_started_at", "action"), [(350.0, "hold"), (320.0, "hold"), (200.0, "advance")])
def test_a_stage_counts_the_tasks_of_its_arm_since_it_began(stage_started_at: float, action: str) -> None:
    """Of 400 tasks, one a second, every other one is the arm's; the stage needs 50."""
    tasks = ExperimentWorld().draw(400, 0)
    tasks.arm[:] = [row % 2 for row in range(400)]
    report = replace(planted(Ruling(NOT_YET, "told so")), tasks=tasks)
    kept: list[Experiment] = []
    log = cast(DecisionLog, SimpleNamespace(put_experiment=kept.append))
    found = ramp(log, ReadExperiment(TEN_PERCENT, report, {}, stage_started_at), now=400.0)
    assert found.step.action == action
    if action == "advance":
        assert [arm.share for arm in found.experiment.arms] == [0.5, 0.5]
        assert kept == [found.experiment]
    else:
        assert (found.experiment, kept) == (TEN_PERCENT, [])
