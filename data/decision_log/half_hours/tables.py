"""Sums of half-hours, from which pages over millions of decisions are added up."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, text

from tierwise.data.decision_log.tables import METADATA

SLOT_SECONDS = 1_800

DEFINITIONS = 2
"""What is added up, and how. Raise it with every change of a figure: sums of other definitions do not count, their rows
are read instead until they are added up again. A test holds it to the statements that add up."""

# How often a half-hour that was over has been changed since. Who changes it writes here in the same transaction.
SLOT_CHANGES = Table(
    "slot_changes",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

# The half-hours that were added up: after how many changes, against which top tier, and by which definitions.
SLOTS_ROLLED = Table(
    "slots_rolled",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("top_tier", Text, nullable=False),
    Column("definitions", Integer, nullable=False, server_default="0"),
)

SUMS = (
    "n", "fallback", "unfamiliar", "tried", "sufficed", "promised", "promised_unfamiliar", "promised_sufficed",
    "settled", "succeeded",
)  # fmt: skip
USD_SUMS = ("spent", "compared", "top", "p_promised")
SLOT_SUMS = Table(
    "slot_sums",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("tier", Text, primary_key=True),
    Column("policy", Text, primary_key=True),
    Column("router_version", Text, primary_key=True),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    *(Column(name, Double, nullable=False) for name in USD_SUMS),
)

SLOT_VALUES = Table(
    "slot_values",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

CLUSTER_COUNTS = (
    "n", "with_outcome", "settled", "succeeded", "fallback", "unfamiliar", "escalated", "compared",
)  # fmt: skip
CLUSTER_USD = ("spent", "x", "y")
CLUSTER_SUMS = (*CLUSTER_COUNTS, *CLUSTER_USD)
HAS_FAILED = "settled > succeeded"
# One row a task and half-hour, and where an experiment runs also a row for each of its arms that the task saw; outside
# experiments both are "". ``is_split`` where there may be further rows of the same task, in this half-hour or others.
SLOT_TASKS = Table(
    "slot_tasks",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("cluster", Text, primary_key=True),
    Column("experiment", Text, primary_key=True),
    Column("arm", Text, primary_key=True),
    Column("task", Text),
    *(Column(name, BigInteger, nullable=False) for name in CLUSTER_COUNTS),
    *(Column(name, Double, nullable=False) for name in CLUSTER_USD),
    Column("is_split", Boolean, nullable=False),
    Index("ix_slot_tasks_cluster", "cluster"),
    Index("ix_slot_tasks_split", "slot", postgresql_where=text("is_split"), sqlite_where=text("is_split = 1")),
    Index("ix_slot_tasks_failed", "slot", postgresql_where=text(HAS_FAILED), sqlite_where=text(HAS_FAILED)),
)

# The sums over the tasks of a half-hour that are not split, by arm, with the products that intervals need.
COUNTED = ("n_clusters", "n_tasks", *CLUSTER_COUNTS, "success_xx", "success_yy", "success_xy")
ADDED = (*CLUSTER_USD, "saving_xx", "saving_yy", "saving_xy")
SLOT_TOTALS = Table(
    "slot_totals",
    METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("experiment", Text, primary_key=True),
    Column("arm", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in COUNTED),
    *(Column(name, Double, nullable=False) for name in ADDED),
)

ROLLED_VALUES = ("tier", "agent", "node", "task_type", "arm", "reason_code", "router_version")
