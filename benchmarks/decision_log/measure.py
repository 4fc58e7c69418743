"""How long the dashboard's questions take, first and again, and what the database weighs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, text

from benchmarks.decision_log.queries import questions
from benchmarks.decision_log.rows import TOP_TIER, fill, without_indexes
from benchmarks.decision_log.sqlite_rows import fill_sqlite, without_sqlite_indexes
from tierwise.data.decision_log import DecisionLog
from tierwise.data.decision_log.engine import parse_url

PERIODS = {"24h": (86_400.0, 1_800), "7d": (7 * 86_400.0, 14_400), "30d": (30 * 86_400.0, 86_400)}
TIMEOUT_SECONDS = 600.0
END_OF_TIME = 1e11


@dataclass(frozen=True, slots=True)
class Timing:
    """One question about one period: how long its first answer took, and the quicker of two more."""

    period: str
    name: str
    first_seconds: float
    again_seconds: float


def fill_log(url: str, n_decisions: int, days: float) -> Iterator[str]:
    """Fills an empty log and adds it up; yields what was done, with seconds."""
    DecisionLog.open(url).close()
    engine, now, begin = create_engine(parse_url(url)), time.time(), time.monotonic()
    is_sqlite = engine.dialect.name == "sqlite"
    without, making = (without_sqlite_indexes, fill_sqlite) if is_sqlite else (without_indexes, fill)
    with engine.connect() as connection, without(connection):
        for n_done in making(connection, n_decisions, now - days * 86_400, now):
            yield f"{n_done:,} decisions, {time.monotonic() - begin:.0f} s"
    yield f"indexes, {time.monotonic() - begin:.0f} s"
    if not is_sqlite:  # a service's own SQLite file was never analysed either
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    yield f"vacuum, {time.monotonic() - begin:.0f} s"


def add_up(url: str) -> Iterator[str]:
    """Adds up what was not yet; yields how far it is."""
    n_slots, begin = 0, time.monotonic()
    with DecisionLog.open(url, TIMEOUT_SECONDS) as log:
        while done := log.roll_up(TOP_TIER):
            n_slots += done
            yield f"{n_slots} half-hours added up, {time.monotonic() - begin:.0f} s"


def time_questions(url: str, periods: list[str]) -> Iterator[Timing]:
    """Every question about the newest ``periods`` of the log."""
    with DecisionLog.open(url, TIMEOUT_SECONDS) as log:
        newest = log.ask(_newest)
        for period in periods:
            seconds, slot_seconds = PERIODS[period]
            for name, ask in questions(newest - seconds, END_OF_TIME, slot_seconds).items():
                times = []
                for _ in range(3):
                    begin = time.perf_counter()
                    ask(log)
                    times.append(time.perf_counter() - begin)
                yield Timing(period, name, times[0], min(times[1:]))


def sizes(url: str) -> dict[str, float]:
    """Gigabytes of the tables with their indexes, by what they hold."""
    patterns = {"decisions": "decisions%", "outcomes": "outcomes%", "keys": "decision_keys%", "half-hours": "slot%"}
    query = text(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relname LIKE :like"
    )
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        found = {name: float(connection.execute(query, {"like": like}).scalar_one()) for name, like in patterns.items()}
    engine.dispose()
    return {name: n_bytes / 1e9 for name, n_bytes in found.items()}


def _newest(connection: Connection) -> float:
    return float(connection.execute(text("SELECT max(created_at) FROM decisions")).scalar_one())
