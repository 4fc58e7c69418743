"""On PostgreSQL sums of half-hours, which are made bit by bit while the service runs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTS = ("n", "fallback", "unfamiliar", "tried", "sufficed", "promised", "promised_unfamiliar", "promised_sufficed")
_SUMS = ("spent", "compared", "top", "p_promised")
_TASK_COUNTS = ("n", "with_outcome", "settled", "succeeded", "fallback", "unfamiliar", "escalated", "compared")
_TASK_SUMS = ("spent", "x", "y")
_TABLES = ("slot_changes", "slots_rolled", "slot_sums", "slot_values", "slot_tasks")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table("slot_changes", _slot(), sa.Column("n", sa.BigInteger, nullable=False))
    rolled = (sa.Column("n", sa.BigInteger, nullable=False), sa.Column("top_tier", sa.Text, nullable=False))
    op.create_table("slots_rolled", _slot(), *rolled)
    keys = (sa.Column(name, sa.Text, primary_key=True) for name in ("tier", "policy", "router_version"))
    times = (sa.Column(name, sa.Double, nullable=False) for name in ("first_at", "last_at"))
    op.create_table("slot_sums", _slot(), *keys, *times, *_figures(_COUNTS, _SUMS))
    names = (sa.Column(name, sa.Text, primary_key=True) for name in ("name", "value"))
    op.create_table("slot_values", _slot(), *names, *_figures(("n",), ()))
    cluster = (sa.Column("cluster", sa.Text, primary_key=True), sa.Column("task", sa.Text))
    op.create_table("slot_tasks", _slot(), *cluster, *_figures(_TASK_COUNTS, _TASK_SUMS))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.drop_table(table)


def _slot() -> sa.Column[int]:
    return sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False)


def _figures(counts: tuple[str, ...], sums: tuple[str, ...]) -> list[sa.Column[float]]:
    numbers: list[sa.Column[float]] = [sa.Column(name, sa.BigInteger, nullable=False) for name in counts]
    return numbers + [sa.Column(name, sa.Double, nullable=False) for name in sums]
