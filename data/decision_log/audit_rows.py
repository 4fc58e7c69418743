"""The audit trail in the log. Rows are only ever added."""

from sqlalchemy import Connection, insert, select

from tierwise.data.decision_log.records import AuditEntry
from tierwise.data.decision_log.tables import AUDIT
from tierwise.data.decision_log.texts import storable


def insert_audit(connection: Connection, entry: AuditEntry, now: float) -> None:
    texts = {name: storable(getattr(entry, name)) for name in ("action", "subject", "actor", "reason")}
    connection.execute(insert(AUDIT).values(**texts, evidence=dict(entry.evidence), recorded_at=now))


def audit_entries(connection: Connection, subject: str | None) -> tuple[AuditEntry, ...]:
    """Oldest first; ``subject`` None gives all."""
    query = select(*(AUDIT.c[name] for name in AuditEntry.__slots__)).order_by(AUDIT.c.seq)
    if subject is not None:
        query = query.where(AUDIT.c.subject == subject)
    return tuple(AuditEntry(**row._mapping) for row in connection.execute(query))
