"""Brings a database to the tables of this version, safely when several processes open it at once."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from tierwise.data.decision_log.engine import writing
from tierwise.data.errors import LogError

MIGRATIONS_PATH = Path(__file__).parent / "migrations"

_ADVISORY_LOCK = 7_403_115_287


def upgrade_schema(engine: Engine) -> None:
    """Applies the migrations that are missing. Raises ``LogError`` for a database of a newer Tierwise."""
    with engine.connect() as connection:
        if _revision(connection) == head():
            return
    from alembic import command  # what migrates is not loaded where nothing is to be done
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_PATH).replace("%", "%%"))
    with engine.connect() as connection, writing(connection).begin():
        _lock(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LogError(f"the decision log is of another version of Tierwise: {error}; upgrade Tierwise") from None


def head() -> str:
    """The newest revision, with whose number the name of its file begins."""
    return max(path.name[:4] for path in (MIGRATIONS_PATH / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _lock(connection: Connection) -> None:
    """One process migrates, the others wait and then find nothing to do. SQLite's write lock does it by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # rewriting a long log takes minutes
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
