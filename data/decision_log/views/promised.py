"""What a router version decided and what came of it, without the steps: what the watch over its promise reads."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from tierwise.data.decision_log.reading.stream import attempts_of
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.texts import storable
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step

PAGE_ROWS = 500

_D = DECISIONS.c
_READ = (
    _D.seq, _D.decision_id, _D.task_id, _D.created_at, _D.tier, _D.policy, _D.arm, _D.propensity, _D.p_success,
    _D.reason_code, _D.reason_text, _D.is_fallback, _D.experiment, _D.task_type, _D.agent, _D.node,
)  # fmt: skip


class Place(NamedTuple):
    """Where reading stopped: the time and the number of the last decision read."""

    created_at: float
    seq: int


START = Place(0.0, 0)
"""Before the first decision."""


def promised_steps(
    connection: Connection, router_version: str, after: Place, until: float
) -> tuple[list[LoggedStep], Place | None]:
    """The next page of decisions of one version made before ``until``, oldest first; and where the next one
    begins, None after the last. Their steps hold what parts go by, and nothing else."""
    follows = or_(_D.created_at > after.created_at, _D.seq > after.seq)
    query = select(*_READ).where(
        _D.created_at >= after.created_at,
        _D.created_at < until,
        follows,
        _D.router_version == storable(router_version),
    )
    rows = connection.execute(query.order_by(_D.created_at, _D.seq).limit(PAGE_ROWS)).all()
    if not rows:
        return [], None
    attempts = attempts_of(connection, {row.decision_id: row.created_at for row in rows})
    steps = [_logged(row, attempts.get(row.decision_id, [])) for row in rows]
    return steps, Place(rows[-1].created_at, rows[-1].seq)


def _logged(row: Any, attempts: list[Attempt]) -> LoggedStep:
    extra = {
        "p_success": row.p_success,
        "fallback": row.is_fallback,
        "experiment": row.experiment,
        "reason_code": row.reason_code,
        "reason_text": row.reason_text,
    }
    decision = LoggedDecision(row.decision_id, row.tier, row.policy, row.arm, row.propensity, extra=extra)
    step = Step(task_type=row.task_type, agent=row.agent, node=row.node)
    return LoggedStep(row.decision_id, step, tuple(attempts), row.task_id, timestamp=row.created_at, decision=decision)
