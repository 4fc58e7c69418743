"""On PostgreSQL decisions and outcomes split by weeks, with a table of keys that makes ids unique over all of them."""

import time

import sqlalchemy as sa
from alembic import op

from tierwise.data.decision_log.partitions import WEEK_SECONDS, make_partitions, weeks_worth_having

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SPLIT_BY = {"decisions": "created_at", "outcomes": "decided_at"}
_KEYS = {"decisions": "seq, created_at", "outcomes": "decision_id, idempotency_key, decided_at"}
_INDEXED = {"decisions": ("task_id", "session_id", "created_at", "experiment"), "outcomes": ("decided_at",)}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.add_column("outcomes", sa.Column("decided_at", sa.Double))
        return
    _make_keys()
    for table, own in {"decisions": "", "outcomes": ", decided_at double precision"}.items():
        columns = f"LIKE {table}_whole INCLUDING DEFAULTS{own}"
        op.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
        op.execute(f"CREATE TABLE {table} ({columns}) PARTITION BY RANGE ({_SPLIT_BY[table]})")
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    _make_weeks()
    op.execute("INSERT INTO decisions SELECT * FROM decisions_whole")
    op.execute(
        "INSERT INTO outcomes SELECT o.*, k.decided_at FROM outcomes_whole AS o "
        "JOIN decision_keys AS k USING (decision_id)"
    )
    _index(_KEYS, _INDEXED)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _SPLIT_BY:
            op.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
            op.execute(f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS)")
            op.execute(f"INSERT INTO {table} SELECT * FROM {table}_whole")
        _index({"decisions": "seq", "outcomes": "seq"}, _INDEXED | {"outcomes": ("received_at",)})
        op.execute("ALTER TABLE decisions ADD UNIQUE (decision_id)")
        op.execute("ALTER TABLE outcomes ADD CONSTRAINT uq_outcomes_decision_key UNIQUE (decision_id, idempotency_key)")
        op.drop_table("decision_keys")
    op.drop_column("outcomes", "decided_at")


def _make_keys() -> None:
    op.create_table(
        "decision_keys",
        sa.Column("decision_id", sa.Text, primary_key=True),
        sa.Column("decided_at", sa.Double, nullable=False),
        sa.Column("is_known", sa.Boolean, nullable=False),
    )
    op.execute("INSERT INTO decision_keys SELECT decision_id, created_at, true FROM decisions ORDER BY seq")
    op.execute(
        "INSERT INTO decision_keys SELECT decision_id, min(received_at), false FROM outcomes "
        "WHERE NOT EXISTS (SELECT FROM decisions AS d WHERE d.decision_id = outcomes.decision_id) GROUP BY decision_id"
    )
    op.execute("CREATE INDEX ix_decision_keys_decided_at ON decision_keys USING brin (decided_at)")
    op.execute("CREATE INDEX ix_decision_keys_unknown ON decision_keys (decision_id) WHERE NOT is_known")


def _make_weeks() -> None:
    """Those of the rows that are there; rows of long ago stay in the default partitions."""
    found = op.get_bind().scalars(
        sa.text(f"SELECT DISTINCT floor(decided_at / {WEEK_SECONDS}) * {WEEK_SECONDS} FROM decision_keys")
    )
    ends = [moment for start in found for moment in (start, start + WEEK_SECONDS)]
    make_partitions(op.get_bind(), weeks_worth_having(ends, time.time()))


def _index(keys: dict[str, str], indexed: dict[str, tuple[str, ...]]) -> None:
    """After the rows are there, which is faster; the sequence of ``seq`` goes along, the old table goes."""
    for table, key in keys.items():
        op.execute(f"ALTER SEQUENCE {table}_seq_seq OWNED BY {table}.seq")
        op.execute(f"DROP TABLE {table}_whole")
        op.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})")
        for column in indexed[table]:
            op.execute(f"CREATE INDEX ix_{table}_{column} ON {table} ({column})")
