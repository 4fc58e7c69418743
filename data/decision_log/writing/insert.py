"""Adding rows, in chunks that stay below the databases' limits on parameters of one statement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select

from tierwise.data.decision_log.half_hours.changes import note_changes
from tierwise.data.decision_log.partitions import is_partitioned
from tierwise.data.decision_log.reading.within import outcomes_of
from tierwise.data.decision_log.records import DecisionRecord, OutcomeReceipt
from tierwise.data.decision_log.rows import decision_row, outcome_row
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.writing.copying import copy_rows
from tierwise.data.decision_log.writing.keys import claim_decisions, lock_decisions
from tierwise.data.decision_log.writing.late import without_late_ones
from tierwise.data.decision_log.writing.sqlite_rows import insert_rows
from tierwise.data.records import Outcome

CHUNK_ROWS = 500

_T = TypeVar("_T")


def insert_decisions(connection: Connection, batch: Sequence[DecisionRecord], now: float) -> int:
    """Adds the decisions whose id is not there yet; returns how many. A caller's own replaces a late one of ours."""
    if not batch:
        return 0
    rows = without_late_ones(connection, [decision_row(record) for record in batch], now)
    if not is_partitioned(connection):
        note_changes(connection, [row["created_at"] for row in rows], now)
        return insert_rows(connection, rows)
    n_new = 0
    for chunk in chunks(rows):
        new = claim_decisions(connection, chunk)
        copy_rows(connection, DECISIONS, new)
        note_changes(connection, [row["created_at"] for row in new], now)
        n_new += len(new)
    return n_new


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
    """Nobody else adds outcomes of these decisions meanwhile: SQLite lets one write, PostgreSQL has locked the keys."""
    ids = {row["decision_id"] for row in rows}
    times: list[float] = []
    made_at: dict[str, float] = {}
    if is_partitioned(connection):
        keys = lock_decisions(connection, ids, rows[0]["received_at"])
        known = {key.decision_id for key in keys if key.is_known}
        decided_at = {key.decision_id: key.decided_at for key in keys}
        times = list(decided_at.values())
        for row in rows:
            row["decided_at"] = decided_at[row["decision_id"]]
    else:
        found = select(DECISIONS.c.decision_id, DECISIONS.c.created_at).where(DECISIONS.c.decision_id.in_(ids))
        made_at = {row.decision_id: row.created_at for row in connection.execute(found)}
        known = set(made_at)
    stored = _Stored.read(connection, ids, times)
    fresh = [row for row in rows if stored.note(row)]
    for row in fresh:
        row["was_unknown"] = row["decision_id"] not in known
    _add_outcomes(connection, fresh, made_at)
    return [_receipt(row) if "was_unknown" in row else OutcomeReceipt(False) for row in rows]


def _add_outcomes(connection: Connection, rows: list[dict[str, Any]], made_at: Mapping[str, float]) -> None:
    """``made_at``: when the decisions were made, where the rows themselves do not say."""
    if not rows:
        return
    if is_partitioned(connection):
        copy_rows(connection, OUTCOMES, rows)
        moments = [row["decided_at"] for row in rows]
    else:
        connection.execute(insert(OUTCOMES), rows)
        moments = [made_at[row["decision_id"]] for row in rows if row["decision_id"] in made_at]
    note_changes(connection, moments, rows[0]["received_at"])


@dataclass(slots=True)
class _Stored:
    """What the log already holds about some decisions: the keys, and the verdicts by decision and tier."""

    keys: set[tuple[str, str]]
    verdicts: dict[tuple[str, str], set[bool]]

    @classmethod
    def read(cls, connection: Connection, ids: set[str], times: Sequence[float]) -> "_Stored":
        columns = (OUTCOMES.c.decision_id, OUTCOMES.c.idempotency_key, OUTCOMES.c.tier, OUTCOMES.c.success)
        stored = cls(set(), {})
        for row in connection.execute(select(*columns).where(*outcomes_of(connection, ids, times))):
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
