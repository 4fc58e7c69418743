"""Outcomes on disk: they outlive kill -9, keep their order, stay within bounds, and come back."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.conftest import Service
from tierwise import Client
from tierwise.agents.client.delivering.spool import MemoryStore, OutcomeStore, Spool, abandoned_spools
from tierwise.data.decision_log import DecisionLog

PROGRAM = """
import sys, time
from tierwise import Client
client = Client(sys.argv[1], spool=sys.argv[2])
for i in range(3):
    client.outcome(client.route(text=f"step {i}"), success=True)
print("reported", flush=True)
time.sleep(60)
"""


FORKING = """
import os, sys, warnings
from tierwise import Client
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here
client = Client(sys.argv[1], spool=sys.argv[2], deadline_ms=2000)
client.outcome(client.route(text="before"), success=True)
assert client.flush(10)
child = os.fork()
name = "parent" if child else "child"
decision = client.route(text=name)
assert not decision.fallback, decision.reason
client.outcome(decision, success=True)
is_well = client.close(10) and client.counts.delivered == (2 if child else 1)
if not child:
    os._exit(not is_well)  # as multiprocessing does: a child that ends in full hangs in ONNX Runtime's clean-up
assert is_well and os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> OutcomeStore:
    return Spool.create(tmp_path, 40) if request.param == "disk" else MemoryStore(40)


def test_first_in_first_out_within_limits(store: OutcomeStore) -> None:
    for line in (b"one", b"two", b"three", b"four"):
        assert store.append(line)
    assert store.read(2, 1000) == [b"one", b"two"]
    assert store.read(9, 7) == [b"one", b"two"]
    assert store.read(9, 1) == [b"one"]
    store.discard([b"one", b"two"])
    assert store.read(9, 1000) == [b"three", b"four"]
    store.discard([b"three", b"four"])
    assert store.is_empty
    store.close()


def test_a_full_store_refuses_and_takes_again_when_it_is_empty(store: OutcomeStore) -> None:
    assert store.append(b"x" * 30)
    assert not store.append(b"y" * 30)
    store.discard([b"x" * 30])
    assert store.append(b"y" * 30)
    store.discard([b"y" * 30])
    store.close()


def test_half_a_line_is_cut_off_and_the_rest_is_kept(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path, 1000)
    spool.append(b"whole")
    spool.close()
    with spool.path.open("ab") as file:
        file.write(b'{"half": ')
    (again,) = abandoned_spools(tmp_path, 1000)
    assert again.read(9, 1000) == [b"whole"]
    assert again.append(b"next")
    assert again.read(9, 1000) == [b"whole", b"next"]
    again.close()


def test_damage_in_a_spool_is_set_aside_and_the_rest_is_delivered(service: Service, tmp_path: Path) -> None:
    service.start()
    left = Spool.create(tmp_path, 10_000)
    for line in (b'{"decision_id": "a", "tier": "small"}', b"\xff damaged", b'{"decision_id": "b", "tier": "small"}'):
        left.append(line)
    left.close()
    with Client(service.address, spool=tmp_path) as client:
        client.outcome(client.route(text="c"), success=True)
        assert client.flush(10)
    with DecisionLog.open(service.log_url) as log:
        assert log.count_unknown_outcomes() == 2
    assert "damaged" in json.loads((tmp_path / "refused.jsonl").read_text())["outcome"]


def test_a_spool_in_use_is_left_alone_and_an_empty_one_is_tidied_away(tmp_path: Path) -> None:
    busy, idle = Spool.create(tmp_path, 1000), Spool.create(tmp_path, 1000)
    busy.append(b"mine")
    assert abandoned_spools(tmp_path, 1000) == []
    idle.close()
    assert not idle.path.exists()
    busy.close()
    assert [spool.read(9, 99) for spool in abandoned_spools(tmp_path, 1000)] == [[b"mine"]]


@pytest.mark.slow
def test_outcomes_outlive_kill_9_and_are_delivered_by_the_next_process(
    service: Service, tmp_path: Path, nobody: str
) -> None:
    command = [sys.executable, "-c", PROGRAM, nobody, str(tmp_path / "spool")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "reported\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (left,) = (tmp_path / "spool").iterdir()
    assert len(left.read_text().splitlines()) == 3
    service.start()
    with Client(service.address, spool=tmp_path / "spool") as client:
        client.outcome(client.route(text="step 3", extra={"n": 3}), success=False)
        assert client.flush(10)
    assert list((tmp_path / "spool").iterdir()) == []
    with DecisionLog.open(service.log_url) as log:
        outcomes = {step.step.text: [attempt.success for attempt in step.attempts] for step in log.logged_steps()}
    assert outcomes == {"step 0": [True], "step 1": [True], "step 2": [True], "step 3": [False]}


@pytest.mark.slow
def test_a_client_that_nobody_closed_leaves_its_outcomes_behind(tmp_path: Path, nobody: str) -> None:
    program = PROGRAM.replace("time.sleep(60)", "sys.exit()")
    command = [sys.executable, "-W", "error", "-c", program, nobody, str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    (left,) = tmp_path.glob("outcomes-*.jsonl")
    texts = [json.loads(line)["decided_by_caller"]["step"]["text"] for line in left.read_text().splitlines()]
    assert texts == ["step 0", "step 1", "step 2"]


@pytest.mark.slow
def test_a_client_is_used_on_after_a_fork(service: Service, tmp_path: Path) -> None:
    service.start()
    command = [sys.executable, "-c", FORKING, service.address, str(tmp_path / "spool")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    with DecisionLog.open(service.log_url) as log:
        outcomes = {step.step.text: [attempt.success for attempt in step.attempts] for step in log.logged_steps()}
    assert outcomes == {"before": [True], "parent": [True], "child": [True]}
    assert list((tmp_path / "spool").iterdir()) == []
