"""The keys that make decision ids unique over all partitions, and that serialise those who write about one decision.

A batch locks its keys in the order of the ids before it looks what is there. So two processes that are told the same
at the same time wait for each other, and the second finds what the first stored.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Double, Row, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from tierwise.data.decision_log.tables import DECISION_KEYS

_IDS = bindparam("ids", type_=ARRAY(Text))
_TIMES = bindparam("times", type_=ARRAY(Double))

# A decision that comes after its first outcome takes over the key that the outcome made.
_CLAIM = text(
    """
    INSERT INTO decision_keys AS k (decision_id, decided_at, is_known)
    SELECT id, at, true FROM unnest(:ids, :times) AS given (id, at) ORDER BY id
    ON CONFLICT (decision_id) DO UPDATE SET decided_at = excluded.decided_at, is_known = true WHERE NOT k.is_known
    RETURNING decision_id, xmax <> 0 AS was_awaited
    """
).bindparams(_IDS, _TIMES)

# The update that never happens is there for its lock.
_LOCK = text(
    """
    INSERT INTO decision_keys AS k (decision_id, decided_at, is_known)
    SELECT id, :now, false FROM unnest(:ids) AS given (id) ORDER BY id
    ON CONFLICT (decision_id) DO UPDATE SET is_known = k.is_known WHERE false
    """
).bindparams(_IDS)

_MOVE_OUTCOMES = text(
    """
    UPDATE outcomes SET decided_at = k.decided_at FROM decision_keys AS k
    WHERE k.decision_id = outcomes.decision_id AND k.decision_id = ANY(:ids)
    """
).bindparams(_IDS)


def claim_decisions(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose decision is not there yet, and which may now be added; outcomes that came first join them."""
    first = {row["decision_id"]: row for row in reversed(rows)}  # of an id given twice, the first
    given = {"ids": list(first), "times": [row["created_at"] for row in first.values()]}
    claimed = connection.execute(_CLAIM, given).all()
    awaited = [row.decision_id for row in claimed if row.was_awaited]
    if awaited:
        connection.execute(_MOVE_OUTCOMES, {"ids": awaited})
    new = {row.decision_id for row in claimed}
    return [row for row in rows if row["decision_id"] in new and row is first[row["decision_id"]]]


def lock_decisions(connection: Connection, decision_ids: Iterable[str], now: float) -> Sequence[Row[Any]]:
    """Locks the keys of decisions and returns them; unknown decisions get one, dated ``now``."""
    ids = list(decision_ids)
    connection.execute(_LOCK, {"ids": ids, "now": now})
    return connection.execute(select(DECISION_KEYS).where(DECISION_KEYS.c.decision_id.in_(ids))).all()
