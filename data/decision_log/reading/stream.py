"""Reading the log back as steps, a page at a time, so that a log of any length fits in memory."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, or_, select

from tierwise.data.decision_log.reading.stored import stored_attempt
from tierwise.data.decision_log.reading.within import outcomes_of
from tierwise.data.decision_log.rows import logged_step
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.records import Attempt, LoggedStep

PAGE_ROWS = 500

_D = DECISIONS.c


def stream_steps(
    engine: Engine, since: float | None, until: float | None, experiment: str | None
) -> Iterator[LoggedStep]:
    """Each page is its own short transaction: a slow reader never holds back the writers."""
    wanted = select(DECISIONS).order_by(_D.created_at, _D.seq).limit(PAGE_ROWS)
    if since is not None:
        wanted = wanted.where(_D.created_at >= since)
    if until is not None:
        wanted = wanted.where(_D.created_at < until)
    if experiment is not None:
        wanted = wanted.where(_D.experiment == experiment)
    page = _read_page(engine, wanted)
    while page:
        for row, attempts in page:
            yield logged_step(row, attempts)
        last = page[-1][0]
        follows = or_(_D.created_at > last.created_at, _D.seq > last.seq)
        page = _read_page(engine, wanted.where(_D.created_at >= last.created_at, follows))


def _read_page(engine: Engine, query: Select[Any]) -> list[tuple[Row[Any], list[Attempt]]]:
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        attempts = attempts_of(connection, {row.decision_id: row.created_at for row in rows})
    return [(row, attempts.get(row.decision_id, [])) for row in rows]


def attempts_of(connection: Connection, times: Mapping[str, float]) -> dict[str, list[Attempt]]:
    """The attempts of decisions, whose times are given by their ids."""
    query = select(OUTCOMES.c.decision_id, OUTCOMES.c.attempt).where(*outcomes_of(connection, times, times.values()))
    found: dict[str, list[Attempt]] = {}
    for decision_id, attempt in connection.execute(query.order_by(OUTCOMES.c.seq)):
        found.setdefault(decision_id, []).append(stored_attempt(attempt))
    return found
