"""Experiments: what can be run, and what may still change while it runs."""

from dataclasses import replace

import pytest

from tierwise.data.experiments import Arm, Experiment, ExperimentError

ARMS = (Arm("rules", "rules", 0.9), Arm("learned", "champion", 0.1))
RUNNING = Experiment("trial", ARMS, salt="x", started_at=100.0)


def test_an_experiment_comes_back_from_its_mapping() -> None:
    stopped = replace(RUNNING, stopped_at=200.0, exploration=0.05, stage="10%", stop_reason="won")
    assert Experiment.from_mapping(stopped.to_mapping()) == stopped
    assert Experiment.from_mapping(RUNNING.to_mapping() | {"of_a_newer_version": 1}) == RUNNING


def test_it_runs_from_its_start_to_its_end() -> None:
    stopped = replace(RUNNING, stopped_at=200.0)
    assert [stopped.is_live(at) for at in (99.9, 100.0, 199.9, 200.0)] == [False, True, True, False]
    assert RUNNING.is_live(1e12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a b"}, "use letters"),
        ({"name": ""}, "use letters"),
        ({"arms": ()}, "0 arms"),
        ({"arms": (Arm("a", "rules", 0.5), Arm("a", "champion", 0.5))}, "its own name"),
        ({"arms": (Arm("a", "rules", 0.5), Arm("b", "champion", 0.4))}, "add up to 0.9"),
        ({"arms": (Arm("a", "rules", 1.5), Arm("b", "champion", -0.5))}, "share 1.5"),
        ({"arms": (Arm("a", "learned", 1.0),)}, "decider 'learned'"),
        ({"arms": (Arm("a", "rules", float("nan")),)}, "share nan"),
        ({"margin": -0.1}, "margin is -0.1"),
        ({"confidence": 1.0}, "confidence is 1"),
        ({"exploration": 0.5}, "exploration is 0.5"),
        ({"stopped_at": 1.0}, "before it starts"),
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        replace(RUNNING, **changes).check()  # type: ignore[arg-type]


def test_shares_stage_exploration_and_end_may_change() -> None:
    arms = (Arm("rules", "rules", 0.5), Arm("learned", "champion", 0.5))
    RUNNING.check_successor(replace(RUNNING, arms=arms, stage="50%", exploration=0.1, stopped_at=300.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"salt": "y"}, "its salt cannot change"),
        ({"margin": 0.2}, "its margin cannot change"),
        ({"started_at": 50.0}, "its started_at cannot change"),
        ({"arms": (Arm("rules", "always-mid", 0.9), ARMS[1])}, "only the shares"),
        ({"arms": (Arm("rules", "rules", 1.0),)}, "only the shares"),
    ],
)
def test_nothing_else_may_change(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        RUNNING.check_successor(replace(RUNNING, **changes))  # type: ignore[arg-type]


def test_what_is_stopped_stays_stopped() -> None:
    with pytest.raises(ExperimentError, match="is stopped"):
        replace(RUNNING, stopped_at=200.0).check_successor(RUNNING)
