"""Which half-hours changed after they were over, so that their sums are made anew."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from tierwise.data.decision_log.half_hours.inserting import insert_into
from tierwise.data.decision_log.half_hours.tables import SLOT_CHANGES, SLOT_SECONDS

NOTED_AFTER_SECONDS = 300.0


def slot_of(moment: float) -> int:
    """The number of the half-hour in which ``moment`` lies."""
    return int(moment // SLOT_SECONDS)


def note_changes(connection: Connection, moments: Iterable[float], now: float) -> None:
    """Notes, within the transaction that changes them, the half-hours of ``moments`` that were over some minutes ago.

    Those that were not are added up only when no transaction can still be writing to them.
    """
    last = slot_of(now - NOTED_AFTER_SECONDS)
    slots = sorted({slot for slot in map(slot_of, moments) if slot < last})
    if slots:
        statement = insert_into(connection, SLOT_CHANGES).values([{"slot": slot, "n": 1} for slot in slots])
        again = {"n": SLOT_CHANGES.c.n + 1}
        connection.execute(statement.on_conflict_do_update(index_elements=["slot"], set_=again))


def changes_of(connection: Connection, slot: int) -> int:
    """How often a half-hour was changed after it was over."""
    found = select(func.coalesce(func.max(SLOT_CHANGES.c.n), 0)).where(SLOT_CHANGES.c.slot == slot)
    return int(connection.execute(found).scalar_one())
