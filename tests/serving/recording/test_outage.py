"""A PostgreSQL server of our own is stopped under a running service and started again, ``TIERWISE_TEST_OUTAGE_SECONDS``
(30) later: decisions flow all the while, outcomes are refused whole, and what was answered is there afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tierwise.data.decision_log import DecisionLog

OUTAGE_SECONDS = float(os.environ.get("TIERWISE_TEST_OUTAGE_SECONDS", "30"))


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server on loopback with nothing in it."""

    folder: Path
    bin: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://tierwise@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._run(
            "initdb", "--pgdata", f"{self.folder}/cluster", "--username", "tierwise", "--auth", "trust", "--no-sync"
        )

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder}"
        self._ctl("start", "--wait", "--log", f"{self.folder}/server.log", "--options", options)

    def stop(self) -> None:
        self._ctl("stop", "--mode", "immediate")

    def _ctl(self, *words: str) -> None:
        self._run("pg_ctl", "--pgdata", f"{self.folder}/cluster", "--silent", *words)

    def _run(self, program: str, *words: str) -> None:
        as_user = ["runuser", "--user", "postgres", "--"] if os.getuid() == 0 else []  # it refuses to run as root
        subprocess.run([*as_user, str(self.bin / program), *words], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL's programs are not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="tierwise-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    cluster = Cluster(folder, programs[-1].parent, port)
    cluster.create()
    cluster.start()
    yield cluster
    with suppress(subprocess.CalledProcessError):
        cluster.stop()
    shutil.rmtree(folder)


@pytest.mark.slow
def test_while_the_database_is_stopped_decisions_flow_and_outcomes_get_503(
    launch: Callable[..., Any], cluster: Cluster
) -> None:
    running = launch(log_url=cluster.url, log_timeout_seconds=2, outcome_timeout_seconds=2)
    with httpx2.Client(base_url=running.address, timeout=30) as http:
        before = decide(http, 0)
        await_so(lambda: report(http, before) == 200)  # a service listens before it has opened its log
        cluster.stop()
        answered, statuses, slowest = [before], [], 0.0
        end = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < end:
            begin = time.monotonic()
            answered.append(decide(http, len(answered)))
            slowest = max(slowest, time.monotonic() - begin)
            if len(answered) % 20 == 0:
                statuses.append(report(http, answered[-1]))
            assert http.get("/healthz").status_code == http.get("/readyz").status_code == 200
            time.sleep(0.02)
        assert set(statuses) == {503}
        assert slowest < 1.8, "less than waiting for the database takes"
        cluster.start()
        await_so(lambda: report(http, answered[-1]) == 200)
        await_so(lambda: "tierwise_recorder_queue_depth 0.0" in http.get("/metrics").text)
        metrics = http.get("/metrics").text
    assert "tierwise_dropped_decisions_total 0.0" in metrics
    with DecisionLog.open(cluster.url) as log:
        found = {step.step_id: len(step.attempts) for step in log.logged_steps()}
    assert set(found) == set(answered), "every answered decision was recorded once the database was back"
    assert set(found.values()) == {0, 2}, "pairs of outcomes are stored whole or not at all"
    assert (found[before], found[answered[-1]]) == (2, 2)


def decide(http: httpx2.Client, number: int) -> str:
    response = http.post("/route", json={"step": {"text": f"step {number}"}})
    assert response.status_code == 200
    decision_id: str = response.json()["decision_id"]
    return decision_id


def report(http: httpx2.Client, decision_id: str) -> int:
    """Two outcomes in one body, the same ones each time."""
    pair = [{"decision_id": decision_id, "tier": tier, "idempotency_key": tier} for tier in ("small", "mid")]
    return http.post("/outcomes", json=pair).status_code


def await_so(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.2)
