"""What PostgreSQL's partitions must not change, and what they are there for."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.data.decision_log.conftest import NOW
from tierwise.data.decision_log import DecisionLog, DecisionRecord, DeletedCounts
from tierwise.data.decision_log import partitions as weeks
from tierwise.data.decision_log.engine import parse_url
from tierwise.data.decision_log.partitions import WEEK_SECONDS, Week, partitions_of
from tierwise.data.records import Outcome

MakeRecord = Callable[..., DecisionRecord]
MakeOutcome = Callable[..., Outcome]


@pytest.fixture
def log(postgres_url: str) -> Iterator[DecisionLog]:
    with DecisionLog.open(postgres_url, timeout_seconds=1.0, clock=lambda: NOW) as log:
        yield log


@pytest.fixture
def other(postgres_url: str) -> Iterator[Connection]:
    """Somebody else's connection to the same database."""
    engine = create_engine(parse_url(postgres_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def places(connection: Connection, table: str = "decisions") -> dict[str, str]:
    """The partition in which each row lies, by its decision id."""
    found = connection.execute(text(f"SELECT decision_id, tableoid::regclass::text FROM {table}"))
    return {row[0]: row[1] for row in found}


def test_rows_lie_in_their_week_and_the_next_one_is_made_ahead(
    log: DecisionLog, other: Connection, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record("now"), record("before", created_at=NOW - 3 * WEEK_SECONDS)])
    log.record_outcomes([outcome("now"), outcome("before")])
    of_now, of_before = Week.of(NOW), Week.of(NOW - 3 * WEEK_SECONDS)
    for table in ("decisions", "outcomes"):
        assert places(other, table) == {"now": of_now.partition(table), "before": of_before.partition(table)}
        assert Week(of_now.end).partition(table) in partitions_of(other, table)


def test_an_id_is_unique_over_all_weeks(log: DecisionLog, record: MakeRecord) -> None:
    assert log.record_decisions([record("a"), record("a", created_at=NOW - WEEK_SECONDS)]) == 1
    assert log.record_decisions([record("a", created_at=NOW - 2 * WEEK_SECONDS)]) == 0
    stored = log.get_decision("a")
    assert stored is not None
    assert stored.record.created_at == NOW


def test_an_outcome_that_came_before_its_decision_joins_it_and_still_counts_once(
    log: DecisionLog, other: Connection, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_outcomes([outcome("a", idempotency_key="k")])
    log.record_decisions([record("a", created_at=NOW - WEEK_SECONDS)])
    (receipt,) = log.record_outcomes([outcome("a", idempotency_key="k")])
    assert not receipt.is_new
    assert places(other, "outcomes") == {"a": Week.of(NOW - WEEK_SECONDS).partition("outcomes")}
    assert [len(step.attempts) for step in log.logged_steps()] == [1]


def test_moments_that_nobody_expects_make_no_partitions(
    log: DecisionLog, other: Connection, record: MakeRecord
) -> None:
    moments = [NOW + n * 100 * WEEK_SECONDS for n in range(-20, 21) if n]
    log.record_decisions([record(f"d-{moment}", created_at=moment) for moment in moments])
    assert len(partitions_of(other, "decisions")) == 3
    assert set(places(other).values()) == {"decisions_default"}
    assert log.prune(before=NOW) == DeletedCounts(20, 0)


def test_pruning_drops_whole_weeks_and_forgets_their_keys(
    log: DecisionLog, other: Connection, record: MakeRecord, outcome: MakeOutcome
) -> None:
    names = {f"d-{age}": record(f"d-{age}", created_at=NOW - age * WEEK_SECONDS) for age in (0, 1, 2, 5)}
    log.record_decisions(list(names.values()))
    log.record_outcomes([outcome(name) for name in names])
    assert log.prune(before=NOW - 1.5 * WEEK_SECONDS) == DeletedCounts(2, 2)
    assert set(places(other)) == {"d-0", "d-1"}
    assert Week.of(NOW - 5 * WEEK_SECONDS).partition("decisions") not in partitions_of(other, "decisions")
    assert other.execute(text("SELECT count(*) FROM decision_keys")).scalar_one() == 2
    (receipt,) = log.record_outcomes([outcome("d-5")])
    assert receipt.is_unknown
    assert log.record_decisions([record("again", created_at=NOW - 5 * WEEK_SECONDS)]) == 1


def test_where_a_week_cannot_be_made_the_rows_are_kept_and_move_there_later(
    log: DecisionLog, other: Connection, record: MakeRecord, outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.execute(text("LOCK TABLE decisions_default IN ACCESS SHARE MODE"))  # as a long report has it
    assert log.record_decisions([record("a")]) == 1
    assert log.record_outcomes([outcome("a")])[0].is_unknown is False
    assert places(other) == {"a": "decisions_default"}
    other.rollback()
    monkeypatch.setattr(weeks.time, "monotonic", lambda: 1e12)
    log.record_decisions([record("b")])
    assert set(places(other).values()) == {Week.of(NOW).partition("decisions")}
    assert set(places(other, "outcomes").values()) == {Week.of(NOW).partition("outcomes")}


def test_an_outcome_waits_for_a_deletion_of_its_task(
    log: DecisionLog, other: Connection, record: MakeRecord, outcome: MakeOutcome
) -> None:
    """Who adds outcomes holds the key of the decision; a deletion waits for it, and the other way round."""
    log.record_decisions([record("a", task_id="t")])
    other.execute(text("SELECT FROM decision_keys WHERE decision_id = 'a' FOR UPDATE"))
    with pytest.raises(Exception, match="timeout"):
        log.delete_task("t")
    with pytest.raises(Exception, match="timeout"):
        log.record_outcomes([outcome("a")])
    other.rollback()
    assert log.delete_task("t") == DeletedCounts(1, 0)
    assert log.record_outcomes([outcome("a")])[0].is_unknown


def test_a_reader_that_loses_a_deadlock_is_asked_again(
    postgres_url: str, other: Connection, record: MakeRecord
) -> None:
    """Somebody has outcomes and wants decisions, as in making a week; the reader has decisions and wants outcomes."""
    with DecisionLog.open(postgres_url, timeout_seconds=60) as log:
        log.record_decisions([record("a")])
        other.execute(text("SET deadlock_timeout = '60s'"))  # the reader looks first, and is the one that loses
        other.execute(text("LOCK TABLE outcomes IN ACCESS EXCLUSIVE MODE"))
        reads, tries, found = threading.Event(), [], []

        def question(connection: Connection) -> int:
            tries.append(1)
            n = int(connection.scalar(text("SELECT count(*) FROM decisions")) or 0)
            reads.set()
            return n + int(connection.scalar(text("SELECT count(*) FROM outcomes")) or 0)

        reader = threading.Thread(target=lambda: found.append(log.ask(question)))
        reader.start()
        assert reads.wait(60)
        other.execute(text("LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE"))
        other.rollback()
        reader.join(60)
    assert (found, len(tries)) == ([1], 2)
