"""The days of the log: which there are, and whether anything of one has changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select

from tierwise.data.decision_log.reading.within import belong_together
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES

_D = DECISIONS.c


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of decisions. ``n_outcomes`` and ``last_outcome`` tell of every outcome of theirs, also late ones.

    Outcomes are only added, so two states of a day that are equal have the same content.
    """

    date: date
    n_decisions: int
    last_decision: int
    n_outcomes: int
    last_outcome: int

    @property
    def since(self) -> float:
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC).timestamp()

    @property
    def until(self) -> float:
        return self.since + timedelta(days=1).total_seconds()


def all_dates(connection: Connection, since: float) -> list[date]:
    """The days with decisions, from that of ``since`` on; each is looked for, so that gaps of years cost nothing."""
    return list(_dates(connection, since))


def day_state(connection: Connection, of: date) -> Day:
    """What the log holds of a day."""
    empty = Day(of, 0, 0, 0, 0)
    decisions = select(func.count(), func.coalesce(func.max(_D.seq), 0)).where(
        _D.created_at >= empty.since, _D.created_at < empty.until
    )
    joined = DECISIONS.join(OUTCOMES, belong_together(connection, empty.since, empty.until))
    outcomes = (
        select(func.count(), func.coalesce(func.max(OUTCOMES.c.seq), 0))
        .select_from(joined)
        .where(_D.created_at >= empty.since, _D.created_at < empty.until)
    )
    return Day(of, *connection.execute(decisions).one(), *connection.execute(outcomes).one())


def _dates(connection: Connection, since: float) -> Iterator[date]:
    next_at = since
    while True:
        first = connection.execute(select(func.min(_D.created_at)).where(_D.created_at >= next_at)).scalar_one()
        if first is None:
            return
        found = datetime.fromtimestamp(first, UTC).date()
        yield found
        next_at = Day(found, 0, 0, 0, 0).until
