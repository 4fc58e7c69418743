"""Runs the migrations on the connection that ``upgrade_schema`` opened, inside its transaction."""

from alembic import context

from tierwise.data.decision_log.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
