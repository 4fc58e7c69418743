"""Sums of half-hours on SQLite too, and on both the sums over whole tasks, which are made bit by bit."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COUNTS = (
    "n", "fallback", "unfamiliar", "tried", "sufficed", "promised", "promised_unfamiliar", "promised_sufficed",
    "settled", "succeeded",
)  # fmt: skip
_SUMS = ("spent", "compared", "top", "p_promised")
_TASK_COUNTS = ("n", "with_outcome", "settled", "succeeded", "fallback", "unfamiliar", "escalated", "compared")
_TASK_SUMS = ("spent", "x", "y")
_PRODUCTS = ("success_xx", "success_yy", "success_xy")
_USD_PRODUCTS = ("saving_xx", "saving_yy", "saving_xy")
_MADE_ANEW = ("slot_sums", "slot_values", "slot_tasks", "slots_rolled")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _MADE_ANEW:  # by other definitions
            op.execute(f"DELETE FROM {table}")
        for name in ("settled", "succeeded"):
            op.add_column("slot_sums", sa.Column(name, sa.BigInteger, nullable=False))
        op.drop_table("slot_tasks")
    else:
        _create()
    columns: list[sa.Column[Any]] = [_slot(), sa.Column("cluster", sa.Text, primary_key=True), *_arm()]
    columns += [sa.Column("task", sa.Text), *_figures(_TASK_COUNTS, _TASK_SUMS)]
    op.create_table("slot_tasks", *columns, sa.Column("is_split", sa.Boolean, nullable=False))
    op.create_index("ix_slot_tasks_cluster", "slot_tasks", ["cluster"])
    split = {"postgresql": sa.text("is_split"), "sqlite": sa.text("is_split = 1")}[op.get_bind().dialect.name]
    for name, where in {"split": split, "failed": sa.text("settled > succeeded")}.items():
        op.create_index(f"ix_slot_tasks_{name}", "slot_tasks", ["slot"], postgresql_where=where, sqlite_where=where)
    sums = _figures(("n_clusters", "n_tasks", *_TASK_COUNTS, *_PRODUCTS), (*_TASK_SUMS, *_USD_PRODUCTS))
    op.create_table("slot_totals", _slot(), *_arm(), *sums)


def downgrade() -> None:
    op.drop_table("slot_totals")
    if op.get_bind().dialect.name == "sqlite":
        for table in (*_MADE_ANEW, "slot_changes"):
            op.drop_table(table)
        return
    op.drop_table("slot_tasks")
    cluster = sa.Column("cluster", sa.Text, primary_key=True), sa.Column("task", sa.Text)
    op.create_table("slot_tasks", _slot(), *cluster, *_figures(_TASK_COUNTS, _TASK_SUMS))
    for name in ("settled", "succeeded"):
        op.drop_column("slot_sums", name)
    op.execute("DELETE FROM slots_rolled")


def _create() -> None:
    op.create_table("slot_changes", _slot(), sa.Column("n", sa.BigInteger, nullable=False))
    op.create_table(
        "slots_rolled",
        _slot(),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("top_tier", sa.Text, nullable=False),
        sa.Column("definitions", sa.Integer, nullable=False, server_default="0"),
    )
    keys = (sa.Column(name, sa.Text, primary_key=True) for name in ("tier", "policy", "router_version"))
    times = (sa.Column(name, sa.Double, nullable=False) for name in ("first_at", "last_at"))
    op.create_table("slot_sums", _slot(), *keys, *times, *_figures(_COUNTS, _SUMS))
    names = (sa.Column(name, sa.Text, primary_key=True) for name in ("name", "value"))
    op.create_table("slot_values", _slot(), *names, *_figures(("n",), ()))


def _arm() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in ("experiment", "arm")]


def _slot() -> sa.Column[int]:
    return sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False)


def _figures(counts: tuple[str, ...], sums: tuple[str, ...]) -> list[sa.Column[float]]:
    numbers: list[sa.Column[float]] = [sa.Column(name, sa.BigInteger, nullable=False) for name in counts]
    return numbers + [sa.Column(name, sa.Double, nullable=False) for name in sums]
