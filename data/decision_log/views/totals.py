"""What a period came to: decisions, success, spend, and what the top tier alone would have been expected to cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, Select, Subquery, case, cast, func, select, union_all

from tierwise.data.compared.intervals import ClusterSums, Interval, saving_interval, share_interval
from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.half_hours.tables import (
    CLUSTER_COUNTS,
    CLUSTER_USD,
    SLOT_SECONDS,
    SLOT_SUMS,
    SLOT_TASKS,
)
from tierwise.data.decision_log.views.settled import Wanted, settled


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a period. ``success`` is the share of settled decisions that succeeded.

    ``saving`` compares, on the ``n_compared`` decisions whose cost is known and for which the router expected a cost of
    the top tier, what was spent (``compared_usd``) with that expectation (``top_usd``).
    """

    n_decisions: int
    n_tasks: int
    n_with_outcome: int
    n_settled: int
    n_fallback: int
    n_unfamiliar: int
    n_escalated: int
    spent_usd: float
    success: Interval | None
    n_compared: int
    compared_usd: float
    top_usd: float
    saving: Interval | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of time and one tier: how many decisions chose it, and what they came to.

    ``n_tried`` of them report a verdict on the chosen tier itself, ``n_sufficed`` that it succeeded. ``compared_usd``
    and ``top_usd`` are as in ``Totals``, ``spent_usd`` is everything.
    """

    start: float
    tier: str
    n_decisions: int
    n_tried: int
    n_sufficed: int
    spent_usd: float
    compared_usd: float
    top_usd: float


def totals(connection: Connection, wanted: Wanted, top_tier: str) -> Totals:
    """The sums of the wanted decisions, with intervals that draw whole tasks."""
    cover = coverage(connection, wanted, top_tier) if wanted.is_everything else Coverage((), (wanted,))
    parts: list[Select[*tuple[Any, ...]]] = [clusters_of(connection, each, top_tier) for each in cover.plain]
    if cover.rolled:
        parts.append(select(*(c for c in SLOT_TASKS.c if c.name != "slot")).where(cover.of(SLOT_TASKS)))
    return _totals(connection, _joined(parts) if len(parts) > 1 else parts[0].subquery("clusters"))


def clusters_of(connection: Connection, wanted: Wanted, top_tier: str) -> Select[*tuple[Any, ...]]:
    """One row a task, and one a decision without task: the columns of ``SLOT_TASKS`` but its first."""
    rows = settled(connection, wanted, "task_id", "is_fallback", "is_unfamiliar", top_tier=top_tier)
    compared = is_compared(rows)
    cluster = func.coalesce(rows.c.task_id, rows.c.decision_id)
    return select(
        cluster.label("cluster"),
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
    ).group_by(cluster)


def _joined(parts: Sequence[Select[*tuple[Any, ...]]]) -> Subquery:
    """The rows of one task in several parts as one."""
    each = union_all(*parts).subquery("each")
    sums = (func.sum(each.c[name]).label(name) for name in (*CLUSTER_COUNTS, *CLUSTER_USD))
    return select(func.max(each.c.task).label("task"), *sums).group_by(each.c.cluster).subquery("clusters")


def timeline(connection: Connection, wanted: Wanted, top_tier: str, slot_seconds: int) -> list[Slot]:
    """The wanted decisions by time and tier; slots without decisions are left out."""
    can_add_up = wanted.is_everything and slot_seconds % SLOT_SECONDS == 0
    cover = coverage(connection, wanted, top_tier) if can_add_up else Coverage((), (wanted,))
    parts = [_plain_slots(connection, each, top_tier, slot_seconds) for each in cover.plain]
    if cover.rolled:
        parts.append(_rolled_slots(cover, slot_seconds))
    found: dict[tuple[int, str], list[float]] = {}
    for part in parts:
        for number, tier, *sums in connection.execute(part):
            before = found.setdefault((number, tier), [0] * len(sums))
            found[number, tier] = [a + b for a, b in zip(before, sums, strict=True)]
    return [
        Slot(number * slot_seconds, tier, int(sums[0]), int(sums[1]), int(sums[2]), *sums[3:])
        for (number, tier), sums in sorted(found.items())
    ]


def _plain_slots(connection: Connection, wanted: Wanted, top_tier: str, slot_seconds: int) -> Select[Any]:
    rows = settled(connection, wanted, "created_at", "tier", top_tier=top_tier)
    compared = is_compared(rows)
    number = cast(func.floor(rows.c.created_at / slot_seconds), Integer)
    return select(
        number,
        rows.c.tier,
        func.count(),
        count_where(rows.c.chosen_success.is_not(None)),
        count_where(rows.c.chosen_success == 1),
        func.coalesce(func.sum(rows.c.spent_usd), 0.0),
        sum_where(compared, rows.c.spent_usd),
        sum_where(compared, rows.c.top_usd),
    ).group_by(number, rows.c.tier)


def _rolled_slots(cover: Coverage, slot_seconds: int) -> Select[Any]:
    c = SLOT_SUMS.c
    number = c.slot // (slot_seconds // SLOT_SECONDS)
    sums = (cast(func.sum(c[name]), Float) for name in ("n", "tried", "sufficed", "spent", "compared", "top"))
    return select(number, c.tier, *sums).where(cover.of(SLOT_SUMS)).group_by(number, c.tier)


def _totals(connection: Connection, clusters: Subquery) -> Totals:
    c = clusters.c
    summed = ("n", "with_outcome", "settled", "succeeded", "fallback", "unfamiliar", "escalated", "compared", "spent")
    query = select(
        func.count(),
        func.count(c.task),
        *(func.coalesce(func.sum(c[name]), 0).label(name) for name in summed),
        *_pair_sums(c.succeeded, c.settled, "success"),
        *_pair_sums(c.x, c.y, "saving"),
    )
    row = connection.execute(query).one()._mapping
    success = ClusterSums(int(row["settled"]), row["count_1"], *_five(row, "success"))
    saving = ClusterSums(int(row["compared"]), row["count_1"], *_five(row, "saving"))
    return Totals(
        n_decisions=int(row["n"]),
        n_tasks=row["count_2"],
        n_with_outcome=int(row["with_outcome"]),
        n_settled=int(row["settled"]),
        n_fallback=int(row["fallback"]),
        n_unfamiliar=int(row["unfamiliar"]),
        n_escalated=int(row["escalated"]),
        spent_usd=float(row["spent"]),
        success=share_interval(success),
        n_compared=int(row["compared"]),
        compared_usd=saving.x,
        top_usd=saving.y,
        saving=saving_interval(saving),
    )


def is_compared(rows: Subquery) -> ColumnElement[bool]:
    """Whether it is known what the decision cost and what the top tier would have."""
    return rows.c.spent_usd.is_not(None) & rows.c.top_usd.is_not(None)


def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows fulfil the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def sum_where(condition: ColumnElement[bool], value: ColumnElement[float]) -> ColumnElement[float]:
    """The sum of a value over the rows that fulfil the condition."""
    return func.coalesce(func.sum(case((condition, value), else_=0.0)), 0.0)


def _pair_sums(x: ColumnElement[float], y: ColumnElement[float], name: str) -> list[ColumnElement[float]]:
    parts = {"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}
    return [func.coalesce(func.sum(part), 0).label(f"{name}_{key}") for key, part in parts.items()]


def _five(row: object, name: str) -> list[float]:
    return [float(row[f"{name}_{key}"]) for key in ("x", "y", "xx", "yy", "xy")]  # type: ignore[index]
