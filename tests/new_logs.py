"""New SQLite logs in tests get at once the tables that the migrations make: running them takes longer than most tests.

The decision log's own tests run the migrations (tests/data/decision_log), and so does every process that a test starts.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect

from tierwise.data.decision_log import log
from tierwise.data.decision_log.engine import writing
from tierwise.data.decision_log.schema import upgrade_schema


@contextmanager
def laid_at_once() -> Iterator[None]:
    """Logs that are opened in the block are migrated only where they have tables or are on PostgreSQL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "upgrade_schema", _lay_or_upgrade)
        yield


def _lay_or_upgrade(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            is_empty = not inspect(connection).get_table_names()
        if is_empty:
            with engine.connect() as connection, writing(connection).begin():
                _lay(connection)
    upgrade_schema(engine)


def _lay(connection: Connection) -> None:
    if not inspect(connection).get_table_names():  # another process may have been first
        for statement in _tables():
            connection.exec_driver_sql(statement)


@cache
def _tables() -> tuple[str, ...]:
    """What makes the tables, as SQLite tells it of a log that was migrated."""
    engine = create_engine("sqlite://")
    upgrade_schema(engine)
    with closing(engine.raw_connection()) as connection:
        driver = connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        statements = [line for line in driver.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    engine.dispose()
    return tuple(statements)
