"""Lists of decisions: found, counted, a page at a time, newest first."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, cast, func, select

from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.half_hours.tables import ROLLED_VALUES, SLOT_SUMS, SLOT_VALUES
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.views.settled import FAILED, SUCCEEDED, Wanted, settled

PAGE_ROWS = 50
MAX_COUNTED = 10_000
FIRST_LOOK, FURTHER_LOOK = 20, 6

_D = DECISIONS.c
_LISTED = ("created_at", "task_id", "tier", "arm", "reason_code", "task_type", "agent", "node", "is_fallback")
_SAMPLED = (
    "created_at", "task_id", "tier", "task_type", "input_complexity", "requires_judgment", "human_visible",
    "is_unfamiliar", "p_success", "expected_cost_usd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A decision as lists show it. ``success`` None is unknown; costs and latencies are sums over the attempts."""

    decision_id: str
    created_at: float
    task_id: str | None
    tier: str
    arm: str | None
    reason_code: str
    task_type: str | None
    agent: str | None
    node: str | None
    is_fallback: bool
    n_attempts: int
    success: bool | None
    spent_usd: float | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A recent decision with what the router expected of every tier, and what its attempts came to."""

    decision_id: str
    created_at: float
    task_id: str | None
    tier: str
    task_type: str | None
    input_complexity: float | None
    requires_judgment: bool | None
    human_visible: bool | None
    is_unfamiliar: bool
    p_success: Mapping[str, float]
    expected_cost_usd: Mapping[str, float]
    success: bool | None
    spent_usd: float | None
    latency_ms: float | None


def find_decisions(connection: Connection, wanted: Wanted, page: int, page_rows: int = PAGE_ROWS) -> list[Found]:
    """Page ``page`` (from 0) of the wanted decisions, newest first, and one more row where there is another page."""
    n_seen = (page + 1) * page_rows + 1
    found: list[Found] = []
    for window in windows(connection, wanted, n_seen * FIRST_LOOK if wanted.result else n_seen):
        rows = settled(connection, window, *_LISTED)
        query = select(rows).order_by(rows.c.created_at.desc(), rows.c.decision_id.desc())
        read = connection.execute(query.limit(page_rows + 1).offset(page * page_rows))
        found = [Found(**_settled_fields(row, "chosen_success")) for row in read]
        if len(found) > page_rows:
            break
    return found


def count_found(connection: Connection, wanted: Wanted) -> int:
    """How many decisions are wanted; counting stops past ``MAX_COUNTED``."""
    if wanted.result is None:
        return _count(connection, select(_D.seq).where(*wanted.conditions()))
    if wanted.with_result(None).is_everything and (cover := coverage(connection, wanted)).rolled:
        n_found = _rolled_count(connection, cover, wanted.result)
        return min(MAX_COUNTED + 1, n_found + sum(count_found(connection, part) for part in cover.plain))
    n_found = 0
    for window in windows(connection, wanted, 2 * MAX_COUNTED):
        n_found = _count(connection, select(settled(connection, window).c.decision_id))
        if n_found > MAX_COUNTED:
            break
    return n_found


def recent_sample(connection: Connection, wanted: Wanted, limit: int = 2_000) -> list[Sampled]:
    """The newest wanted decisions, at most ``limit``."""
    rows = settled(connection, _newest(connection, wanted, limit), *_SAMPLED)
    query = select(rows).order_by(rows.c.created_at.desc()).limit(limit)
    return [Sampled(**_settled_fields(row, "n_attempts", "chosen_success")) for row in connection.execute(query)]


def distinct_values(
    connection: Connection, wanted: Wanted, columns: tuple[str, ...], limit: int = 100
) -> dict[str, list[str]]:
    """The values that each column has among the wanted decisions, most frequent first; one pass over them for all."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in columns}
    for part in (cover := _value_coverage(connection, wanted, columns)).plain:
        chosen = [_D[name] for name in columns]
        for row in connection.execute(select(*chosen, func.count()).where(*part.conditions()).group_by(*chosen)):
            for name, value in zip(columns, row[:-1], strict=True):
                if value is not None:
                    counted[name][value] += row[-1]
    for name, value, n in _rolled_values(connection, cover, columns):
        counted[name][value] += n
    return {name: [value for value, _ in counts.most_common(limit)] for name, counts in counted.items()}


def count_values(connection: Connection, wanted: Wanted, column: str) -> dict[str, int]:
    """How many wanted decisions have each value of a column, most frequent first."""
    counted: Counter[str] = Counter()
    cover, value = _value_coverage(connection, wanted, (column,)), _D[column]
    for part in cover.plain:
        query = select(value, func.count()).where(*part.conditions(), value.is_not(None)).group_by(value)
        counted.update({row[0]: row[1] for row in connection.execute(query)})
    for _, each, n in _rolled_values(connection, cover, (column,)):
        counted[each] += n
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _rolled_count(connection: Connection, cover: Coverage, result: str | None) -> int:
    """How many decisions of rolled half-hours have the result."""
    c = SLOT_SUMS.c
    ends = {SUCCEEDED: c.succeeded, FAILED: c.settled - c.succeeded}
    wanted = ends.get(result or "", c.n - c.settled)
    query = select(func.coalesce(func.sum(wanted), 0)).where(cover.of(SLOT_SUMS))
    return int(connection.execute(query).scalar_one())


def _value_coverage(connection: Connection, wanted: Wanted, columns: tuple[str, ...]) -> Coverage:
    if wanted.is_everything and set(columns) <= set(ROLLED_VALUES):
        return coverage(connection, wanted)
    return Coverage((), (wanted,))


def _rolled_values(connection: Connection, cover: Coverage, columns: tuple[str, ...]) -> list[Row[str, str, int]]:
    if not cover.rolled:
        return []
    c = SLOT_VALUES.c
    query = select(c.name, c.value, cast(func.sum(c.n), Integer)).where(cover.of(SLOT_VALUES), c.name.in_(columns))
    return list(connection.execute(query.group_by(c.name, c.value)))


def has_session(connection: Connection, session_id: str) -> bool:
    """Whether the log holds a decision of the session."""
    return connection.execute(select(_D.seq).where(_D.session_id == session_id).limit(1)).first() is not None


def is_empty(connection: Connection) -> bool:
    """Whether the log holds nothing at all, not even an outcome."""
    return not any(connection.execute(select(table.c.seq).limit(1)).first() for table in (DECISIONS, OUTCOMES))


def newest_start(connection: Connection, wanted: Wanted, n_decisions: int) -> float:
    """Seconds since the epoch from which on little more than the newest ``n_decisions`` wanted ones were made."""
    return _newest(connection, wanted, n_decisions).since


def windows(connection: Connection, wanted: Wanted, n_decisions: int) -> Iterator[Wanted]:
    """The newest ``n_decisions`` wanted ones, then several times as many, and so on to all of them.

    Who looks for the newest of something rare reads no more of a long period than it takes to find it.
    """
    without_result = wanted.with_result(None)
    while True:
        window = _newest(connection, without_result, n_decisions)
        yield wanted.starting(window.since)
        if window is without_result:
            return
        n_decisions *= FURTHER_LOOK


def _count(connection: Connection, query: Select[Any]) -> int:
    """The rows of a query, counted past ``MAX_COUNTED`` at most."""
    found = query.limit(MAX_COUNTED + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def _newest(connection: Connection, wanted: Wanted, n_decisions: int) -> Wanted:
    """The same with a start so late that little more than the newest ``n_decisions`` are left to be settled."""
    newest_first = select(_D.created_at).where(*wanted.conditions()).order_by(_D.created_at.desc())
    start = connection.execute(newest_first.offset(n_decisions - 1).limit(1)).scalar()
    return wanted if start is None else wanted.starting(start)


def _settled_fields(row: Row[Any], *left_out: str) -> dict[str, Any]:
    fields = {name: value for name, value in row._mapping.items() if name not in left_out}
    fields["success"] = None if fields["success"] is None else bool(fields["success"])
    return fields
