"""The tables of the decision log. Whoever changes them adds a migration beside the first."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself on SQLite

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("decision_id", Text, nullable=False, unique=True),
    Column("step_id", Text),
    Column("task_id", Text),
    Column("session_id", Text),
    Column("created_at", Double, nullable=False),
    Column("step", JSON, nullable=False),
    Column("tier", Text, nullable=False),
    Column("model", Text),
    Column("p_success", JSON, nullable=False),
    Column("expected_cost_usd", JSON, nullable=False),
    Column("policy", Text, nullable=False),
    Column("router_version", Text, nullable=False),
    Column("arm", Text),
    Column("propensity", Double, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason_text", Text, nullable=False),
    Column("is_fallback", Boolean, nullable=False),
    Column("is_unfamiliar", Boolean, nullable=False),
    Column("experiment", Text),
    Index("ix_decisions_task_id", "task_id"),
    Index("ix_decisions_session_id", "session_id"),
    Index("ix_decisions_created_at", "created_at"),
    Index("ix_decisions_experiment", "experiment"),
)

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("decision_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("success", Boolean),
    Column("cost_usd", Double),
    Column("latency_ms", Double),
    Column("attempt", JSON, nullable=False),
    Column("reported_at", Double),
    Column("received_at", Double, nullable=False),
    Column("was_unknown", Boolean, nullable=False),
    Column("was_contradictory", Boolean, nullable=False),
    UniqueConstraint("decision_id", "idempotency_key", name="uq_outcomes_decision_key"),
    Index("ix_outcomes_received_at", "received_at"),
)

EXPERIMENTS = Table(
    "experiments",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("recorded_at", Double, nullable=False),
    Column("content", JSON, nullable=False),
    Index("ix_experiments_name", "name"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("recorded_at", Double, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("ix_audit_subject", "subject"),
)
