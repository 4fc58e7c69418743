"""Sums over tasks: of each what its decisions came to, and over all tasks what intervals are made of.

Over rolled half-hours most tasks were added up long ago. Put together again are those of several half-hours, and those
that the rest of the period shares with rolled ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    Table,
    case,
    func,
    literal,
    select,
    union,
    union_all,
)

from tierwise.data.decision_log.half_hours.coverage import Coverage
from tierwise.data.decision_log.half_hours.tables import ADDED, CLUSTER_SUMS, COUNTED, SLOT_TASKS, SLOT_TOTALS
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.texts import storable
from tierwise.data.decision_log.views.settled import Wanted, settled

_CLUSTER = ("cluster", "task", *CLUSTER_SUMS)
_SUMS = (*COUNTED, *ADDED)


def clusters_of(
    connection: Connection, wanted: Wanted, top_tier: str, by_arm: bool = False
) -> Select[*tuple[Any, ...]]:
    """One row a task, and one a decision without task: what ``SLOT_TASKS`` says of it. With ``by_arm`` one for each arm
    of an experiment that the task saw, named in further columns."""
    names = ("task_id", "is_fallback", "is_unfamiliar", *(("experiment", "arm") if by_arm else ()))
    rows = settled(connection, wanted, *names, top_tier=top_tier)
    compared = is_compared(rows)
    cluster = func.coalesce(rows.c.task_id, rows.c.decision_id)
    arm = case((rows.c.experiment.is_not(None), rows.c.arm), else_=None) if by_arm else None
    of_arm = () if arm is None else (func.coalesce(rows.c.experiment, ""), func.coalesce(arm, ""))
    return select(
        cluster.label("cluster"),
        *(column.label(name) for column, name in zip(of_arm, ("experiment", "arm"), strict=False)),
        func.max(rows.c.task_id).label("task"),
        func.count().label("n"),
        count_where(rows.c.n_attempts > 0).label("with_outcome"),
        count_where(rows.c.success.is_not(None)).label("settled"),
        count_where(rows.c.success == 1).label("succeeded"),
        count_where(rows.c.is_fallback).label("fallback"),
        count_where(rows.c.is_unfamiliar).label("unfamiliar"),
        count_where(rows.c.n_attempts > 1).label("escalated"),
        count_where(compared).label("compared"),
        func.coalesce(func.sum(rows.c.spent_usd), 0.0).label("spent"),
        sum_where(compared, rows.c.spent_usd).label("x"),
        sum_where(compared, rows.c.top_usd).label("y"),
    ).group_by(cluster, *of_arm)


def sums_of(clusters: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The columns of ``SLOT_TOTALS`` but its first, from rows of one task each."""
    c = clusters.c
    squares = {
        "success_xx": c.succeeded * c.succeeded,
        "success_yy": c.settled * c.settled,
        "success_xy": c.succeeded * c.settled,
        "saving_xx": c.x * c.x,
        "saving_yy": c.y * c.y,
        "saving_xy": c.x * c.y,
    }
    parts = {name: func.sum(squares[name] if name in squares else c[name]) for name in _SUMS[2:]}
    counts = func.count().label("n_clusters"), func.count(c.task).label("n_tasks")
    return (*counts, *(func.coalesce(part, 0).label(name) for name, part in parts.items()))


def can_add_up(wanted: Wanted) -> bool:
    """Whether ``summed`` can read what is wanted from rolled half-hours: everything, or one arm of an experiment."""
    is_arm = wanted.experiment is not None and wanted.arm is not None
    return (replace(wanted, experiment=None, arm=None) if is_arm else wanted).is_everything


def summed(connection: Connection, cover: Coverage, wanted: Wanted, top_tier: str) -> Mapping[str, float]:
    """The figures of ``SLOT_TOTALS`` over all tasks of what is covered."""
    plain = [clusters_of(connection, each, top_tier) for each in cover.plain]
    if not cover.rolled:
        return _read(connection, select(literal(1), *sums_of(plain[0].subquery("clusters"))))
    totals = select(literal(1), *(func.coalesce(func.sum(SLOT_TOTALS.c[name]), 0).label(name) for name in _SUMS))
    parts = [totals.where(*_rolled(cover, SLOT_TOTALS, wanted))]
    columns = [SLOT_TASKS.c[name] for name in _CLUSTER]
    rolled = _rolled(cover, SLOT_TASKS, wanted)
    split = select(*columns).where(*rolled, SLOT_TASKS.c.is_split)
    if not plain:
        return _read(connection, *parts, select(literal(1), *sums_of(_joined([split]))))
    fresh = union_all(*plain).cte("fresh")
    is_shared = SLOT_TASKS.c.cluster.in_(select(fresh.c.cluster))
    shared = select(*columns).where(*rolled, ~SLOT_TASKS.c.is_split, is_shared).cte("shared")
    joined = _joined([select(*fresh.c), split, select(*shared.c)])
    return _read(
        connection, *parts, select(literal(1), *sums_of(joined)), select(literal(-1), *sums_of(shared))
    )  # what is put together anew no longer counts as it was


def n_tasks(connection: Connection, cover: Coverage) -> int:
    """How many tasks have a step in what is covered."""
    task = DECISIONS.c.task_id
    plain = [select(task.label("task")).where(*each.conditions(), task.is_not(None)) for each in cover.plain]
    if not cover.rolled:
        return _count(connection, plain[0].distinct().subquery("named"))
    c = SLOT_TASKS.c
    split = select(c.task).where(cover.of(SLOT_TASKS), c.is_split, c.task.is_not(None))
    added_up = select(func.coalesce(func.sum(SLOT_TOTALS.c.n_tasks), 0)).where(cover.of(SLOT_TOTALS))
    n_whole = int(connection.execute(added_up).scalar_one())
    if not plain:
        return n_whole + _count(connection, split.distinct().subquery("named"))
    fresh = union(*plain).cte("fresh")
    is_shared = ~c.is_split & c.task.is_not(None) & c.cluster.in_(select(fresh.c.task))
    shared = select(c.task).where(cover.of(SLOT_TASKS), is_shared).subquery("shared")
    return (
        n_whole + _count(connection, union(select(fresh.c.task), split).subquery("named")) - _count(connection, shared)
    )


def _rolled(cover: Coverage, table: Table, wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.experiment is None:
        return [cover.of(table)]
    of_arm = table.c.experiment == storable(wanted.experiment), table.c.arm == storable(wanted.arm or "")
    return [cover.of(table), *of_arm]


def is_compared(rows: Subquery) -> ColumnElement[bool]:
    """Whether it is known what the decision cost and what the top tier would have."""
    return rows.c.spent_usd.is_not(None) & rows.c.top_usd.is_not(None)


def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows fulfil the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def sum_where(condition: ColumnElement[bool], value: ColumnElement[float]) -> ColumnElement[float]:
    """The sum of a value over the rows that fulfil the condition."""
    return func.coalesce(func.sum(case((condition, value), else_=0.0)), 0.0)


def _joined(parts: Sequence[Select[*tuple[Any, ...]]]) -> Subquery:
    """The rows of one task in several parts as one."""
    each = union_all(*parts).subquery("each")
    sums = (func.sum(each.c[name]).label(name) for name in CLUSTER_SUMS)
    return select(func.max(each.c.task).label("task"), *sums).group_by(each.c.cluster).subquery("clusters")


def _read(connection: Connection, *parts: Select[*tuple[Any, ...]]) -> Mapping[str, float]:
    """What the parts add up to; the first column of each says with which sign."""
    found = dict.fromkeys(_SUMS, 0.0)
    for sign, *sums in connection.execute(union_all(*parts) if len(parts) > 1 else parts[0]):
        for name, value in zip(_SUMS, sums, strict=True):
            found[name] += sign * float(value)
    return found


def _count(connection: Connection, named: Subquery) -> int:
    return int(connection.execute(select(func.count()).select_from(named)).scalar_one())
