"""Adding rows, in chunks that stay below the databases' limits on parameters of one statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from tierwise.data.decision_log.records import DecisionRecord, OutcomeReceipt
from tierwise.data.decision_log.rows import decision_row, outcome_row
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.records import Outcome

CHUNK_ROWS = 500

_T = TypeVar("_T")


def insert_decisions(connection: Connection, batch: Sequence[DecisionRecord]) -> int:
    """Adds the decisions whose id is not there yet; returns how many."""
    if not batch:
        return 0
    rows = [decision_row(record) for record in batch]
    if connection.dialect.name != "sqlite":  # psycopg does not count the rows of many inserts
        return sum(len(_insert_new(connection, DECISIONS, chunk, ("decision_id",))) for chunk in chunks(rows))
    return int(connection.execute(_insert_unless_there(connection, DECISIONS, ("decision_id",)), rows).rowcount)


def insert_outcomes(connection: Connection, batch: Sequence[Outcome], received_at: float) -> tuple[OutcomeReceipt, ...]:
    """Adds the outcomes whose key is not there yet; a receipt for each of the batch, in order."""
    receipts: list[OutcomeReceipt] = []
    for chunk in chunks([outcome_row(outcome, received_at) for outcome in batch]):
        receipts.extend(_insert_outcome_chunk(connection, chunk))
    return tuple(receipts)


def chunks(items: Sequence[_T]) -> Iterator[list[_T]]:
    """``items`` in lists of at most ``CHUNK_ROWS``."""
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        yield chunk


def _insert_outcome_chunk(connection: Connection, rows: list[dict[str, Any]]) -> list[OutcomeReceipt]:
    ids = {row["decision_id"] for row in rows}
    known = set(connection.scalars(select(DECISIONS.c.decision_id).where(DECISIONS.c.decision_id.in_(ids))))
    stored = _Stored.read(connection, ids)
    fresh = [row for row in rows if stored.note(row)]
    for row in fresh:
        row["was_unknown"] = row["decision_id"] not in known
    added = {tuple(key) for key in _insert_new(connection, OUTCOMES, fresh, ("decision_id", "idempotency_key"))}
    return [_receipt(row) if _key(row) in added and "was_unknown" in row else OutcomeReceipt(False) for row in rows]


@dataclass(slots=True)
class _Stored:
    """What the log already holds about some decisions: the keys, and the verdicts by decision and tier."""

    keys: set[tuple[str, str]]
    verdicts: dict[tuple[str, str], set[bool]]

    @classmethod
    def read(cls, connection: Connection, ids: set[str]) -> "_Stored":
        columns = (OUTCOMES.c.decision_id, OUTCOMES.c.idempotency_key, OUTCOMES.c.tier, OUTCOMES.c.success)
        stored = cls(set(), {})
        for row in connection.execute(select(*columns).where(OUTCOMES.c.decision_id.in_(ids))):
            stored.note(dict(row._mapping))
        return stored

    def note(self, row: dict[str, Any]) -> bool:
        """Whether the outcome is new; marks a new one that contradicts an earlier one."""
        if _key(row) in self.keys:
            return False
        self.keys.add(_key(row))
        success, earlier = row["success"], self.verdicts.setdefault((row["decision_id"], row["tier"]), set())
        row["was_contradictory"] = success is not None and (not success) in earlier
        if success is not None:
            earlier.add(success)
        return True


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["decision_id"], row["idempotency_key"]


def _receipt(row: dict[str, Any]) -> OutcomeReceipt:
    return OutcomeReceipt(True, is_unknown=row["was_unknown"], is_contradictory=row["was_contradictory"])


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]) -> list[Any]:
    """The keys of the rows that were added; rows whose key is taken stay as they were."""
    if not rows:
        return []
    statement = _insert_unless_there(connection, table, key)
    return list(connection.execute(statement.returning(*(table.c[name] for name in key)), rows))


def _insert_unless_there(connection: Connection, table: Table, key: tuple[str, ...]) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing(index_elements=key)
