"""The audit trail in the log. Rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from tierwise.data.decision_log.tables import AUDIT
from tierwise.data.decision_log.texts import storable


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``actor`` did ``action`` (such as promote, rollback, refuse, retrain) to ``subject`` (a model, an experiment).

    ``reason`` is the actor's own words; ``evidence`` plain values for JSON; ``recorded_at`` seconds since the epoch,
    set by the log.
    """

    action: str
    subject: str
    actor: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: float | None = None


def insert_audit(connection: Connection, entry: AuditEntry, now: float) -> None:
    texts = {name: storable(getattr(entry, name)) for name in ("action", "subject", "actor", "reason")}
    connection.execute(insert(AUDIT).values(**texts, evidence=dict(entry.evidence), recorded_at=now))


def audit_entries(connection: Connection, subject: str | None) -> tuple[AuditEntry, ...]:
    """Oldest first; ``subject`` None gives all."""
    query = select(*(AUDIT.c[name] for name in AuditEntry.__slots__)).order_by(AUDIT.c.seq)
    if subject is not None:
        query = query.where(AUDIT.c.subject == subject)
    return tuple(AuditEntry(**row._mapping) for row in connection.execute(query))
