"""Removing what was logged: by task, by session, by age."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, text

from tierwise.data.decision_log.half_hours.changes import note_changes
from tierwise.data.decision_log.half_hours.rolling import forget_before
from tierwise.data.decision_log.partitions import SPLIT_BY, Week, drop_partitions, is_partitioned
from tierwise.data.decision_log.reading.within import outcomes_of
from tierwise.data.decision_log.records import DeletedCounts
from tierwise.data.decision_log.tables import DECISION_KEYS, DECISIONS, OUTCOMES

_ADVISORY_LOCK = 7_403_115_290
_NONE = DeletedCounts(0, 0)


def delete_decisions(connection: Connection, which: ColumnElement[bool], now: float) -> DeletedCounts:
    """Removes the decisions of a condition with their outcomes."""
    if not is_partitioned(connection):
        note_changes(connection, connection.scalars(select(DECISIONS.c.created_at).where(which)).all(), now)
        doomed = OUTCOMES.c.decision_id.in_(select(DECISIONS.c.decision_id).where(which))
        return _deleted(connection, delete(OUTCOMES).where(doomed), delete(DECISIONS).where(which))
    found = connection.execute(select(DECISIONS.c.decision_id, DECISIONS.c.created_at).where(which)).all()
    if not found:
        return _NONE
    ids, times = [row.decision_id for row in found], [row.created_at for row in found]
    keys = DECISION_KEYS.c.decision_id
    # Who adds outcomes holds the keys: wait for them, so that none is left behind.
    connection.execute(select(keys).where(keys.in_(ids)).order_by(keys).with_for_update())
    of_outcomes = outcomes_of(connection, ids, times)
    of_decisions = DECISIONS.c.decision_id.in_(ids), DECISIONS.c.created_at.between(min(times), max(times))
    counts = _deleted(connection, delete(OUTCOMES).where(*of_outcomes), delete(DECISIONS).where(*of_decisions))
    connection.execute(delete(DECISION_KEYS).where(keys.in_(ids)))
    note_changes(connection, times, now)
    return counts


def delete_before(connection: Connection, before: float) -> DeletedCounts:
    """Removes decisions made before ``before``, their outcomes, and as old outcomes of unknown decisions."""
    if is_partitioned(connection):
        return _drop_before(connection, before)
    known = select(DECISIONS.c.seq).where(DECISIONS.c.decision_id == OUTCOMES.c.decision_id).exists()
    orphans = (OUTCOMES.c.received_at < before) & ~known
    is_old = DECISIONS.c.created_at < before
    doomed = OUTCOMES.c.decision_id.in_(select(DECISIONS.c.decision_id).where(is_old))
    forget_before(connection, before)
    return _deleted(connection, delete(OUTCOMES).where(doomed | orphans), delete(DECISIONS).where(is_old))


def _drop_before(connection: Connection, before: float) -> DeletedCounts:
    """Whole weeks go as partitions, the rest row by row. Nothing is removed here while another process does it."""
    free = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}).scalar_one()
    if not free:
        return _NONE
    connection.execute(text("SET LOCAL statement_timeout = 0"))  # a log that was never pruned takes a while
    connection.execute(delete(DECISION_KEYS).where(DECISION_KEYS.c.decided_at < before))
    forget_before(connection, before)
    n_rows = drop_partitions(connection, before)
    for table, column in SPLIT_BY.items():
        of_week = f"DELETE FROM {table} WHERE {column} >= :start AND {column} < :before"
        n_rows[table] += connection.execute(text(of_week), {"start": Week.of(before).start, "before": before}).rowcount
        unexpected = text(f"DELETE FROM {table}_default WHERE {column} < :before")
        n_rows[table] += connection.execute(unexpected, {"before": before}).rowcount
    return DeletedCounts(n_rows["decisions"], n_rows["outcomes"])


def _deleted(connection: Connection, outcomes: Any, decisions: Any) -> DeletedCounts:
    n_outcomes = connection.execute(outcomes).rowcount
    return DeletedCounts(connection.execute(decisions).rowcount, n_outcomes)
