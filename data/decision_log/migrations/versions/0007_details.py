"""A column for what decisions say and no view filters by, so that a new field of theirs needs no migration."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("details", sa.JSON))


def downgrade() -> None:
    op.drop_column("decisions", "details")
