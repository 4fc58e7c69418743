"""Four real processes on one PostgreSQL and one registry, under load: promoted, killed and stopped meanwhile."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tierwise.data.decision_log import DecisionLog
from tierwise.data.experiments import Arm, Experiment
from tierwise.data.records import LoggedStep, Step
from tierwise.data.serialise import step_to_dict
from tierwise.router_model.router import Router
from tierwise.training.runs.tracking import open_client, track_bundle
from tierwise.training.train import TrainedRouter

N_REPLICAS = 4
N_CONNECTIONS = 2
N_STEPS = 24
ARMS = (Arm("rules", "rules", 0.5), Arm("learned", "champion", 0.5))


@dataclass
class Caller:
    """What one caller was told by one replica, which it asks as long as it is ready."""

    running: Any
    steps: Sequence[Step]
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    has_lost_it: bool = False

    def work(self, is_done: threading.Event) -> None:
        """Routes and reports in turn, with the same tasks as every other caller."""
        with httpx2.Client(base_url=self.running.address, timeout=30) as http:
            number = 0
            try:
                while not is_done.is_set() and http.get("/readyz").status_code == 200:
                    number += 1
                    self._ask(http, number)
            except httpx2.HTTPError:
                self.has_lost_it = True

    def _ask(self, http: httpx2.Client, number: int) -> None:
        which = number % len(self.steps)
        routed = http.post("/route", json={"step": step_to_dict(self.steps[which]), "task_id": f"t-{number}"})
        if routed.status_code != 200:
            self.refused.append(routed.status_code)
            return
        answer = routed.json() | {"which": which}
        self.answers[answer["decision_id"]] = answer
        outcome = {"decision_id": answer["decision_id"], "tier": answer["tier"], "success": True}
        reported = http.post("/outcomes", json=outcome | {"idempotency_key": "k"})
        if reported.status_code == 200:
            self.acknowledged.append(answer["decision_id"])
        else:
            self.refused.append(reported.status_code)


@pytest.fixture(scope="module")
def bundles(trained: TrainedRouter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two bundles that decide otherwise about the same steps, by version."""
    folder = tmp_path_factory.mktemp("bundles")
    policy = replace(trained.parts.policy, default_max_quality_loss=0.2)
    other = replace(trained, parts=replace(trained.parts, policy=policy))
    return {trained.save(folder / "a"): folder / "a", other.save(folder / "b"): folder / "b"}


@pytest.mark.slow
def test_replicas_act_as_one_while_one_is_killed_one_leaves_and_a_router_is_promoted(
    launch: Callable[..., Any],
    postgres_url: str,
    bundles: dict[str, Path],
    held_out_steps: Sequence[LoggedStep],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (first, old), (second, new) = bundles.items()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    track_bundle(old, "tierwise")
    promoted = track_bundle(new, "tierwise")
    client, uri = open_client()
    with DecisionLog.open(postgres_url) as log:
        log.put_experiment(Experiment("trial", ARMS, salt="x", started_at=time.time() - 1))
    steps = [logged.step for logged in held_out_steps[:N_STEPS]]
    callers = [
        Caller(launch(**_settings(postgres_url, uri, tmp_path / f"replica-{i}")), steps) for i in range(N_REPLICAS)
    ]
    addresses = [caller.running.address for caller in callers]
    _await_on_all(addresses, first)

    is_done = threading.Event()
    threads = [threading.Thread(target=caller.work, args=(is_done,)) for caller in callers]
    for thread in threads:
        thread.start()
    _await(lambda: all(len(caller.acknowledged) > 10 for caller in callers))
    assert _n_connections(postgres_url) <= N_REPLICAS * 2 * N_CONNECTIONS
    begin = time.monotonic()
    client.set_registered_model_alias("tierwise", "champion", promoted.version)
    _await_on_all(addresses, second)
    assert time.monotonic() - begin < 45
    killed, left, *stayed = callers
    killed.running.process.send_signal(signal.SIGKILL)
    _leaves_in_good_order(left)
    n_before = [len(caller.acknowledged) for caller in stayed]
    _await(lambda: all(len(caller.acknowledged) > n + 10 for caller, n in zip(stayed, n_before, strict=True)))
    is_done.set()
    for thread in threads:
        thread.join()
    for caller in stayed:
        caller.running.process.terminate()
        assert caller.running.process.wait(timeout=30) == -signal.SIGTERM

    assert [caller.has_lost_it for caller in callers] == [True, False, False, False]
    assert not any(caller.refused for caller in callers)
    _no_answer_mixes_bundles(callers, bundles)
    with DecisionLog.open(postgres_url) as log:
        _nothing_is_lost_and_arms_are_sticky(list(log.logged_steps()), callers, killed)


def _settings(log_url: str, tracking_uri: str, folder: Path) -> dict[str, object]:
    return {
        "log_url": log_url,
        "registry": "models:/tierwise@champion",
        "tracking_uri": tracking_uri,
        "state_folder": folder,
        "reload_seconds": 0.5,
        "experiment_seconds": 0.5,
        "log_connections": N_CONNECTIONS,
        "leave_seconds": 1.5,
    }


def _leaves_in_good_order(caller: Caller) -> None:
    """After SIGTERM it is no longer ready but still answers, then it ends by itself."""
    process, address = caller.running.process, caller.running.address
    process.terminate()
    _await(lambda: httpx2.get(f"{address}/readyz").status_code == 503)
    assert httpx2.post(f"{address}/route", json={"step": {"text": "late"}}).status_code == 200
    assert process.wait(timeout=30) == -signal.SIGTERM  # as uvicorn hands it on, once it has stopped in good order


def _no_answer_mixes_bundles(callers: list[Caller], bundles: dict[str, Path]) -> None:
    """Every answer is, to its last figure, what the version decides whose name it bears."""
    routers = {version: Router.load(folder) for version, folder in bundles.items()}
    steps = callers[0].steps
    expected = {version: [router.decide(step) for step in steps] for version, router in routers.items()}
    assert len({tuple(decision.tier for decision in decisions) for decisions in expected.values()}) == 2
    seen = set()
    for answer in (answer for caller in callers for answer in caller.answers.values()):
        assert not answer["fallback"]
        if answer["arm"] == "learned":
            known = expected[answer["router_version"]][answer["which"]]
            assert answer["tier"] == known.tier
            assert answer["p_success"] == pytest.approx(known.p_success, abs=1e-5)
            seen.add(answer["router_version"])
    assert seen == set(bundles)


def _nothing_is_lost_and_arms_are_sticky(steps: list[LoggedStep], callers: list[Caller], killed: Caller) -> None:
    n_attempts = {step.decision.decision_id: len(step.attempts) for step in steps if step.decision}
    for caller in callers:
        assert {n_attempts.get(each, 1) for each in caller.acknowledged} == {1}
        if caller is not killed:
            assert set(caller.answers) <= set(n_attempts)
    of_task: dict[str | None, set[str | None]] = {}
    for step in steps:
        of_task.setdefault(step.task_id, set()).add(step.decision.arm if step.decision else None)
    of_task.pop(None)  # the late one
    assert {len(found) for found in of_task.values()} == {1}
    assert set.union(*of_task.values()) == {"rules", "learned"}


def _n_connections(url: str) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tierwise'"
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _await_on_all(addresses: list[str], version: str) -> None:
    for address in addresses:
        _await(lambda address=address: _ready(address) == (version, "trial"))  # type: ignore[misc]


def _ready(address: str) -> tuple[str | None, str | None]:
    ready = httpx2.get(f"{address}/readyz").json()
    return ready.get("router_version"), ready.get("experiment")


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)
