"""From a URL to a database engine. One place knows what SQLite and PostgreSQL need."""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from tierwise.data.decision_log.texts import dump_json
from tierwise.data.errors import LogError, MissingExtraError

DEFAULT_TIMEOUT_SECONDS = 5.0
DEFAULT_CONNECTIONS = 4

_SWITCH_PAUSE_SECONDS = 0.01

_EXAMPLES = "sqlite:///decisions.db or postgresql://user:password@host/name"


def parse_url(text: str) -> URL:
    """The URL of a decision log. Raises ``LogError`` for one that is neither SQLite nor PostgreSQL."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise LogError(f"the decision log's address is not a URL; write {_EXAMPLES}") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url
    raise LogError(f"a decision log cannot live on '{url.drivername}'; write {_EXAMPLES}")


def check_file(url: URL) -> None:
    """Raises ``LogError`` where ``url`` names a SQLite file that does not exist."""
    if _is_file(url) and not Path(str(url.database)).is_file():
        raise LogError(f"there is no decision log at {url.database}; name the file that the service writes to")


def open_engine(url: URL, timeout_seconds: float, max_connections: int) -> Engine:
    """An engine that waits at most about ``timeout_seconds`` for a connection, a lock or a statement.

    It opens at most ``max_connections`` to PostgreSQL, so that a server knows what its replicas may take.
    """
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, timeout_seconds)
    return _open_postgres(url, timeout_seconds, max_connections)


def empty_write_ahead_log(engine: Engine) -> None:
    """SQLite: what was deleted stands in the file beside the database until that is written back and cut to nothing.

    A reader that is in the middle of it keeps that from happening; the next deletion, or the end, does it.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def writing(connection: Connection, is_synced: bool = True) -> Connection:
    """Marks the next transaction as one that writes, so that SQLite takes its write lock at the start.

    One that is not ``is_synced`` survives a killed process and no power cut: its commit does not wait for the disk.
    """
    return connection.execution_options(tierwise_begin="BEGIN IMMEDIATE", tierwise_is_synced=is_synced)


def _open_sqlite(url: URL, timeout_seconds: float) -> Engine:
    if _is_file(url):
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": timeout_seconds}, json_serializer=dump_json)
    event.listen(engine, "connect", partial(_configure_sqlite, timeout_seconds))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _is_file(url: URL) -> bool:
    is_sqlite, name = url.get_backend_name() == "sqlite", url.database or ":memory:"
    return is_sqlite and name != ":memory:" and not name.startswith("file:")


def _configure_sqlite(timeout_seconds: float, connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late for DDL and for the write lock
    _use_write_ahead_log(connection, timeout_seconds)
    connection.execute("PRAGMA synchronous=FULL")  # an acknowledged outcome survives a power cut
    connection.execute("PRAGMA secure_delete=ON")  # deleting a task leaves no text behind in free pages


def _use_write_ahead_log(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    """Switches a new file to its write-ahead log. Where several do so at once, SQLite refuses all but one without
    waiting for the lock (each holds what the other waits for), so they try again until ``timeout_seconds`` are over."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_SWITCH_PAUSE_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    driver: Any = connection.connection.driver_connection
    if "tierwise_is_synced" in options:  # inside a transaction it could not be changed
        driver.execute(f"PRAGMA synchronous={'FULL' if options['tierwise_is_synced'] else 'NORMAL'}")
    connection.exec_driver_sql(options.get("tierwise_begin", "BEGIN"))


def _open_postgres(url: URL, timeout_seconds: float, max_connections: int) -> Engine:
    milliseconds = int(timeout_seconds * 1000)
    arguments: dict[str, Any] = {
        "connect_timeout": max(1, int(timeout_seconds)),
        "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
        "application_name": "tierwise",
    }
    try:
        return create_engine(
            url,
            connect_args=arguments,
            json_serializer=dump_json,
            pool_pre_ping=True,
            pool_timeout=timeout_seconds,
            pool_size=max_connections,
            max_overflow=0,
        )
    except ModuleNotFoundError:
        raise MissingExtraError("psycopg", "postgres") from None
