"""Sums of half-hours say by which definitions they were made; those of before are made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("slots_rolled", sa.Column("definitions", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_column("slots_rolled", "definitions")
