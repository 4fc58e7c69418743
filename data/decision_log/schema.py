"""Brings a database to the tables of this version, safely when several processes open it at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from tierwise.data.decision_log.engine import writing
from tierwise.data.errors import LogError

MIGRATIONS_PATH = Path(__file__).parent / "migrations"

_ADVISORY_LOCK = 7_403_115_287


def upgrade_schema(engine: Engine) -> None:
    """Applies the migrations that are missing. Raises ``LogError`` for a database of a newer Tierwise."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_PATH).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.connect() as connection, writing(connection).begin():
        _lock(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LogError(f"the decision log is of another version of Tierwise: {error}; upgrade Tierwise") from None


def _lock(connection: Connection) -> None:
    """One process migrates, the others wait and then find nothing to do. SQLite's write lock does it by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # rewriting a long log takes minutes
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
