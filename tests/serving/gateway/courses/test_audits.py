"""Audits in the gateway: logged, counted when they fail, and read from the log by every service on it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving.gateway.courses.test_courses import CHAT, body
from tests.serving.gateway.scripted_models import TIERS, Models
from tierwise.data.decision_log import DecisionLog
from tierwise.router_model.monitor.evidence import audit_of

WATCHED = {"courses": True, "audit_share": 1.0, "audit_usd_per_day": 100.0}
SOON = {"promise_seconds": 0.02, "promise_settle_seconds": 0.0}


@pytest.mark.slow
def test_audits_are_logged_and_a_tier_that_degrades_ends_courses_here_there_and_after_a_restart(
    start: Any, answered: Any, tiers: Path, models: Models, stored: Any
) -> None:
    models.says["frontier"] = "7"
    app, other = (start(answered, tiers=tiers, **WATCHED, **SOON) for _ in range(2))
    response = app.post(CHAT, json=body())
    outcomes = stored(app, response.headers["x-tierwise-decision-id"], 3)["outcomes"]
    (audit,) = [each for each in outcomes if each["tier"] == "frontier"]
    assert (audit["mirror"], audit["audit"], audit["is_same"], audit["p_audit"]) == (True, True, True, 1.0)
    models.says["frontier"] = "812"
    for _ in range(500):  # a look between a decision and its outcomes misses the audit
        response = app.post(CHAT, json=body())
        if "x-tierwise-course" not in response.headers:
            break
        stored(app, response.headers["x-tierwise-decision-id"], 3)
    again = start(answered, tiers=tiers, **WATCHED, **SOON)
    for each in (app, other, again):
        assert _until(lambda each=each: "tierwise_audit_alarm 1.0" in each.get("/metrics").text)
        assert "x-tierwise-course" not in each.post(CHAT, json=body()).headers
    page = app.get("/dashboard/quality", headers={"host": "localhost"}).text
    assert "Do accepted answers stay the top tier's?" in page
    assert "courses broken" in app.get("/dashboard/routers", headers={"host": "localhost"}).text


def test_an_audit_that_the_top_tier_does_not_answer_is_logged_and_counts_as_different(
    start: Any, answered: Any, tiers: Path, models: Models, stored: Any, tmp_path: Path
) -> None:
    models.says["frontier"] = lambda _: (503, {"error": {"message": "overloaded"}})
    app = start(answered, tiers=tiers, **WATCHED)
    stored(app, app.post(CHAT, json=body()).headers["x-tierwise-decision-id"], 3)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
    audit = audit_of(step, TIERS)
    assert audit is not None
    assert (audit.error, audit.extra["is_same"], audit.cost_usd) == ("status_503", None, None)
    assert 'tierwise_audits_total{result="failed"} 1.0' in app.get("/metrics").text


def _until(holds: Callable[[], bool]) -> bool:
    for _ in range(2400):
        if holds():
            return True
        time.sleep(0.025)
    return False
