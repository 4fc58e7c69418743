"""One decision by its id, and the outcomes that wait for theirs."""

from sqlalchemy import ColumnElement, Connection, func, select

from tierwise.data.decision_log.partitions import is_partitioned
from tierwise.data.decision_log.reading.within import outcomes_of
from tierwise.data.decision_log.records import StoredDecision
from tierwise.data.decision_log.rows import decision_record, stored_outcome
from tierwise.data.decision_log.tables import DECISION_KEYS, DECISIONS, OUTCOMES


def find_decision(connection: Connection, decision_id: str) -> StoredDecision | None:
    """A decision with its outcomes in the order in which they were reported, None when it is not there."""
    query = select(DECISIONS).where(DECISIONS.c.decision_id == decision_id, *_place_of(connection, decision_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    found = select(OUTCOMES).where(*outcomes_of(connection, [decision_id], [row.created_at])).order_by(OUTCOMES.c.seq)
    return StoredDecision(decision_record(row), tuple(stored_outcome(each) for each in connection.execute(found)))


def count_orphans(connection: Connection) -> int:
    """How many outcomes wait for a decision that the log does not hold."""
    query = select(func.count()).select_from(OUTCOMES)
    if is_partitioned(connection):
        of_key = (DECISION_KEYS.c.decision_id == OUTCOMES.c.decision_id) & ~DECISION_KEYS.c.is_known
        query = query.join(DECISION_KEYS, of_key & (DECISION_KEYS.c.decided_at == OUTCOMES.c.decided_at))
    else:
        known = select(DECISIONS.c.seq).where(DECISIONS.c.decision_id == OUTCOMES.c.decision_id).exists()
        query = query.where(~known)
    return int(connection.execute(query).scalar_one())


def _place_of(connection: Connection, decision_id: str) -> list[ColumnElement[bool]]:
    """Where partitions are, the moment that says in which of them the decision lies."""
    if not is_partitioned(connection):
        return []
    place = select(DECISION_KEYS.c.decided_at).where(DECISION_KEYS.c.decision_id == decision_id)
    return [DECISIONS.c.created_at == place.scalar_subquery()]
