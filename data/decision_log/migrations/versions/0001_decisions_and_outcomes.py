"""Decisions and their outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("decision_id", sa.Text, nullable=False, unique=True),
        sa.Column("step_id", sa.Text),
        sa.Column("task_id", sa.Text),
        sa.Column("session_id", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("step", sa.JSON, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("p_success", sa.JSON, nullable=False),
        sa.Column("expected_cost_usd", sa.JSON, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("router_version", sa.Text, nullable=False),
        sa.Column("arm", sa.Text),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("reason_text", sa.Text, nullable=False),
        sa.Column("is_fallback", sa.Boolean, nullable=False),
        sa.Column("is_unfamiliar", sa.Boolean, nullable=False),
    )
    for column in ("task_id", "session_id", "created_at"):
        op.create_index(f"ix_decisions_{column}", "decisions", [column])
    _create_outcomes()


def downgrade() -> None:
    op.drop_table("outcomes")
    op.drop_table("decisions")


def _create_outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("success", sa.Boolean),
        sa.Column("cost_usd", sa.Double),
        sa.Column("latency_ms", sa.Double),
        sa.Column("attempt", sa.JSON, nullable=False),
        sa.Column("reported_at", sa.Double),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("was_unknown", sa.Boolean, nullable=False),
        sa.Column("was_contradictory", sa.Boolean, nullable=False),
        sa.UniqueConstraint("decision_id", "idempotency_key", name="uq_outcomes_decision_key"),
    )
    op.create_index("ix_outcomes_received_at", "outcomes", ["received_at"])
