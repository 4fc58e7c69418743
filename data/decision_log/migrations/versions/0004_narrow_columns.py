"""Narrow columns beside the step, and on SQLite two indexes that hold all that views read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "task_type": sa.Text,
    "agent": sa.Text,
    "node": sa.Text,
    "role": sa.Text,
    "input_complexity": sa.Double,
    "requires_judgment": sa.Boolean,
    "human_visible": sa.Boolean,
}
_DECISIONS_VIEW = [
    "created_at", "decision_id", "task_id", "session_id", "step_id", "tier", "policy", "arm", "experiment",
    "router_version", "reason_code", "is_fallback", "is_unfamiliar", *_COLUMNS, "p_success", "expected_cost_usd",
]  # fmt: skip
_OUTCOMES_VIEW = ["decision_id", "tier", "success", "cost_usd", "latency_ms"]


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("decisions", sa.Column(name, kind))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, kind in _COLUMNS.items():
        op.execute(f"UPDATE decisions SET {name} = {_from_step(name, kind, is_sqlite)}")
    if is_sqlite:
        op.create_index("ix_decisions_view", "decisions", _DECISIONS_VIEW)
        op.create_index("ix_outcomes_view", "outcomes", _OUTCOMES_VIEW)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_outcomes_view", "outcomes")
        op.drop_index("ix_decisions_view", "decisions")
    for name in _COLUMNS:
        op.drop_column("decisions", name)


def _from_step(name: str, kind: type[sa.types.TypeEngine[Any]], is_sqlite: bool) -> str:
    if is_sqlite:
        return f"json_extract(step, '$.{name}')"
    cast = {sa.Double: "::double precision", sa.Boolean: "::boolean"}.get(kind, "")
    return f"(step ->> '{name}'){cast}"
