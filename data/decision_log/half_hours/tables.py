"""Sums of half-hours on PostgreSQL, from which pages over millions of decisions are added up."""

from sqlalchemy import BigInteger, Column, Double, Integer, Table, Text

from tierwise.data.decision_log.tables import POSTGRES_METADATA

SLOT_SECONDS = 1_800

DEFINITIONS = 1
"""What is added up, and how. Raise it with every change of a figure: sums of other definitions do not count, their rows
are read instead until they are added up again. A test holds it to the statements that add up."""

# How often a half-hour that was over has been changed since. Who changes it writes here in the same transaction.
SLOT_CHANGES = Table(
    "slot_changes",
    POSTGRES_METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

# The half-hours that were added up: after how many changes, against which top tier, and by which definitions.
SLOTS_ROLLED = Table(
    "slots_rolled",
    POSTGRES_METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("top_tier", Text, nullable=False),
    Column("definitions", Integer, nullable=False, server_default="0"),
)

SUMS = (
    "n", "fallback", "unfamiliar", "tried", "sufficed", "promised", "promised_unfamiliar", "promised_sufficed",
)  # fmt: skip
USD_SUMS = ("spent", "compared", "top", "p_promised")
SLOT_SUMS = Table(
    "slot_sums",
    POSTGRES_METADATA,
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
    POSTGRES_METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

CLUSTER_COUNTS = (
    "n", "with_outcome", "settled", "succeeded", "fallback", "unfamiliar", "escalated", "compared",
)  # fmt: skip
CLUSTER_USD = ("spent", "x", "y")
SLOT_TASKS = Table(
    "slot_tasks",
    POSTGRES_METADATA,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("cluster", Text, primary_key=True),
    Column("task", Text),
    *(Column(name, BigInteger, nullable=False) for name in CLUSTER_COUNTS),
    *(Column(name, Double, nullable=False) for name in CLUSTER_USD),
)

ROLLED_VALUES = ("tier", "agent", "node", "task_type", "arm", "reason_code", "router_version")
