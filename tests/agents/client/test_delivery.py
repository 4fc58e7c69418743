"""Delivery: in order, once, whatever the service answers; what it refuses is kept and told."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.agents.conftest import Answer, Reply, Stub
from tierwise import Client

StartStub = Callable[[Answer], Stub]


def taken(body: list[Any]) -> Reply:
    return Reply({"new": len(body), "duplicate": 0, "unknown": 0, "contradictory": 0})


def problem(kind: str, status: int) -> Reply:
    content = {"type": f"urn:tierwise:problem:{kind}", "status": status, "detail": f"{kind} it is"}
    return Reply(content, status, {"content-type": "application/problem+json"})


def reported(client: Client, names: str) -> None:
    for name in names:
        client.outcome(client.route(text=name), success=True, evaluator=name)


def names_of(server: Stub) -> list[str]:
    return ["".join(outcome["evaluator"] for outcome in body) for path, body in server.requests if path == "/outcomes"]


def test_a_report_that_was_not_answered_is_sent_again_with_the_same_keys(stub: StartStub, tmp_path: Path) -> None:
    replies = [Reply(b"", 503), Reply({"new": 0, "duplicate": 0}), Reply(b"<html>welcome</html>")]
    server = stub(lambda path, body: Reply({}) if path == "/route" else replies.pop() if replies else taken(body))
    client = Client(server.address, spool=tmp_path)
    reported(client, "a")
    for _ in range(3):
        assert not client.flush(0.1)
    assert client.flush(5)
    reported(client, "b")
    assert client.close()
    keys = [outcome["idempotency_key"] for path, body in server.requests if path == "/outcomes" for outcome in body]
    assert names_of(server) == ["a", "a", "a", "a", "b"]
    assert len(set(keys[:4])) == 1
    assert (client.counts.delivered, client.counts.waiting) == (2, 0)


def test_one_refused_outcome_does_not_hold_up_the_others(stub: StartStub, tmp_path: Path) -> None:
    is_up = False

    def answer(path: str, body: Any) -> Reply:
        if path == "/route" or not is_up:
            return Reply(b"", 503)
        is_bad = any(outcome["evaluator"] == "x" for outcome in body)
        return problem("invalid-field", 422) if is_bad else taken(body)

    server = stub(answer)
    client = Client(server.address, spool=tmp_path)
    reported(client, "abxcd")
    is_up = True
    assert client.flush(10)
    assert (client.counts.delivered, client.counts.refused) == (4, 1)
    kept = json.loads((tmp_path / "refused.jsonl").read_text())
    assert json.loads(kept["outcome"])["evaluator"] == "x"
    assert "invalid-field it is" in kept["reason"]
    client.close()


def test_a_refusal_of_somebody_else_is_no_refusal(stub: StartStub, tmp_path: Path) -> None:
    """A proxy that answers 422 or 413 to everything is not the service: the outcome waits."""
    server = stub(lambda *_: Reply({"detail": "who are you?"}, 422))
    client = Client(server.address, spool=tmp_path)
    reported(client, "a")
    assert not client.flush(0.3)
    assert (client.counts.refused, client.counts.waiting) == (0, 1)
    client.close(0.1)


def test_a_full_spool_drops_the_newest_and_counts_it(stub: StartStub, tmp_path: Path) -> None:
    server = stub(lambda *_: Reply(b"", 503))
    client = Client(server.address, spool=tmp_path, spool_max_bytes=2000)
    reported(client, "abcdefgh")
    assert client.counts.dropped == 8 - client.counts.waiting > 0
    client.close(0.1)
    (left,) = tmp_path.glob("outcomes-*.jsonl")
    kept = [json.loads(line)["evaluator"] for line in left.read_text().splitlines()]
    assert kept == list("abcdefgh")[: len(kept)]


def test_a_folder_that_cannot_be_written_leaves_outcomes_in_memory(stub: StartStub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = stub(lambda path, body: Reply({}) if path == "/route" else taken(body))
    with Client(server.address, spool=tmp_path / "file" / "spool") as client:
        reported(client, "ab")
        assert client.flush()
        assert client.counts.delivered == 2


def test_reporting_takes_no_time_while_the_service_is_slow(stub: StartStub, tmp_path: Path) -> None:
    server = stub(lambda path, _: Reply(b"", 503, delay_seconds=0.0 if path == "/route" else 60.0))
    client = Client(server.address, spool=tmp_path)
    decision = client.route(text="a")
    started = time.perf_counter()
    for _ in range(200):
        client.outcome(decision, success=True)
    assert time.perf_counter() - started < 30
    (spool,) = tmp_path.glob("outcomes-*.jsonl")
    assert len(spool.read_text().splitlines()) == 200
    client.close(0.1)
