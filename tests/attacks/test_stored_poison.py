"""What an older version may have stored, or what happened to a spool or a database: pages and outcomes survive it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.service import PAGES, Service, serving
from tierwise import Client
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step

POISONED_PAGES = (*PAGES, "/decisions/d-0", "/tasks/t")


def poisoned(url: str) -> None:
    """Numbers that no door lets in any more, written past it."""
    log = DecisionLog.open(url)
    for i, number in enumerate((1e308, 1e308, -1e308, 1e300)):
        p = {"small": number, "frontier": 0.5}
        decision = Decision("small", "rules", "v", Reason("c", "t"), p_success=p, expected_cost_usd=p)
        log.record_decisions(
            [DecisionRecord(f"d-{i}", Step("x"), decision, created_at=1_790_000_000.0 + i, task_id="t")]
        )
        log.record_outcomes(
            [Outcome(f"d-{i}", Attempt("small", success=True, cost_usd=number, latency_ms=number), str(i))]
        )
    log.close()


@pytest.mark.slow
def test_pages_survive_numbers_beyond_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/decisions.db"
    poisoned(url)
    with serving(tmp_path, log_url=url) as service:
        found = {page: service.client.get(f"/dashboard{page}?since=2020-01-01").status_code for page in POISONED_PAGES}
        assert set(found.values()) == {200}, found
        assert service.client.get("/decisions/d-0").status_code == 200


def test_what_is_stored_can_still_be_learned_from(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/decisions.db"
    poisoned(url)
    with DecisionLog.open(url) as log:
        steps = list(log.logged_steps())
    assert [step.attempts[0].success for step in steps] == [True] * 4
    assert [step.attempts[0].cost_usd for step in steps] == [None] * 4


@pytest.mark.slow
def test_a_damaged_database_is_no_server_error(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    poisoned(f"sqlite:///{path}")
    content = bytearray(path.read_bytes())
    content[8_192:] = b"\xff" * (len(content) - 8_192)
    path.write_bytes(content)
    with serving(tmp_path, log_url=f"sqlite:///{path}") as service:
        assert service.client.post("/route", json={"step": {"text": "x"}}).status_code == 200
        assert service.client.get("/decisions/d-0").status_code in (404, 503)
        assert service.client.delete("/tasks/t").status_code in (200, 503)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as service:
        yield service


def new_outcomes(service: Service) -> float:
    """How many the service has stored so far."""
    found = re.findall(r'^tierwise_outcomes_total\{result="new"\} (.+)$', service.client.get("/metrics").text, re.M)
    return float(found[0]) if found else 0.0


BAD_LINES = (b"", b"   ", b"{}{}", b'{"a":1},{"b":2}', b"null", b"[" * 5_000, b"\xff\xfe")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BAD_LINES)))
def test_a_bad_line_in_an_abandoned_spool_blocks_nothing(service: Service, tmp_path: Path, number: int) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    names = [f"{number}-{i}" for i in range(2)]
    good = [
        json.dumps({"decision_id": f"d-{name}", "tier": "small", "idempotency_key": name}).encode() for name in names
    ]
    (spool / "outcomes-1-abc.jsonl").write_bytes(b"\n".join([good[0], BAD_LINES[number], good[1], b""]))
    with Client(service.address, spool=spool) as client:
        decision = client.route(text="x")
        before = new_outcomes(service)
        client.outcome(decision, success=True)
        assert client.flush(10)
        assert client.counts.delivered == 1
    assert new_outcomes(service) == before + 3
