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
    text,
)

from tierwise.data.decision_log.columns import decision_columns, narrow_columns
from tierwise.data.records import Attempt, Step

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
    *decision_columns(),
    Column("role", Text),
    *narrow_columns(Step),
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
    Column("decided_at", Double),
    *narrow_columns(Attempt),
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

# PostgreSQL alone, where decisions and outcomes are split by time and no index of theirs can span the partitions. A row
# for each decision id says in which partition its decision and its outcomes lie (``decided_at``: when it was made, or
# when the first outcome came that knows no decision). It makes the ids unique, and whoever locks it may add outcomes.
POSTGRES_METADATA = MetaData()

DECISION_KEYS = Table(
    "decision_keys",
    POSTGRES_METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("decided_at", Double, nullable=False),
    Column("is_known", Boolean, nullable=False),
    Index("ix_decision_keys_decided_at", "decided_at", postgresql_using="brin"),
    Index("ix_decision_keys_unknown", "decision_id", postgresql_where=text("NOT is_known")),
)

_VIEW_COLUMNS = (
    "created_at", "decision_id", "task_id", "session_id", "step_id", "tier", "policy", "arm", "experiment",
    "router_version", "reason_code", "is_fallback", "is_unfamiliar", "task_type", "agent", "node", "role",
    "input_complexity", "requires_judgment", "human_visible", "p_success", "expected_cost_usd",
)  # fmt: skip

# SQLite keeps a row's long texts among its short columns; these indexes hold all that the views read, so that a view
# over 100,000 decisions touches 20 MB instead of all prompts. PostgreSQL keeps long texts apart by itself.
SQLITE_VIEW_INDEXES = (
    Index("ix_decisions_view", *(DECISIONS.c[name] for name in _VIEW_COLUMNS)).ddl_if(dialect="sqlite"),
    Index(
        "ix_outcomes_view",
        *(OUTCOMES.c[name] for name in ("decision_id", "tier", "success", "cost_usd", "latency_ms")),
    ).ddl_if(dialect="sqlite"),
)
