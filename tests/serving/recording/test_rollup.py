"""The service adds the log up by itself, on every database."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog, DecisionRecord, LogUnavailableError
from tierwise.data.decision_log.half_hours.coverage import coverage
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.data.records import Decision, Reason, Step
from tierwise.serving.periodic import Periodic
from tierwise.serving.recording import rollup
from tierwise.serving.recording.rollup import Rollup


def test_a_log_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> DecisionLog:
        raise LogUnavailableError("away")

    assert Rollup(away, lambda: "frontier").roll_up() == 0
    assert "LogUnavailableError" in caplog.text


@pytest.mark.parametrize(("n_slots", "pause"), [(rollup.BATCH_SLOTS, 30.0), (rollup.BATCH_SLOTS - 1, 60.0), (0, 60.0)])
def test_a_long_log_is_added_up_with_rests_and_the_rest_once_a_minute(
    n_slots: int, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([100.0, 100.0 + 30.0 / rollup.REST])
    monkeypatch.setattr(rollup, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    work = Rollup(lambda: cast(DecisionLog, SimpleNamespace(roll_up=lambda *_: n_slots)), lambda: "frontier")
    assert work.work() == pytest.approx(pause)


def test_the_first_sums_come_soon_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float | None] = []
    monkeypatch.setattr(Periodic, "__init__", lambda _self, _name, first_pause: pauses.append(first_pause))
    Rollup(lambda: cast(DecisionLog, None), lambda: "frontier")
    assert pauses == [6.0]


def test_half_hours_are_added_up(
    start: Callable[..., TestClient], log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "PAUSE_SECONDS", 0.2)
    decision = Decision("small", "rules", "rules-1", Reason("rule_default", ""))
    with DecisionLog.open(log_url) as log:
        log.record_decisions([DecisionRecord("d-1", Step("a"), decision, time.time() - 7_200)])
        start(log_url=log_url)
        deadline = time.monotonic() + 60
        while not log.ask(lambda connection: coverage(connection, Wanted(0.0, 1e11), "frontier")).rolled:
            assert time.monotonic() < deadline, "nothing was added up"
            time.sleep(0.05)
