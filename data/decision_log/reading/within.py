"""Which outcomes belong to which decisions, said so that PostgreSQL looks into their partitions and no other."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, FromClause

from tierwise.data.decision_log.partitions import is_partitioned
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES


def outcomes_of(
    connection: Connection, decision_ids: Collection[str], times: Collection[float]
) -> list[ColumnElement[bool]]:
    """The conditions on outcomes of decisions that were made at ``times``."""
    conditions: list[ColumnElement[bool]] = [OUTCOMES.c.decision_id.in_(decision_ids)]
    if is_partitioned(connection) and times:
        conditions.append(OUTCOMES.c.decided_at.between(min(times), max(times)))
    return conditions


def belong_together(
    connection: Connection,
    since: float,
    until: float,
    decisions: FromClause = DECISIONS,
    outcomes: FromClause = OUTCOMES,
) -> ColumnElement[bool]:
    """The condition that joins ``outcomes`` to ``decisions`` made from ``since`` to before ``until``."""
    is_same = outcomes.c.decision_id == decisions.c.decision_id
    if not is_partitioned(connection):
        return is_same
    at = outcomes.c.decided_at  # the database does not conclude its bounds from those of the decisions
    return is_same & (at == decisions.c.created_at) & (at >= since) & (at < until)
