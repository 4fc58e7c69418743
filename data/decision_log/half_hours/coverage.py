"""What of a period can be read from the sums of half-hours, and what must be read from the rows themselves.

Both together are exact: a half-hour whose rows changed after it was added up is read from its rows until it is added up
again.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from tierwise.data.decision_log.half_hours.tables import DEFINITIONS, SLOT_CHANGES, SLOT_SECONDS, SLOTS_ROLLED
from tierwise.data.decision_log.views.settled import Wanted

MAX_STRETCHES = 60


@dataclass(frozen=True, slots=True)
class Coverage:
    """``rolled`` are stretches of half-hours, each from the first to before the last; ``plain`` is the rest."""

    rolled: tuple[tuple[int, int], ...]
    plain: tuple[Wanted, ...]

    def of(self, table: Table) -> ColumnElement[bool]:
        """The condition on a table of sums; there must be ``rolled`` stretches."""
        return or_(*((table.c.slot >= first) & (table.c.slot < last) for first, last in self.rolled))


def coverage(connection: Connection, wanted: Wanted, top_tier: str | None = None) -> Coverage:
    """How to read what is wanted; sums of another ``top_tier`` do not count, with None all do; nor do
    those of other definitions."""
    query = (
        select(SLOTS_ROLLED.c.slot)
        .outerjoin(SLOT_CHANGES, SLOT_CHANGES.c.slot == SLOTS_ROLLED.c.slot)
        .where(
            SLOTS_ROLLED.c.slot >= math.ceil(wanted.since / SLOT_SECONDS),
            SLOTS_ROLLED.c.slot < math.floor(wanted.until / SLOT_SECONDS),
            SLOTS_ROLLED.c.n == func.coalesce(SLOT_CHANGES.c.n, 0),
            SLOTS_ROLLED.c.definitions == DEFINITIONS,
        )
        .order_by(SLOTS_ROLLED.c.slot)
    )
    if top_tier is not None:
        query = query.where(SLOTS_ROLLED.c.top_tier == top_tier)
    stretches = _stretches(connection.scalars(query))
    if not 0 < len(stretches) <= MAX_STRETCHES:
        return Coverage((), (wanted,))
    return Coverage(tuple(stretches), tuple(_between(wanted, stretches)))


def _stretches(slots: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for slot in slots:
        if found and found[-1][1] == slot:
            found[-1] = (found[-1][0], slot + 1)
        else:
            found.append((slot, slot + 1))
    return found


def _between(wanted: Wanted, stretches: list[tuple[int, int]]) -> list[Wanted]:
    starts = [wanted.since, *(float(last * SLOT_SECONDS) for _, last in stretches)]
    ends = [*(float(first * SLOT_SECONDS) for first, _ in stretches), wanted.until]
    return [replace(wanted, since=a, until=b) for a, b in zip(starts, ends, strict=True) if a < b]
