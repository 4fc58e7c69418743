"""The experiment commands on a real decision log: start, look, ramp, report, stop, and promotion by verdict."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tierwise.cli import app
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import Experiment, ExperimentError
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step
from tierwise.router_model.choosing.assignment import assigned_arm
from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.flywheel.experiment_log import read_experiment, winning_arm

RUN = CliRunner()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/decisions.db"


def run(url: str, *arguments: str) -> Result:
    return RUN.invoke(app, ["experiment", *arguments, "--log-url", url])


def start(url: str, share: float = 0.5) -> Experiment:
    result = run(url, "start", "first", "--share", str(share), "--margin", "0.05", "--by", "ada")
    assert result.exit_code == 0, result.output
    with DecisionLog.open(url) as log:
        found = log.live_experiment()
    assert found is not None
    return found


def play(url: str, experiment: Experiment, n_tasks: int, cost_factor: float = 0.5, seed: int = 0) -> None:
    """Tasks of one step each, as a service would have recorded them: the challenger is as good, and cheaper."""
    rng = np.random.default_rng(seed)
    records, outcomes = [], []
    for task in range(n_tasks):
        arm = assigned_arm(experiment, f"t-{seed}-{task}")
        decision = Decision(
            tier="mid",
            policy=arm.decider,
            router_version=f"{arm.decider}-v1",
            reason=Reason("", ""),
            propensity=0.5,
            arm=arm.name,
            experiment=experiment.name,
        )
        cost_usd = float(rng.gamma(4.0, 0.25)) * (cost_factor if arm.name == "challenger" else 1.0)
        record = DecisionRecord(f"d-{seed}-{task}", Step("x"), decision, time.time(), task_id=f"t-{seed}-{task}")
        attempt = Attempt("mid", success=bool(rng.random() < 0.98), cost_usd=cost_usd, latency_ms=100.0)
        records.append(record)
        outcomes.append(Outcome(record.decision_id, attempt))
    with DecisionLog.open(url) as log:
        log.record_decisions(records)
        log.record_outcomes(outcomes)


@pytest.mark.slow
def test_an_experiment_from_start_to_a_winner(url: str, tmp_path: Path) -> None:
    experiment = start(url)
    play(url, experiment, 40)
    early = run(url, "status", "first", "--settle", "0")
    assert "not yet" in early.output
    play(url, experiment, 1500, seed=1)
    result = run(url, "report", "first", "--settle", "0", "--out", str(tmp_path / "report"))
    assert "challenger: win." in result.output
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    assert figures["comparisons"][0]["cost_ratio"]["high"] < 0.6
    assert (tmp_path / "report" / "experiment.png").stat().st_size > 10_000
    assert "**challenger: win.**" in (tmp_path / "report" / "report.md").read_text()

    finished = run(url, "status", "first", "--settle", "0", "--advance", "--by", "ada")
    assert "Finish:" in finished.output
    with DecisionLog.open(url) as log:
        assert log.live_experiment() is None
        actions = [entry.action for entry in log.audit("first")]
        assert actions == ["experiment start", *["experiment report"] * 3, "experiment finish"]  # every look is kept
        read = read_experiment(log, "first")
    assert winning_arm(read, "challenger-v1")["name"] == "first"
    with pytest.raises(FlywheelError, match="router other decided in no arm of experiment 'first'"):
        winning_arm(read, "other")


@pytest.mark.slow
def test_the_ramp_goes_up_by_hand_or_cron(url: str) -> None:
    experiment = start(url, share=0.1)
    play(url, experiment, 60, cost_factor=1.0)
    held = run(url, "status", "first", "--settle", "0", "--advance")
    assert "Hold: Stage 10% has" in held.output
    play(url, experiment, 900, cost_factor=1.0, seed=1)
    assert "Now 50%: rules 50%, challenger 50%" in run(url, "status", "first", "--settle", "0", "--advance").output


@pytest.mark.slow
def test_a_ramp_keeps_its_shares_by_moment(url: str) -> None:
    """Tasks of a stage are judged by the shares of that stage, so that a ramp is no sample-ratio mismatch."""
    experiment = start(url, share=0.1)
    play(url, experiment, 500)
    half = replace(experiment, arms=tuple(replace(arm, share=0.5) for arm in experiment.arms), stage="50%")
    with DecisionLog.open(url) as log:
        log.put_experiment(half)
    play(url, half, 500, seed=1)
    with DecisionLog.open(url) as log:
        report = read_experiment(log, "first", settle_seconds=0.0).report
    assert report.sample_ratio.p_value > 0.05
    assert sorted(set(report.tasks.p_arms[:, 1].tolist())) == [0.1, 0.5]


def test_stopping_needs_a_reason_and_ends_it(url: str) -> None:
    start(url)
    assert run(url, "stop", "first").exit_code == 2
    assert "is stopped" in run(url, "stop", "first", "--why", "holidays").output
    again = run(url, "stop", "first", "--why", "again")
    assert isinstance(again.exception, ExperimentError)


def test_a_name_that_is_not_there_is_refused_with_those_that_are(url: str) -> None:
    start(url)
    result = run(url, "status", "second")
    assert isinstance(result.exception, TierwiseError)
    assert "has no experiment 'second'; it has: first" in str(result.exception)
