"""The service as a real process on a real socket: signals, kill -9 under load, several workers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Attempt, Outcome

PROGRAM = """
from tierwise.serving.run import serve
from tierwise.serving.settings import load_settings
serve(load_settings())
"""


@dataclass
class Running:
    """A service and where it answers."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts the service in a process of its own; keywords are settings."""
    processes: list[subprocess.Popen[str]] = []

    def start(**settings: object) -> Running:
        environment = dict(os.environ) | {
            "TIERWISE_PORT": "0",
            "TIERWISE_LOG_URL": f"sqlite:///{tmp_path}/decisions.db",
        }
        environment |= {f"TIERWISE_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-c", PROGRAM]
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        processes.append(process)
        assert process.stdout is not None
        running = Running(process, process.stdout.readline().split()[-1])
        _wait_until_healthy(running.address)
        return running

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def test_kill_9_under_load_loses_no_acknowledged_outcome(launch: Callable[..., Running], tmp_path: Path) -> None:
    running = launch()
    acknowledged: list[str] = []
    threads = [threading.Thread(target=_report, args=(running.address, f"w{i}", acknowledged)) for i in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    running.process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        again = [Outcome(key, Attempt("small"), idempotency_key=key) for key in acknowledged]
        stored = {
            key for key, receipt in zip(acknowledged, log.record_outcomes(again), strict=True) if not receipt.is_new
        }
    assert len(acknowledged) > 10
    assert stored == set(acknowledged)


def test_kill_9_loses_no_answered_decision_without_counting_it(launch: Callable[..., Running], tmp_path: Path) -> None:
    running = launch(flush_seconds=60, state_folder=tmp_path)
    ids = [_route(running.address) for _ in range(30)]
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(timeout=30)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        n_stored = len({step.step_id for step in log.logged_steps()} & set(ids))
    metrics = httpx2.get(f"{launch(state_folder=tmp_path).address}/metrics").text
    assert f"tierwise_lost_decisions_total {30.0 - n_stored}" in metrics


def test_sigterm_drains_the_queue(launch: Callable[..., Running], tmp_path: Path) -> None:
    running = launch(flush_seconds=5)
    ids = [_route(running.address) for _ in range(30)]
    running.process.terminate()
    assert running.process.wait(timeout=30) in (0, -signal.SIGTERM)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        assert [step.step_id for step in log.logged_steps()] == ids


def test_sighup_looks_for_a_new_bundle(launch: Callable[..., Running], tmp_path: Path) -> None:
    running = launch(bundle=tmp_path / "bundle", reload_seconds=0)
    assert httpx2.get(f"{running.address}/readyz").status_code == 503
    (tmp_path / "bundle").mkdir()
    running.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if "manifest.json" in httpx2.get(f"{running.address}/readyz").json()["detail"]:
            break
        time.sleep(0.05)
    assert "manifest.json" in httpx2.get(f"{running.address}/readyz").json()["detail"]
    assert running.process.poll() is None


@pytest.mark.slow
def test_several_workers_answer_and_count_together(launch: Callable[..., Running]) -> None:
    running = launch(workers=2)
    for _ in range(40):
        _route(running.address)
    metrics = httpx2.get(f"{running.address}/metrics").text
    assert 'tierwise_decision_seconds_count{stage="total"} 40.0' in metrics


def test_a_port_that_is_taken_is_told(launch: Callable[..., Running], tmp_path: Path) -> None:
    port = launch().address.rpartition(":")[2]
    program = PROGRAM.replace("load_settings()", f"load_settings(port={port}, log_url='sqlite:///{tmp_path}/x.db')")
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def _route(address: str) -> str:
    answer = httpx2.post(f"{address}/route", json={"step": {"text": "a"}}).json()
    decision_id: str = answer["decision_id"]
    return decision_id


def _report(address: str, name: str, acknowledged: list[str]) -> None:
    with httpx2.Client(base_url=address) as client:
        for number in range(100_000):
            key = f"{name}-{number}"
            body = {"decision_id": key, "tier": "small", "success": True, "idempotency_key": key}
            try:
                client.post("/route", json={"step": {"text": "load"}})
                response = client.post("/outcomes", json=body)
            except httpx2.HTTPError:
                return
            if response.status_code == 200:
                acknowledged.append(key)


def _wait_until_healthy(address: str) -> None:
    for _ in range(200):
        try:
            if httpx2.get(f"{address}/healthz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the service never answered")
