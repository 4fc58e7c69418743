"""What mirroring cost, and what it showed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from tierwise.data.compared.mirrored import IS_SAME, MIRROR_KEY
from tierwise.data.decision_log.reading.stream import attempts_of
from tierwise.data.decision_log.rows import logged_step
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.writing.insert import chunks
from tierwise.data.records import LoggedStep

MAX_MIRRORED = 5_000
MAX_LABELLED = 2_000
_MAX_EXAMPLES = 5


@dataclass(slots=True)
class Mirrored:
    """Answers of ``tier`` to steps of one kind beside the top tier's. ``n_unclear`` of them nobody can tell alike;
    ``examples`` are the ids of the newest decisions whose answers differ, ``tasks`` the answers of each task."""

    task_type: str
    tier: str
    n_same: int = 0
    n_different: int = 0
    n_unclear: int = 0
    examples: tuple[str, ...] = ()
    tasks: Counter[str] = field(default_factory=Counter)

    @property
    def n_compared(self) -> int:
        return self.n_same + self.n_different

    def add(self, is_same: object, decision_id: str, task_id: str | None) -> None:
        self.tasks[task_id or decision_id] += 1
        if is_same is True:
            self.n_same += 1
        elif is_same is False:
            self.n_different += 1
            self.examples = (*self.examples, decision_id)[:_MAX_EXAMPLES]
        else:
            self.n_unclear += 1


def mirrored_usd(connection: Connection, since: float, key: str = MIRROR_KEY) -> float:
    """US dollars for mirrored attempts, or those whose keys begin with ``key``, received from ``since`` on, seconds
    since the epoch."""
    is_mirror = OUTCOMES.c.idempotency_key.startswith(key, autoescape=True)
    total = select(func.sum(OUTCOMES.c.cost_usd)).where(is_mirror, OUTCOMES.c.received_at >= since)
    return float(connection.scalar(total) or 0.0)


def mirrored_answers(connection: Connection, top_tier: str) -> list[Mirrored]:
    """What the newest ``MAX_MIRRORED`` mirrored or audited attempts showed, by kind of step and cheaper tier."""
    found: dict[tuple[str, str], Mirrored] = {}
    for row in _newest(connection):
        cheaper = row.decided if row.tier == top_tier else row.tier  # an audit asks the top tier beside who answered
        key = (row.task_type or "", cheaper)
        is_same = row.attempt.get(IS_SAME) if isinstance(row.attempt, dict) else None
        found.setdefault(key, Mirrored(*key)).add(is_same, row.decision_id, row.task_id)
    return [found[key] for key in sorted(found)]


def newest_mirrored(connection: Connection) -> list[LoggedStep]:
    """The newest ``MAX_LABELLED`` mirrored or audited decisions as lines of the step log, oldest first."""
    is_mirror = OUTCOMES.c.idempotency_key.startswith(MIRROR_KEY, autoescape=True)
    newest = func.max(OUTCOMES.c.seq).desc()
    ids = select(OUTCOMES.c.decision_id).where(is_mirror).group_by(OUTCOMES.c.decision_id).order_by(newest)
    wanted = list(connection.scalars(ids.limit(MAX_LABELLED)))
    found: list[LoggedStep] = []
    for chunk in chunks(wanted):
        rows = connection.execute(select(DECISIONS).where(DECISIONS.c.decision_id.in_(chunk))).all()
        attempts = attempts_of(connection, {row.decision_id: row.created_at for row in rows})
        found += [logged_step(row, attempts.get(row.decision_id, [])) for row in rows]
    return sorted(found, key=lambda step: step.timestamp or 0.0)


def _newest(connection: Connection) -> Iterator[Any]:
    is_mirror = OUTCOMES.c.idempotency_key.startswith(MIRROR_KEY, autoescape=True)
    decision = (DECISIONS.c.decision_id, DECISIONS.c.task_id, DECISIONS.c.tier.label("decided"), DECISIONS.c.task_type)
    joined = OUTCOMES.join(DECISIONS, DECISIONS.c.decision_id == OUTCOMES.c.decision_id)
    query = select(*decision, OUTCOMES.c.tier, OUTCOMES.c.attempt).select_from(joined).where(is_mirror)
    yield from connection.execute(query.order_by(OUTCOMES.c.seq.desc()).limit(MAX_MIRRORED)).all()
