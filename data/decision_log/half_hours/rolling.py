"""Adding half-hours up, one after the other and the newest first, in transactions of their own."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    Select,
    Table,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy import text as sql

from tierwise.data.decision_log.engine import writing
from tierwise.data.decision_log.half_hours.changes import changes_of, slot_of
from tierwise.data.decision_log.half_hours.inserting import insert_into
from tierwise.data.decision_log.half_hours.tables import (
    DEFINITIONS,
    ROLLED_VALUES,
    SLOT_CHANGES,
    SLOT_SECONDS,
    SLOT_SUMS,
    SLOT_TASKS,
    SLOT_TOTALS,
    SLOT_VALUES,
    SLOTS_ROLLED,
)
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.views.settled import Wanted, settled
from tierwise.data.decision_log.views.task_sums import clusters_of, count_where, is_compared, sum_where, sums_of

ROLLED_AFTER_SECONDS = 900.0
ROLLED_BACK_SECONDS = 400 * 86_400.0

_LOCK = {"key": 7_403_115_291}

_D = DECISIONS.c


def roll_up(engine: Engine, top_tier: str, now: float, n_slots: int) -> int:
    """Adds up at most ``n_slots`` half-hours and returns how many; 0 while another process does it."""
    if engine.dialect.name == "sqlite":
        return _roll_up_sqlite(engine, top_tier, now, n_slots)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        if not connection.execute(sql("SELECT pg_try_advisory_lock(:key)"), _LOCK).scalar_one():
            return 0
        try:
            slots = slots_to_roll(connection, top_tier, now, n_slots)
            for slot in slots:
                connection.commit()  # each on a state of its own
                roll_slot(connection, slot, top_tier)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(sql("SELECT pg_advisory_unlock(:key)"), _LOCK)
            connection.commit()
    return len(slots)


def _roll_up_sqlite(engine: Engine, top_tier: str, now: float, n_slots: int) -> int:
    """Each half-hour in a transaction that writes from its start, so that nobody adds up the same and no reader waits;
    who records meanwhile waits for one half-hour at most."""
    with engine.connect() as connection:
        slots = slots_to_roll(connection, top_tier, now, n_slots)
        connection.commit()
        for slot in slots:
            with writing(connection, is_synced=False).begin():
                if not _is_rolled(connection, slot, top_tier):  # by another process meanwhile
                    roll_slot(connection, slot, top_tier)
    return len(slots)


def _is_rolled(connection: Connection, slot: int, top_tier: str) -> bool:
    c = SLOTS_ROLLED.c
    row = connection.execute(select(c.n, c.top_tier, c.definitions).where(c.slot == slot)).first()
    return row is not None and tuple(row) == (changes_of(connection, slot), top_tier, DEFINITIONS)


def slots_to_roll(connection: Connection, top_tier: str, now: float, n_slots: int) -> list[int]:
    """The newest half-hours that were never added up, or changed since, or were compared with another tier, or were
    added up by other definitions."""
    earliest = connection.execute(
        select(func.min(_D.created_at)).where(_D.created_at >= now - ROLLED_BACK_SECONDS)
    ).scalar_one()
    if earliest is None:
        return []
    query = sql(
        """
        WITH RECURSIVE series (slot) AS (
            SELECT CAST(:last AS bigint) WHERE :last >= :first
            UNION ALL SELECT slot - 1 FROM series WHERE slot > :first
        )
        SELECT s.slot FROM series AS s
        LEFT JOIN slots_rolled AS r ON r.slot = s.slot LEFT JOIN slot_changes AS c ON c.slot = s.slot
        WHERE r.slot IS NULL OR r.top_tier <> :top_tier OR r.n <> coalesce(c.n, 0)
            OR r.definitions <> :definitions
        ORDER BY s.slot DESC LIMIT :n_slots
        """
    )
    last = slot_of(now - ROLLED_AFTER_SECONDS) - 1
    given = {"first": slot_of(earliest), "last": last, "top_tier": top_tier, "n_slots": n_slots}
    return list(connection.scalars(query, given | {"definitions": DEFINITIONS}))


def roll_slot(connection: Connection, slot: int, top_tier: str) -> None:
    """Adds one half-hour up. The transaction must see one state of the database throughout."""
    n_changes = changes_of(connection, slot)
    for table in (SLOT_SUMS, SLOT_VALUES, SLOT_TASKS):
        connection.execute(delete(table).where(table.c.slot == slot))
    wanted = Wanted(float(slot * SLOT_SECONDS), float((slot + 1) * SLOT_SECONDS))
    connection.execute(delete(SLOT_TOTALS).where(SLOT_TOTALS.c.slot == slot))
    if connection.execute(select(_D.seq).where(*wanted.conditions()).limit(1)).first() is not None:
        _add(connection, wanted, slot, top_tier)
    row = {"n": n_changes, "top_tier": top_tier, "definitions": DEFINITIONS}
    statement = insert_into(connection, SLOTS_ROLLED).values(slot=slot, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["slot"], set_=row))


def _add(connection: Connection, wanted: Wanted, slot: int, top_tier: str) -> None:
    for table, query in added_up(connection, wanted, slot, top_tier):
        connection.execute(insert(table).from_select([column.name for column in table.c], query))
    names = [column.name for column in SLOT_TOTALS.c]
    for changed in (slot, *_split(connection, slot)):
        connection.execute(delete(SLOT_TOTALS).where(SLOT_TOTALS.c.slot == changed))
        connection.execute(insert(SLOT_TOTALS).from_select(names, totals_of(changed)))


def _split(connection: Connection, slot: int) -> list[int]:
    """Marks the tasks that the half-hour shares with others, here and there; returns the others of which rows were
    marked."""
    other, c = SLOT_TASKS.alias("other"), SLOT_TASKS.c
    is_another = (other.c.slot != slot) | (other.c.experiment != c.experiment) | (other.c.arm != c.arm)
    is_shared = select(other.c.slot).where(other.c.cluster == c.cluster, is_another).exists()
    mark = update(SLOT_TASKS).values(is_split=True)
    connection.execute(mark.where(c.slot == slot, is_shared))
    own = select(other.c.cluster).where(other.c.slot == slot, other.c.is_split)
    elsewhere = c.cluster.in_(own), c.slot != slot, ~c.is_split
    found = list(connection.scalars(select(c.slot).where(*elsewhere).distinct()))
    if found:
        connection.execute(mark.where(*elsewhere))
    return found


def totals_of(slot: int) -> Select[tuple[object, ...]]:
    """What goes into ``SLOT_TOTALS``, from the tasks of the half-hour."""
    own = select(SLOT_TASKS).where(SLOT_TASKS.c.slot == slot, ~SLOT_TASKS.c.is_split).subquery("own")
    of_arm = own.c.experiment, own.c.arm
    return select(literal(slot), *of_arm, *sums_of(own)).group_by(*of_arm)


def added_up(
    connection: Connection, wanted: Wanted, slot: int, top_tier: str
) -> tuple[tuple[Table, Select[tuple[object, ...]]], ...]:
    """What goes into which table. Whoever changes it raises ``DEFINITIONS``."""
    return (
        (SLOT_SUMS, _sums(connection, wanted, slot, top_tier)),
        (SLOT_VALUES, _values(wanted, slot)),
        (SLOT_TASKS, _tasks(connection, wanted, slot, top_tier)),
    )


def forget_before(connection: Connection, before: float) -> None:
    """Leaves nothing of the half-hours that began before ``before``, which are being pruned."""
    for table in (SLOT_SUMS, SLOT_VALUES, SLOT_TASKS, SLOT_TOTALS, SLOTS_ROLLED, SLOT_CHANGES):
        connection.execute(delete(table).where(table.c.slot <= slot_of(before)))


def _sums(connection: Connection, wanted: Wanted, slot: int, top_tier: str) -> Select[tuple[object, ...]]:
    plain = ("created_at", "tier", "policy", "router_version", "is_fallback", "is_unfamiliar", "p_success")
    rows = settled(connection, wanted, *plain, top_tier=top_tier)
    c = rows.c
    p_chosen = cast(_entry(connection, c.p_success, c.tier), Float)
    has_promise = c.chosen_success.is_not(None) & p_chosen.is_not(None)
    return select(
        literal(slot),
        c.tier,
        c.policy,
        c.router_version,
        func.min(c.created_at),
        func.max(c.created_at),
        func.count(),
        count_where(c.is_fallback),
        count_where(c.is_unfamiliar),
        count_where(c.chosen_success.is_not(None)),
        count_where(c.chosen_success == 1),
        count_where(has_promise),
        count_where(has_promise & c.is_unfamiliar),
        count_where(has_promise & (c.chosen_success == 1)),
        count_where(c.success.is_not(None)),
        count_where(c.success == 1),
        func.coalesce(func.sum(c.spent_usd), 0.0),
        sum_where(is_compared(rows), c.spent_usd),
        sum_where(is_compared(rows), c.top_usd),
        func.coalesce(func.sum(case((has_promise, p_chosen), else_=0.0)), 0.0),
    ).group_by(c.tier, c.policy, c.router_version)


def _values(wanted: Wanted, slot: int) -> Select[tuple[object, ...]]:
    each = union_all(
        *(
            select(literal(name).label("name"), _D[name].label("value"), func.count().label("n"))
            .where(*wanted.conditions(), _D[name].is_not(None))
            .group_by(_D[name])
            for name in ROLLED_VALUES
        )
    ).subquery("each")
    return select(literal(slot, Integer), each.c.name, each.c.value, each.c.n)


def _tasks(connection: Connection, wanted: Wanted, slot: int, top_tier: str) -> Select[tuple[object, ...]]:
    clusters = clusters_of(connection, wanted, top_tier, by_arm=True).subquery("clusters")
    return select(literal(slot), *clusters.c, false())


def _entry(connection: Connection, document: ColumnElement[Any], name: ColumnElement[str]) -> ColumnElement[Any]:
    """The entry of a JSON object that a column names."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(document, '$."' + name + '"')
    return func.json_extract_path_text(document, name)
