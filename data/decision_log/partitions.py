"""The weeks into which PostgreSQL splits decisions and outcomes: made ahead, dropped whole by retention.

A week, from Monday (UTC), and not a day: a question about everything locks each partition with its indexes, and a
year of days would need more locks than a server has by default. Rows of no such week lie in the default partitions.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

WEEK_SECONDS = 7 * 86_400
RETRY_SECONDS = 60.0
KEPT_BACK_SECONDS = 53 * WEEK_SECONDS
SPLIT_BY = {"decisions": "created_at", "outcomes": "decided_at"}

_FIRST_MONDAY = 4 * 86_400  # 1970-01-05
_ADVISORY_LOCK = 7_403_115_289


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """The week that begins at ``start``, seconds since the epoch."""

    start: int

    @classmethod
    def of(cls, moment: float) -> "Week":
        """The week in which ``moment`` lies.

        >>> Week.of(1_800_000_000.0).partition("decisions")
        'decisions_w20270111'
        """
        return cls(int((moment - _FIRST_MONDAY) // WEEK_SECONDS) * WEEK_SECONDS + _FIRST_MONDAY)

    @property
    def end(self) -> int:
        return self.start + WEEK_SECONDS

    def partition(self, table: str) -> str:
        return f"{table}_w{datetime.fromtimestamp(self.start, UTC):%Y%m%d}"


def weeks_ahead(now: float) -> set[Week]:
    """The weeks that must be there for what is written now and soon."""
    return {Week.of(now), Week.of(now + WEEK_SECONDS)}


def weeks_worth_having(moments: Iterable[float], now: float) -> set[Week]:
    """The weeks of ``moments``, but for moments that nobody expects: a caller cannot make thousands of partitions."""
    first, last = now - KEPT_BACK_SECONDS, now + WEEK_SECONDS
    return {Week.of(moment) for moment in moments if first <= moment <= last}


class WeekKeeper:
    """Has the partitions made before rows need them. Where that fails for now, the default partitions take the rows."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._known: set[Week] = set()
        self._next_try = 0.0

    def keep(self, moments: Iterable[float] = ()) -> None:
        """Makes what is missing for now, the next week and ``moments``; asks the database once a week and process."""
        now = self._clock()
        missing = (weeks_ahead(now) | weeks_worth_having(moments, now)) - self._known
        if not missing or self._engine.dialect.name != "postgresql" or time.monotonic() < self._next_try:
            return
        try:
            with self._engine.begin() as connection:
                make_partitions(connection, missing)
        except OperationalError:
            self._next_try = time.monotonic() + RETRY_SECONDS
        else:
            self._known |= missing


def is_partitioned(connection: Connection) -> bool:
    """Whether the log is split by weeks on this database."""
    return connection.dialect.name == "postgresql"


def make_partitions(connection: Connection, weeks: Iterable[Week]) -> None:
    """Makes the partitions of ``weeks`` that are missing; rows of theirs move there from the default partition."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    known = set(partitions_of(connection, "decisions"))
    for week in sorted(weeks):
        if week.partition("decisions") not in known:
            for table in SPLIT_BY:
                _make(connection, table, week)


def drop_partitions(connection: Connection, before: float) -> dict[str, int]:
    """Drops the weeks that ended by ``before``; returns how many rows of each table went."""
    ended = [(table, name) for table in SPLIT_BY for name in _ended(connection, table, before)]
    n_rows = dict.fromkeys(SPLIT_BY, 0)
    for table, name in ended:
        n_rows[table] += int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
    connection.execute(text("SET LOCAL lock_timeout = '1s'"))  # writers queue behind a drop that waits for a reader
    for _, name in ended:
        connection.execute(text(f"DROP TABLE {name}"))
    return n_rows


def partitions_of(connection: Connection, table: str) -> list[str]:
    """The names of the partitions of ``table``, the oldest first, the default one before them."""
    query = text(
        "SELECT c.relname FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid "
        "WHERE inhparent = CAST(:name AS regclass) ORDER BY c.relname"
    )
    return list(connection.scalars(query, {"name": table}))


def _make(connection: Connection, table: str, week: Week) -> None:
    """Attaching, unlike ``CREATE TABLE ... PARTITION OF``, lets others go on writing to the table."""
    name, column = week.partition(table), SPLIT_BY[table]
    is_within = f"{column} >= {week.start} AND {column} < {week.end}"
    connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL, CONSTRAINT within CHECK ({is_within}))"))
    moved = f"WITH moved AS (DELETE FROM {table}_default WHERE {is_within} RETURNING *)"
    connection.execute(text(f"{moved} INSERT INTO {name} SELECT * FROM moved"))
    connection.execute(
        text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({week.start}) TO ({week.end})")
    )
    connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT within"))


def _ended(connection: Connection, table: str, before: float) -> list[str]:
    """The partitions of ``table`` whose weeks ended by ``before``."""
    first, last = f"{table}_w", Week.of(before).partition(table)
    return [name for name in partitions_of(connection, table) if first <= name < last]
