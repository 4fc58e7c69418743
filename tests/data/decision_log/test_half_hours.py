"""Pages that are added up from half-hours show exactly what the rows say, whatever changes when."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from benchmarks.decision_log.rows import TIERS, TOP_TIER, fill
from benchmarks.decision_log.sqlite_rows import fill_sqlite
from tests.data.decision_log.conftest import NOW
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log.engine import parse_url
from tierwise.data.decision_log.half_hours import coverage as covering
from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.half_hours.tables import ROLLED_VALUES, SLOT_SECONDS
from tierwise.data.decision_log.views import routers, search, tasks, totals
from tierwise.data.decision_log.views.settled import FAILED, SUCCEEDED, UNKNOWN, Wanted
from tierwise.data.records import Outcome

HOURS = 3_600.0
START = NOW - 12 * HOURS
PERIOD = Wanted(NOW - 10.3 * HOURS, 1e11)
MakeRecord = Callable[..., DecisionRecord]
MakeOutcome = Callable[..., Outcome]


@pytest.fixture
def log(url: str) -> Iterator[DecisionLog]:
    """Twelve hours of 2,400 decisions, all half-hours that are over added up. Tasks of eight last a minute or more."""
    DecisionLog.open(url).close()
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        list((fill_sqlite if engine.dialect.name == "sqlite" else fill)(connection, 2_400, START, NOW))
    engine.dispose()
    with DecisionLog.open(url, timeout_seconds=10, clock=lambda: NOW) as log:
        while log.roll_up(TOP_TIER):
            pass
        yield log


def views(log: DecisionLog, wanted: Wanted) -> dict[str, Any]:
    """Everything that is added up, with floating sums to nine figures."""
    found = {
        "totals": log.ask(partial(totals.totals, wanted=wanted, top_tier=TOP_TIER)),
        "timeline": log.ask(partial(totals.timeline, wanted=wanted, top_tier=TOP_TIER, slot_seconds=14_400)),
        "promises": log.ask(partial(routers.promises, wanted=wanted, tiers=TIERS, slot_seconds=3_600)),
        "of_one": log.ask(
            partial(
                routers.promises, wanted=Wanted(0.0, 1e11, router_version="router-1"), tiers=TIERS, slot_seconds=1_800
            )
        ),
        "routers": log.ask(partial(routers.find_routers, wanted=wanted)),
        "facets": log.ask(partial(search.distinct_values, wanted=wanted, columns=ROLLED_VALUES)),
        "reasons": log.ask(partial(search.count_values, wanted=wanted, column="reason_code")),
        "tasks": log.ask(partial(tasks.count_tasks, wanted=wanted)),
        "arm": log.ask(
            partial(totals.totals, wanted=replace(wanted, experiment="trial", arm="learned"), top_tier=TOP_TIER)
        ),
        "failures": log.ask(partial(tasks.first_failures, wanted=wanted)),
        **{
            result: log.ask(partial(search.count_found, wanted=wanted.with_result(result)))
            for result in (SUCCEEDED, FAILED, UNKNOWN)
        },
    }
    return {name: _rounded(value) for name, value in found.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: sorted(each) if isinstance(each, list) else each for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return _rounded(astuple(value)) if hasattr(value, "__dataclass_fields__") else value


def plain(log: DecisionLog, wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The same from the rows alone."""
    with monkeypatch.context() as patched:
        for module in (totals, search, tasks, routers):
            patched.setattr(module, "coverage", lambda _connection, wanted, *_: Coverage((), (wanted,)))
        return views(log, wanted)


def cover(log: DecisionLog, wanted: Wanted = PERIOD) -> Coverage:
    return log.ask(lambda connection: coverage(connection, wanted, TOP_TIER))


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [PERIOD, Wanted(0.0, 1e11), Wanted(START + 60, NOW - 5 * HOURS)])
def test_sums_of_half_hours_are_what_the_rows_say(
    log: DecisionLog, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(cover(log, wanted).rolled) == 1
    assert views(log, wanted) == plain(log, wanted, monkeypatch)


@pytest.mark.slow
def test_what_changes_is_read_from_its_rows_until_it_is_added_up_again(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = {"created_at": NOW - 4 * HOURS}
    log.record_decisions([record("new", task_id="t-201", **late), record("alone", **late)])
    log.record_outcomes([outcome("new", "small", False), outcome("new", "frontier", True)])
    log.record_outcomes([outcome("alone", "small", False)])
    log.delete_task("t-100")
    assert len(cover(log).rolled) >= 3
    changed = views(log, PERIOD)
    assert changed == plain(log, PERIOD, monkeypatch)
    assert log.roll_up(TOP_TIER) >= 2
    assert len(cover(log).rolled) == 1
    assert views(log, PERIOD) == changed


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite lets one write at a time
def test_a_report_that_is_under_way_while_its_half_hour_is_added_up_is_not_forgotten(
    log: DecisionLog, url: str, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, has_written, may_commit = NOW - 4 * HOURS, threading.Event(), threading.Event()

    def write() -> None:
        with DecisionLog.open(url, clock=lambda: NOW) as own, own._writing() as connection:
            from tierwise.data.decision_log.writing.insert import insert_decisions

            insert_decisions(connection, [record("slow", created_at=late)], NOW)
            has_written.set()
            may_commit.wait(10)

    writer = threading.Thread(target=write)
    writer.start()
    assert has_written.wait(10)
    log.ask(lambda connection: connection.execute(text("DELETE FROM slots_rolled")) and connection.commit())
    while log.roll_up(TOP_TIER):
        pass
    assert len(cover(log).rolled) == 1
    may_commit.set()
    writer.join()
    assert int(late // SLOT_SECONDS) not in {slot for a, b in cover(log).rolled for slot in range(a, b)}
    assert views(log, PERIOD) == plain(log, PERIOD, monkeypatch)


@pytest.mark.slow
def test_sums_against_another_top_tier_do_not_count(log: DecisionLog) -> None:
    assert log.ask(lambda connection: coverage(connection, PERIOD, "mid")).rolled == ()
    assert log.roll_up("mid") > 0


@pytest.mark.slow
def test_sums_of_other_definitions_do_not_count_and_are_made_anew(
    log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_rolled = sum(last - first for first, last in cover(log).rolled)
    spoil = "UPDATE slot_sums SET n = n + 7; UPDATE slots_rolled SET definitions = 0"
    for statement in spoil.split("; "):
        log.ask(lambda connection, asked=statement: connection.execute(text(asked)) and connection.commit())
    assert cover(log).rolled == ()
    assert views(log, PERIOD) == plain(log, PERIOD, monkeypatch)
    while log.roll_up(TOP_TIER):
        pass
    assert sum(last - first for first, last in cover(log).rolled) == n_rolled
    assert views(log, PERIOD) == plain(log, PERIOD, monkeypatch)


@pytest.mark.slow
def test_pruning_leaves_no_sums_behind(log: DecisionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.prune(NOW - 6.2 * HOURS)
    assert views(log, PERIOD) == plain(log, PERIOD, monkeypatch)
    assert min(first for first, _ in cover(log).rolled) > (NOW - 6.2 * HOURS) // SLOT_SECONDS


def test_a_period_in_too_many_pieces_is_read_from_its_rows(log: DecisionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "MAX_STRETCHES", 0)
    assert cover(log) == Coverage((), (PERIOD,))
