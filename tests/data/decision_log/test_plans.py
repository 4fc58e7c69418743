"""The plans that PostgreSQL makes for the real questions: partitions of the period and no others, through indexes."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import md5
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from benchmarks.decision_log.rows import TIERS, TOP_TIER, fill
from tests.data.decision_log.conftest import NOW
from tierwise.data.decision_log import DecisionLog
from tierwise.data.decision_log.engine import parse_url
from tierwise.data.decision_log.partitions import WEEK_SECONDS, Week
from tierwise.data.decision_log.views import routers, search, tasks, totals
from tierwise.data.decision_log.views.settled import FAILED, Wanted

N_WEEKS = 6
N_DECISIONS = 30_000
LAST_HOUR = Wanted(NOW - 3_600, 1e11)
ONE_ID = f"d-{29_000:012x}{md5(b'29000').hexdigest()}"

Ask = Callable[[DecisionLog], object]
VIEWS: dict[str, Ask] = {
    "totals": lambda log: log.ask(partial(totals.totals, wanted=LAST_HOUR, top_tier=TOP_TIER)),
    "timeline": lambda log: log.ask(partial(totals.timeline, wanted=LAST_HOUR, top_tier=TOP_TIER, slot_seconds=120)),
    "promises": lambda log: log.ask(partial(routers.promises, wanted=LAST_HOUR, tiers=TIERS, slot_seconds=120)),
    "find_routers": lambda log: log.ask(partial(routers.find_routers, wanted=LAST_HOUR)),
    "find_decisions": lambda log: log.ask(partial(search.find_decisions, wanted=LAST_HOUR, page=0)),
    "find_failed": lambda log: log.ask(partial(search.find_decisions, wanted=LAST_HOUR.with_result(FAILED), page=0)),
    "count_found": lambda log: log.ask(partial(search.count_found, wanted=LAST_HOUR)),
    "recent_sample": lambda log: log.ask(partial(search.recent_sample, wanted=LAST_HOUR)),
    "distinct_values": lambda log: log.ask(partial(search.distinct_values, wanted=LAST_HOUR, columns=("agent",))),
    "count_values": lambda log: log.ask(partial(search.count_values, wanted=LAST_HOUR, column="reason_code")),
    "find_tasks": lambda log: log.ask(partial(tasks.find_tasks, wanted=LAST_HOUR, page=0, only_failed=False)),
    "count_tasks": lambda log: log.ask(partial(tasks.count_tasks, wanted=LAST_HOUR)),
    "first_failures": lambda log: log.ask(partial(tasks.first_failures, wanted=LAST_HOUR)),
    "retraining": lambda log: next(log.logged_steps(since=NOW - 3_600)),
}
BY_ID: dict[str, Ask] = {
    "read_task": lambda log: log.ask(partial(tasks.read_task, task_id="t-3000")),
    "has_session": lambda log: log.ask(partial(search.has_session, session_id="u-700")),
    "get_decision": lambda log: log.get_decision(ONE_ID),
    "newest": lambda log: log.ask(partial(search.find_decisions, wanted=Wanted(0.0, 1e11), page=0)),
    "training": lambda log: [step for step, _ in zip(log.logged_steps(), range(1_000), strict=False)],
}


@pytest.fixture(scope="module")
def filled_url(postgres_database: str) -> Iterator[str]:
    """Six weeks of decisions in a database of their own; nothing changes them."""
    import psycopg

    url = f"{postgres_database}_plans"
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {url.rpartition('/')[2]}")
        DecisionLog.open(url).close()
        engine = create_engine(parse_url(url))
        with engine.connect() as filling:
            assert list(fill(filling, N_DECISIONS, NOW - N_WEEKS * WEEK_SECONDS, NOW)) == [N_DECISIONS]
            filling.execute(text("ANALYZE"))
            filling.commit()
        engine.dispose()
        yield url
        connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture(scope="module")
def log(filled_url: str) -> Iterator[DecisionLog]:
    with DecisionLog.open(filled_url, clock=lambda: NOW) as log:
        yield log


def scans(log: DecisionLog, ask: Ask) -> list[dict[str, Any]]:
    """Every scan of a table in the plans of the statements that ``ask`` really sends."""
    asked: list[tuple[str, Any]] = []
    found: list[dict[str, Any]] = []

    def note(_connection: object, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
        found.extend(_scans(cursor.fetchone()[0][0]["Plan"]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask(log)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert asked
    return found


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in node:
        yield node
    for child in node.get("Plans", ()):
        yield from _scans(child)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_of_a_period_reads_its_weeks_alone_and_none_of_them_whole(log: DecisionLog, name: str) -> None:
    found = scans(log, VIEWS[name])
    earlier = [Week(Week.of(NOW).start - n * WEEK_SECONDS) for n in range(1, N_WEEKS + 1)]
    closed = {week.partition(table) for week in earlier for table in ("decisions", "outcomes")}
    full = {Week.of(NOW).partition(table) for table in ("decisions", "outcomes")}
    assert full & {scan["Relation Name"] for scan in found}
    assert not closed & {scan["Relation Name"] for scan in found}
    assert not full & {scan["Relation Name"] for scan in found if scan["Node Type"] == "Seq Scan"}


@pytest.mark.parametrize("name", BY_ID)
def test_what_is_asked_by_id_or_in_order_reads_no_week_whole(log: DecisionLog, name: str) -> None:
    whole = {scan["Relation Name"] for scan in scans(log, BY_ID[name]) if scan["Node Type"] == "Seq Scan"}
    assert not {relation for relation in whole if "_w" in relation and not _is_empty(log, relation)}


def test_one_decision_is_looked_for_in_its_week_alone(log: DecisionLog) -> None:
    found = [scan for scan in scans(log, BY_ID["get_decision"]) if scan["Relation Name"].startswith("outcomes")]
    assert len(found) == 1
    assert log.get_decision(ONE_ID) is not None


def _is_empty(log: DecisionLog, relation: str) -> bool:
    return log.ask(lambda connection: connection.execute(text(f"SELECT FROM {relation} LIMIT 1")).first()) is None
