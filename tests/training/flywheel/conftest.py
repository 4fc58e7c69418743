"""A real MLflow store and a real decision log in the test's folder, and a log of a world for learning."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.flywheel.gates import GateSettings
from tierwise.training.flywheel.registry import Registry
from tierwise.training.flywheel.retrain import RetrainSettings

WORLD = World(seed=4, separation=1.6)
SETTINGS = RetrainSettings(
    train=TrainConfig(booster=BoosterParams(n_rounds=20), n_folds=3, max_quality_loss=0.1),
    gates=GateSettings(margin=0.1),
    min_new_steps=50,
)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """An MLflow store on SQLite in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Registry.open("router")


@pytest.fixture
def decision_log(tmp_path: Path) -> Iterator[DecisionLog]:
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        yield log


def world_log(n_steps: int, seed: int = 0, first_day: float = 0.0) -> list[LoggedStep]:
    """A step an hour, every tier known, and a complexity of which the rules know nothing: they take the top tier."""
    steps = WORLD.draw(n_steps, "full", seed=seed).logged_steps()
    return [
        replace(
            logged,
            step_id=f"{seed}-{row}",
            task_id=f"{seed}-t{row}",
            group=None,
            timestamp=first_day + 3600.0 * row,
            step=replace(logged.step, input_complexity=None),
        )
        for row, logged in enumerate(steps)
    ]
