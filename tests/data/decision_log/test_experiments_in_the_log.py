"""Experiments in the decision log, on every database."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.experiments import Arm, Experiment, ExperimentError

NOW = 1_800_000_000.0
ARMS = (Arm("rules", "rules", 0.9), Arm("learned", "champion", 0.1))
TRIAL = Experiment("trial", ARMS, salt="x", started_at=NOW - 10)


def test_the_live_experiment_is_the_last_version_that_was_put(log: DecisionLog) -> None:
    assert log.live_experiment() is None
    log.put_experiment(TRIAL)
    assert log.live_experiment() == TRIAL
    grown = replace(TRIAL, arms=(Arm("rules", "rules", 0.5), Arm("learned", "champion", 0.5)), stage="50%")
    log.put_experiment(grown)
    assert log.live_experiment() == grown
    assert [version.experiment for version in log.experiment_history("trial")] == [TRIAL, grown]
    assert log.experiment_history("trial")[0].recorded_at == NOW


def test_a_stopped_experiment_is_known_but_not_live_and_makes_room_for_the_next(log: DecisionLog) -> None:
    log.put_experiment(TRIAL)
    log.put_experiment(replace(TRIAL, stopped_at=NOW, stop_reason="enough"))
    second = replace(TRIAL, name="second", salt="y")
    log.put_experiment(second)
    assert log.live_experiment() == second
    assert [each.name for each in log.experiments()] == ["trial", "second"]


def test_an_experiment_that_starts_later_is_not_live_yet(log: DecisionLog) -> None:
    log.put_experiment(replace(TRIAL, started_at=NOW + 1))
    assert log.live_experiment() is None


def test_two_experiments_cannot_run_at_once(log: DecisionLog) -> None:
    log.put_experiment(TRIAL)
    with pytest.raises(ExperimentError, match="'trial' is not stopped"):
        log.put_experiment(replace(TRIAL, name="second"))
    assert [each.name for each in log.experiments()] == ["trial"]


def test_a_change_that_would_spoil_the_analysis_is_refused_and_not_stored(log: DecisionLog) -> None:
    log.put_experiment(TRIAL)
    with pytest.raises(ExperimentError, match="salt cannot change"):
        log.put_experiment(replace(TRIAL, salt="other"))
    assert log.live_experiment() == TRIAL


def test_of_many_that_start_at_once_one_wins(url: str, log: DecisionLog) -> None:
    refused: list[str] = []

    def start(name: str) -> None:
        with DecisionLog.open(url, timeout_seconds=20, clock=lambda: NOW) as own:
            try:
                own.put_experiment(replace(TRIAL, name=name))
            except ExperimentError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=start, args=(f"e{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(log.experiments()), len(refused)) == (1, 3)


def test_decisions_carry_their_experiment_and_can_be_read_by_it(
    log: DecisionLog, record: Callable[..., DecisionRecord]
) -> None:
    inside = record("in")
    inside = replace(inside, decision=replace(inside.decision, experiment="trial", arm="rules"))
    log.record_decisions([record("out"), inside])
    (step,) = log.logged_steps(experiment="trial")
    assert step.decision is not None
    assert (step.step_id, step.decision.arm, step.decision.extra["experiment"]) == ("in", "rules", "trial")
