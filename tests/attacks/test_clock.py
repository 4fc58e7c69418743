"""The machine's clock jumps, ahead and back, while the service runs: nothing fails, nothing is lost, nothing counts twice."""

from pathlib import Path

import pytest

from tests.attacks.service import PAGES, Service, serving
from tierwise import Client
from tierwise.data.decision_log import DecisionLog

JUMPS_DAYS = (0, 2, -400, 36_500, -1, 0)
JUMPING_CLOCK = """
import time
from pathlib import Path
true = time.time
time.time = lambda: true() + 86_400 * float(Path("ahead").read_text())
"""


def set_ahead(folder: Path, days: float) -> None:
    making = folder / "making"
    making.write_text(str(days))
    making.rename(folder / "ahead")


def use(service: Service, number: int) -> str:
    """A decision with two outcomes, and every page."""
    answer = service.client.post("/route", json={"step": {"text": f"x{number}"}, "task_id": f"t-{number}"})
    assert answer.status_code == 200
    decision_id = str(answer.json()["decision_id"])
    for key, tier in (("a", "small"), ("b", "frontier"), ("a", "small")):
        outcome = {"decision_id": decision_id, "tier": tier, "success": True, "idempotency_key": f"{number}{key}"}
        assert service.client.post("/outcomes", json=outcome).status_code == 200
    found = {page: service.client.get(f"/dashboard{page}").status_code for page in PAGES}
    found |= {
        path: service.client.get(path).status_code for path in ("/metrics", "/readyz", f"/decisions/{decision_id}")
    }
    assert set(found.values()) == {200}, found
    return decision_id


@pytest.mark.slow
def test_a_clock_that_jumps_loses_nothing(tmp_path: Path, log_url: str) -> None:
    set_ahead(tmp_path, 0)
    with serving(tmp_path, before_all=JUMPING_CLOCK, log_url=log_url) as service:
        told = []
        with Client(service.address, spool=tmp_path / "spool") as client, service.watched():
            for number, days in enumerate(JUMPS_DAYS):
                set_ahead(tmp_path, days)
                told.append(use(service, number))
                decision = client.route(text="y")
                client.outcome(decision, success=True)
                told.append(decision.decision_id)
                assert client.flush(60)
        assert service.slowest < 2
        service.stop()
    with DecisionLog.open(log_url) as log:
        attempts = {step.decision.decision_id: len(step.attempts) for step in log.logged_steps() if step.decision}
    assert attempts == {name: 2 - number % 2 for number, name in enumerate(told)}
