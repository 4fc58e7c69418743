"""The service as a real process on a real socket: signals, kill -9, several workers."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tierwise.data.decision_log import DecisionLog


@pytest.mark.slow
def test_kill_9_loses_no_answered_decision_without_counting_it(launch: Callable[..., Any], tmp_path: Path) -> None:
    running = launch(flush_seconds=60, state_folder=tmp_path)
    ids = [_route(running.address) for _ in range(30)]
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(timeout=30)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        n_stored = len({step.step_id for step in log.logged_steps()} & set(ids))
    metrics = httpx2.get(f"{launch(state_folder=tmp_path).address}/metrics").text
    assert f"tierwise_lost_decisions_total {30.0 - n_stored}" in metrics


@pytest.mark.slow
def test_sigterm_drains_the_queue(launch: Callable[..., Any], tmp_path: Path) -> None:
    running = launch(flush_seconds=5)
    ids = [_route(running.address) for _ in range(30)]
    running.process.terminate()
    assert running.process.wait(timeout=30) in (0, -signal.SIGTERM)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        assert [step.step_id for step in log.logged_steps()] == ids


@pytest.mark.slow
def test_sighup_looks_for_a_new_bundle(launch: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    running = launch(bundle=tmp_path / "bundle", reload_seconds=0)
    assert "manifest.json" in httpx2.get(f"{running.address}/readyz").json()["detail"]
    (tmp_path / "bundle/manifest.json").write_text("{}")
    running.process.send_signal(signal.SIGHUP)
    for _ in range(1200):
        if "no manifest.json" not in httpx2.get(f"{running.address}/readyz").json()["detail"]:
            break
        time.sleep(0.05)
    assert "no manifest.json" not in httpx2.get(f"{running.address}/readyz").json()["detail"]
    assert running.process.poll() is None


@pytest.mark.slow
def test_several_workers_answer_and_count_together(launch: Callable[..., Any]) -> None:
    running = launch(workers=2)
    for _ in range(40):
        _route(running.address)
    metrics = httpx2.get(f"{running.address}/metrics").text
    assert 'tierwise_decision_seconds_count{stage="total"} 40.0' in metrics


@pytest.mark.slow
def test_a_supervisor_holds_nothing_of_the_application() -> None:
    program = "import sys, tierwise.serving.run; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"fastapi", "sqlalchemy", "alembic", "jinja2", "onnxruntime", "tierwise.serving.app"}
    assert heavy & set(loaded) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "trouble"),
    [(["--log-url", "foo://x"], "foo"), (["--bundle", "nowhere"], "there is no folder nowhere")],
)
def test_trouble_in_the_settings_is_told_once_whatever_the_workers(
    option: list[str], trouble: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tierwise", "serve", "--port", "0", "--workers", "2", *option]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert result.returncode != 0
    assert result.stderr.count(trouble) == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
def test_a_port_that_is_taken_is_told(launch: Callable[..., Any], tmp_path: Path) -> None:
    port = launch().address.rpartition(":")[2]
    options = ["--port", port, "--log-url", f"sqlite:///{tmp_path}/x.db"]
    command = [sys.executable, "-m", "tierwise", "serve", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def _route(address: str) -> str:
    answer = httpx2.post(f"{address}/route", json={"step": {"text": "a"}}).json()
    decision_id: str = answer["decision_id"]
    return decision_id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("tierwise.serving.run", {"numpy", "fastapi", "sqlalchemy", "onnxruntime"}),
        ("tierwise.serving.worker", {"sqlalchemy", "alembic", "jinja2", "tierwise.serving.dashboard.app"}),
    ],
)
def test_what_a_start_does_not_need_is_not_loaded(module: str, unwanted: set[str]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {unwanted!r}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
