"""A live experiment: sticky arms, honest propensities, exploration within the limits."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog
from tierwise.data.experiments import Arm, Experiment

HALVES = (Arm("rules", "rules", 0.5), Arm("top", "always-frontier", 0.5))
TRIAL = Experiment("trial", HALVES, salt="x", started_at=1.0)
SIMPLE = {"text": "Extract the total.", "task_type": "extract"}


@pytest.fixture
def put(tmp_path: Path) -> Callable[[Experiment], None]:
    """Puts an experiment into the decision log that the service writes to."""

    def put_experiment(experiment: Experiment) -> None:
        with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
            log.put_experiment(experiment)

    return put_experiment


@pytest.fixture
def running(start: Callable[..., TestClient], put: Callable[[Experiment], None]) -> Callable[..., TestClient]:
    """The service, once it has seen the experiment."""

    def start_with(experiment: Experiment = TRIAL, **changes: object) -> TestClient:
        put(experiment)
        client = start(experiment_seconds=0.02, **changes)
        await_experiment(client, experiment.name)
        return client

    return start_with


def await_experiment(client: TestClient, name: str | None) -> None:
    for _ in range(6000):
        if client.get("/readyz").json()["experiment"] == name:
            return
        time.sleep(0.01)
    raise AssertionError(f"the service never saw experiment {name}")


def ask(client: TestClient, task_id: str | None, step: dict[str, Any] = SIMPLE, **more: object) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/route", json={"step": step, "task_id": task_id, **more}).json()
    return answer


def test_a_task_keeps_its_arm_and_the_arm_decides(running: Callable[..., TestClient]) -> None:
    client = running()
    first = {f"t-{i}": ask(client, f"t-{i}") for i in range(40)}
    again = {task_id: ask(client, task_id) for task_id in first}
    assert {task_id: answer["arm"] for task_id, answer in first.items()} == {k: a["arm"] for k, a in again.items()}
    assert {(answer["arm"], answer["tier"], answer["policy"]) for answer in first.values()} == {
        ("rules", "small", "rules"),
        ("top", "frontier", "always-frontier"),
    }


def test_the_propensity_is_the_share_where_arms_differ_and_one_where_they_agree(
    running: Callable[..., TestClient],
) -> None:
    client = running()
    assert {ask(client, f"t-{i}")["propensity"] for i in range(20)} == {0.5}
    assert {ask(client, f"t-{i}", {"text": "Think hard."})["propensity"] for i in range(20)} == {1.0}


def test_steps_without_a_task_are_spread_over_the_arms(running: Callable[..., TestClient]) -> None:
    client = running()
    assert {ask(client, None)["arm"] for _ in range(60)} == {"rules", "top"}


def test_a_replica_and_a_restart_assign_alike(running: Callable[..., TestClient], start: Any) -> None:
    first, second = running(), start(experiment_seconds=0.02)
    await_experiment(second, "trial")
    tasks = [f"t-{i}" for i in range(30)]
    assert [ask(first, task)["arm"] for task in tasks] == [ask(second, task)["arm"] for task in tasks]


def test_stopping_the_experiment_gives_the_traffic_back(
    running: Callable[..., TestClient], put: Callable[[Experiment], None]
) -> None:
    client = running()
    put(replace(TRIAL, stopped_at=time.time()))
    await_experiment(client, None)
    answers = [ask(client, f"t-{i}") for i in range(10)]
    assert {(answer["arm"], answer["tier"], answer["propensity"]) for answer in answers} == {("rules", "small", 1.0)}


def test_arm_and_experiment_are_in_the_log(running: Callable[..., TestClient], tmp_path: Path) -> None:
    client = running()
    answer = ask(client, "t-1")
    client.post("/outcomes", json={"decision_id": answer["decision_id"], "tier": answer["tier"], "success": True})
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps(experiment="trial")
    assert step.decision is not None
    assert (step.decision.arm, step.decision.propensity) == (answer["arm"], 0.5)


@pytest.mark.slow
def test_weighted_by_the_propensity_every_tier_counts_as_if_it_were_always_chosen(
    running: Callable[..., TestClient],
) -> None:
    arms = (Arm("rules", "rules", 0.7), Arm("mid", "always-mid", 0.3))
    client = running(replace(TRIAL, arms=arms, exploration=0.2))
    answers = []
    for batch in range(12):
        requests = [{"step": SIMPLE, "task_id": f"t-{batch}-{i}"} for i in range(256)]
        answers += client.post("/route/batch", json={"requests": requests}).json()["decisions"]
    weights: Counter[str] = Counter()
    for answer in answers:
        weights[answer["tier"]] += 1 / answer["propensity"]
    assert {tier: weight / len(answers) for tier, weight in weights.items()} == {
        "small": pytest.approx(1, abs=0.12),
        "mid": pytest.approx(1, abs=0.12),
        "frontier": pytest.approx(1, abs=0.5),
    }
    assert {answer["reason"]["code"] for answer in answers} >= {"explored", "rule_simple_task", "constant"}


@pytest.mark.slow
def test_exploration_without_an_experiment_keeps_to_guardrails_and_limits(start: Callable[..., TestClient]) -> None:
    client = start(exploration=0.2, human_visible_min_tier="mid")
    seen = [ask(client, None, SIMPLE | {"human_visible": True}) for _ in range(150)]
    assert {answer["tier"] for answer in seen} == {"mid", "frontier"}
    limited = [ask(client, None, options={"max_tier": "small"}) for _ in range(50)]
    assert {(answer["tier"], answer["propensity"]) for answer in limited} == {("small", 1.0)}
    plain = [ask(client, None) for _ in range(150)]
    assert {(answer["tier"], answer["propensity"]) for answer in plain} == {("small", 0.8), ("mid", 0.2)}
    assert "tierwise_explored_total" in client.get("/metrics").text


def test_an_arm_whose_decider_is_missing_is_stood_in_for_and_counted(running: Callable[..., TestClient]) -> None:
    arms = (Arm("new", "challenger", 0.5), Arm("huge", "always-huge", 0.5))
    client = running(replace(TRIAL, arms=arms))
    answers = [ask(client, f"t-{i}") for i in range(20)]
    assert {(answer["tier"], answer["policy"], answer["propensity"]) for answer in answers} == {("small", "rules", 1.0)}
    metrics = client.get("/metrics").text
    n_new = sum(answer["arm"] == "new" for answer in answers)
    assert f'tierwise_arm_stand_ins_total{{arm="new"}} {float(n_new)}' in metrics
