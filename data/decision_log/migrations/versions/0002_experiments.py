"""Experiments, one row a version, and the experiment that a decision belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Double, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
    )
    op.create_index("ix_experiments_name", "experiments", ["name"])
    op.add_column("decisions", sa.Column("experiment", sa.Text))
    op.create_index("ix_decisions_experiment", "decisions", ["experiment"])


def downgrade() -> None:
    op.drop_index("ix_decisions_experiment", "decisions")
    op.drop_column("decisions", "experiment")
    op.drop_table("experiments")
