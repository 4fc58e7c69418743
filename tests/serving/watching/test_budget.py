"""Budgets: each level of a day and a month is alarmed once, and a webhook that is away stops nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.conftest import Reply, Stub
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Attempt, Outcome
from tierwise.serving.watching.budget import ALARM_ACTION, BudgetWatcher, spendings

NOON = 1_798_761_600.0 + 43_200  # 2027-01-01 12:00 UTC


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[DecisionLog]:
    with DecisionLog.open(f"sqlite:///{tmp_path}/log.db", clock=clock) as opened:
        yield opened


@pytest.fixture
def hook() -> Iterator[Stub]:
    with Stub(lambda *_: Reply({})) as server:
        yield server


def spend(log: DecisionLog, usd: float) -> None:
    log.record_outcomes([Outcome(f"d-{usd}", Attempt("small", cost_usd=usd))])


def test_each_level_is_alarmed_once(log: DecisionLog, hook: Stub, clock: Clock) -> None:
    watcher = BudgetWatcher(lambda: log, 10.0, 100.0, hook.address + "/alarm", clock)
    for usd, n_alarms in ((7.9, 0), (0.2, 1), (0.5, 1), (2.0, 2), (5.0, 2)):
        spend(log, usd)
        watcher.look()
        watcher.look()
        assert len(hook.requests) == n_alarms, f"after {usd}"
    path, first = hook.requests[0]
    assert (path, first["span"], first["name"], first["level"]) == ("/alarm", "day", "2027-01-01", 0.8)
    assert first["text"] == "8.10 of 10 USD are spent, 81% of the day's budget"
    assert hook.requests[1][1]["level"] == 1.0
    assert json.dumps([entry.subject for entry in log.audit() if entry.action == ALARM_ACTION])


def test_another_process_does_not_repeat_it(log: DecisionLog, hook: Stub, clock: Clock) -> None:
    spend(log, 11.0)
    for _ in range(2):
        BudgetWatcher(lambda: log, 10.0, 0.0, hook.address, clock).look()
    assert [alarm["level"] for _, alarm in hook.requests] == [1.0]


def test_a_new_day_begins_with_nothing_and_the_month_goes_on(log: DecisionLog, clock: Clock) -> None:
    spend(log, 9.0)
    clock.now += 86_400
    spend(log, 1.0)
    day, month = spendings(log, 10.0, 100.0, clock.now)
    assert (day.name, day.spent_usd, day.level) == ("2027-01-02", 1.0, None)
    assert (month.name, month.spent_usd, month.share) == ("2027-01", 10.0, 0.1)


def test_a_webhook_that_is_away_costs_one_line_and_no_second_alarm(
    log: DecisionLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    spend(log, 11.0)
    watcher = BudgetWatcher(lambda: log, 10.0, 0.0, "http://127.0.0.1:1/", clock)
    watcher.look()
    watcher.look()
    assert caplog.text.count("the alarm could not be sent") == 1


def test_without_a_budget_or_a_log_nothing_happens(clock: Clock) -> None:
    BudgetWatcher(lambda: None, 10.0, 0.0, None, clock).look()
    watcher = BudgetWatcher(lambda: None, 0.0, 0.0, None, clock)
    watcher.start()
    assert not watcher._thread.is_alive()
