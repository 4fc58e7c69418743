"""Opening a decision log: migrations, addresses, databases that are away."""

import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from tierwise.data.decision_log import DecisionLog, DecisionRecord, LogUnavailableError
from tierwise.data.decision_log.engine import parse_url
from tierwise.data.decision_log.tables import METADATA, POSTGRES_METADATA, SQLITE_VIEW_INDEXES
from tierwise.data.errors import LogError
from tierwise.serving.recording.address import check_address


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    DecisionLog.open(url).close()
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        else:
            context = MigrationContext.configure(connection, opts={"include_object": _is_for_both_databases})
            assert compare_metadata(context, [METADATA, POSTGRES_METADATA]) == []
    engine.dispose()


def _is_for_both_databases(_: object, name: str | None, kind: str, *__: object) -> bool:
    """Leaves out what only one database has: SQLite's wide indexes, PostgreSQL's partitions, and keys, which cannot
    be the same where there are partitions."""
    of_one = {index.name for index in SQLITE_VIEW_INDEXES} | {"ix_outcomes_received_at", "ix_outcomes_decided_at"}
    is_partition = kind in ("table", "index") and re.match(r"(decisions|outcomes)_(default|w\d)", name or "")
    return not is_partition and name not in of_one | {"decided_at"} and kind != "unique_constraint"


def test_opening_again_keeps_what_is_there(url: str, record: Callable[..., DecisionRecord]) -> None:
    with DecisionLog.open(url) as log:
        log.record_decisions([record()])
    with DecisionLog.open(url) as log:
        assert log.count_decisions() == 1


def test_several_may_open_a_new_database_at_once(url: str) -> None:
    trouble: list[BaseException] = []

    def open_log() -> None:
        try:
            DecisionLog.open(url, timeout_seconds=20).close()
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=open_log) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_opening_waits_for_another_that_writes_to_a_file_without_a_write_ahead_log(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "decisions.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE other (id)")
    other.execute("BEGIN IMMEDIATE")  # SQLite does not wait for this lock when it switches to the write-ahead log
    end = threading.Timer(0.3, other.execute, ["COMMIT"])
    end.start()
    DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db", timeout_seconds=20).close()
    end.join()
    other.close()


def test_opening_gives_up_on_a_writer_that_does_not_end(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "decisions.db", isolation_level=None)
    other.execute("CREATE TABLE other (id)")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailableError, match="locked"):
        DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db", timeout_seconds=0.1)
    other.close()


def test_a_log_of_a_newer_version_is_refused(url: str) -> None:
    DecisionLog.open(url).close()
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LogError, match="upgrade Tierwise"):
        DecisionLog.open(url)


@pytest.mark.parametrize("address", ["", "nonsense", "mysql://host/name", "http://x", "sqlite"])
def test_an_address_that_cannot_be_used_says_what_can(address: str) -> None:
    with pytest.raises(LogError, match=r"sqlite:///decisions\.db or postgresql://"):
        DecisionLog.open(address)


def test_a_database_that_is_away_is_unavailable_and_its_password_stays_secret() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LogUnavailableError) as caught:
        DecisionLog.open("postgresql://user:hidden@127.0.0.1:1/nothing", timeout_seconds=2)
    assert "hidden" not in str(caught.value)


def test_a_locked_database_is_unavailable_and_stores_nothing(
    tmp_path: Path, record: Callable[..., DecisionRecord]
) -> None:
    url = f"sqlite:///{tmp_path}/decisions.db"
    with DecisionLog.open(url, timeout_seconds=0.1) as log:
        engine = create_engine(url)
        with engine.connect() as other:
            other.exec_driver_sql("BEGIN EXCLUSIVE")
            with pytest.raises(LogUnavailableError, match="locked"):
                log.record_decisions([record()])
        engine.dispose()
        assert log.count_decisions() == 0


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "decisions.db").write_bytes(b"this is not a database, it is a text" * 100)
    with pytest.raises(LogError, match="not a database"):
        DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db")


@pytest.mark.parametrize("address", ["mysql://here/there", "no address", "sqlite", "sqlite+other:///a.db"])
def test_an_address_of_another_kind_is_refused_before_a_log_is_opened(address: str) -> None:
    with pytest.raises(LogError, match="decision log"):
        check_address(address)


@pytest.mark.parametrize("address", ["sqlite:///logs/decisions.db", "sqlite:////logs/a b.db", "postgresql://u:p@h/n"])
def test_an_address_of_a_log_is_taken(address: str) -> None:
    check_address(address)
