"""Which transactions wait for the disk on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step

NORMAL, FULL = 1, 2


@pytest.fixture
def levels() -> Iterator[list[int]]:
    """The level of ``PRAGMA synchronous`` at each commit."""
    found: list[int] = []

    def note(connection: Connection) -> None:
        found.append(connection.connection.driver_connection.execute("PRAGMA synchronous").fetchone()[0])  # type: ignore[union-attr]

    event.listen(Engine, "commit", note)
    yield found
    event.remove(Engine, "commit", note)


def test_what_somebody_waits_for_is_synced_and_decisions_are_not(tmp_path: Path, levels: list[int]) -> None:
    record = DecisionRecord("d-1", Step("Extract."), Decision("small", "rules", "v1", Reason("rule", "")), 1.0)
    with DecisionLog.open(f"sqlite:///{tmp_path}/log.db") as log:
        levels.clear()
        log.record_decisions([record])
        log.record_outcomes([Outcome("d-1", Attempt("small", success=True), "k")])
        log.record_decisions([record])
        log.delete_task("t")
    assert levels == [NORMAL, FULL, NORMAL, FULL]
