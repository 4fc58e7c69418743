"""Retention: what is older than the configured days goes, the rest stays."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Decision, Reason, Step
from tierwise.serving.recording import retention
from tierwise.serving.recording.retention import DAY_SECONDS, Retention

NOW = 1_800_000_000.0


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        yield log


def decided(decision_id: str, at: float) -> DecisionRecord:
    decision = Decision("small", "rules", "rules-1", Reason("rule_default", ""))
    return DecisionRecord(decision_id, Step("a"), decision, at)


def test_only_what_is_too_old_goes(log: DecisionLog) -> None:
    log.record_decisions([decided("old", NOW - 31 * DAY_SECONDS), decided("new", NOW - 29 * DAY_SECONDS)])
    assert Retention(lambda: log, 30, lambda: NOW).prune()
    assert [step.step_id for step in log.logged_steps()] == ["new"]


def test_a_log_that_is_not_open_is_asked_again() -> None:
    assert not Retention(lambda: None, 30).prune()


def test_the_service_prunes_by_itself(
    start: Callable[..., TestClient], log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FIRST_PAUSE_SECONDS", 0.02)
    log.record_decisions([decided("old", time.time() - 2 * DAY_SECONDS), decided("new", time.time())])
    start(retention_days=1)
    for _ in range(6000):
        if log.count_decisions() == 1:
            break
        time.sleep(0.01)
    assert [step.step_id for step in log.logged_steps()] == ["new"]
