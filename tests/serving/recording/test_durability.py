"""What was acknowledged is there, whatever happens to the process, the database and the disk; decisions flow on."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Attempt, Outcome


class Cable:
    """A connection to a server on loopback that can be cut, mended and slowed down."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._is_cut = False
        self.delay_seconds = 0.0
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._server_port))
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                time.sleep(self.delay_seconds)
                target.sendall(content)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable(postgres_url: str) -> Iterator[Cable]:
    cable = Cable(urlsplit(postgres_url).port or 5432)
    yield cable
    cable.close()


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=30) as client:
        yield client


def through(cable: Cable, url: str) -> str:
    return url.replace(f":{urlsplit(url).port}/", f":{cable.port}/")


@pytest.mark.slow
def test_kill_9_under_load_loses_no_acknowledged_outcome(launch: Callable[..., Any], log_url: str) -> None:
    running = launch(log_url=log_url)
    acknowledged: list[str] = []
    threads = [threading.Thread(target=_report, args=(running.address, f"w{i}", acknowledged)) for i in range(3)]
    for thread in threads:
        thread.start()
    _await(lambda: len(acknowledged) > 100)
    running.process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert _stored(log_url, acknowledged) == set(acknowledged)


@pytest.mark.slow
def test_while_postgresql_is_away_decisions_flow_and_outcomes_are_refused_whole(
    launch: Callable[..., Any], postgres_url: str, cable: Cable, http: httpx2.Client
) -> None:
    running = launch(
        log_url=through(cable, postgres_url), log_timeout_seconds=2, outcome_timeout_seconds=2, drain_seconds=1
    )
    before = _route(http, running.address)
    assert _post_pair(http, running.address, before, "before") == 200
    cable.cut()
    during, statuses, slowest = [], set(), 0.0
    end = time.monotonic() + 4
    while time.monotonic() < end:
        begin = time.monotonic()
        during.append(_route(http, running.address))
        slowest = max(slowest, time.monotonic() - begin)
        statuses.add(_post_pair(http, running.address, during[-1], f"during-{len(during)}"))
    cable.mend()
    assert statuses == {503}
    assert slowest < 1.8, "less than waiting for the database takes"
    _await(lambda: _post_pair(http, running.address, before, "after") == 200)
    _await(lambda: http.get(f"{running.address}/decisions/{during[-1]}").status_code == 200)
    with DecisionLog.open(postgres_url) as log:
        n_attempts = {step.step_id: len(step.attempts) for step in log.logged_steps()}
    assert n_attempts[before] == 4
    assert {n_attempts[each] for each in during} <= {0, 2}


@pytest.mark.slow
def test_a_slow_database_slows_outcomes_and_no_decision(
    launch: Callable[..., Any], postgres_url: str, cable: Cable, http: httpx2.Client
) -> None:
    running = launch(
        log_url=through(cable, postgres_url), log_timeout_seconds=9, outcome_timeout_seconds=9, drain_seconds=1
    )
    decision_id = _route(http, running.address)
    assert _post_pair(http, running.address, decision_id, "warm") == 200
    cable.delay_seconds = 0.5
    begin = time.monotonic()
    assert _post_pair(http, running.address, decision_id, "slow") == 200
    outcome_seconds = time.monotonic() - begin
    times = sorted(_timed(lambda: _route(http, running.address)) for _ in range(40))
    assert outcome_seconds > 1
    assert times[20] < 0.4


@pytest.mark.slow
def test_a_full_disk_refuses_outcomes_and_no_decision(
    launch: Callable[..., Any], tmp_path: Path, http: httpx2.Client
) -> None:
    running = launch(file_limit_bytes=800_000, queue_size=100, drain_seconds=0)
    acknowledged: list[str] = []
    refused = 0
    for number in range(2000):
        key = f"k-{number}"
        body = {"decision_id": key, "tier": "small", "error": "x" * 2000, "idempotency_key": key}
        status = http.post(f"{running.address}/outcomes", json=body).status_code
        assert status in (200, 503)
        acknowledged += [key] if status == 200 else []
        refused += status == 503
        if refused > 3:
            break
    assert refused > 3
    answers = [http.post(f"{running.address}/route", json={"step": {"text": "a" * 500}}) for _ in range(150)]
    assert {answer.status_code for answer in answers} == {200}
    metrics = http.get(f"{running.address}/metrics").text
    assert "tierwise_log_up 0.0" in metrics
    assert "tierwise_dropped_decisions_total 0.0" not in metrics
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(timeout=30)
    assert len(acknowledged) > 10
    assert _stored(f"sqlite:///{tmp_path}/decisions.db", acknowledged) == set(acknowledged)


def _stored(log_url: str, keys: list[str]) -> set[str]:
    """The keys that the log holds: repeating their outcomes adds nothing new."""
    again = [Outcome(key, Attempt("small"), idempotency_key=key) for key in keys]
    with DecisionLog.open(log_url) as log:
        receipts = log.record_outcomes(again)
    return {key for key, receipt in zip(keys, receipts, strict=True) if not receipt.is_new}


def _route(http: httpx2.Client, address: str) -> str:
    response = http.post(f"{address}/route", json={"step": {"text": "a"}})
    assert response.status_code == 200
    decision_id: str = response.json()["decision_id"]
    return decision_id


def _post_pair(http: httpx2.Client, address: str, decision_id: str, key: str) -> int:
    """Reports two outcomes in one body, which must be stored together or not at all."""
    outcomes = [{"decision_id": decision_id, "tier": t, "idempotency_key": f"{key}-{t}"} for t in ("small", "mid")]
    return http.post(f"{address}/outcomes", json=outcomes, timeout=30).status_code


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


def _timed(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)
