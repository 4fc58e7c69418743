"""What a period came to: decisions, success, spend, and what the top tier alone would have been expected to cost."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Integer, Subquery, case, cast, func, select

from tierwise.data.decision_log.views.settled import Wanted, settled
from tierwise.data.intervals import ClusterSums, Interval, saving_interval, share_interval


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
    rows = settled(connection, wanted, "task_id", "is_fallback", "is_unfamiliar", top_tier=top_tier)
    is_compared = _is_compared(rows)
    clusters = (
        select(
            func.max(rows.c.task_id).label("task"),
            func.count().label("n"),
            _count(rows.c.n_attempts > 0).label("with_outcome"),
            _count(rows.c.success.is_not(None)).label("settled"),
            _count(rows.c.success == 1).label("succeeded"),
            _count(rows.c.is_fallback).label("fallback"),
            _count(rows.c.is_unfamiliar).label("unfamiliar"),
            _count(rows.c.n_attempts > 1).label("escalated"),
            _count(is_compared).label("compared"),
            func.coalesce(func.sum(rows.c.spent_usd), 0.0).label("spent"),
            _where(is_compared, rows.c.spent_usd).label("x"),
            _where(is_compared, rows.c.top_usd).label("y"),
        )
        .group_by(func.coalesce(rows.c.task_id, rows.c.decision_id))
        .subquery("clusters")
    )
    return _totals(connection, clusters)


def timeline(connection: Connection, wanted: Wanted, top_tier: str, slot_seconds: int) -> list[Slot]:
    """The wanted decisions by time and tier; slots without decisions are left out."""
    rows = settled(connection, wanted, "created_at", "tier", top_tier=top_tier)
    is_compared = _is_compared(rows)
    number = cast(func.floor(rows.c.created_at / slot_seconds), Integer)
    query = select(
        number,
        rows.c.tier,
        func.count(),
        _count(rows.c.chosen_success.is_not(None)),
        _count(rows.c.chosen_success == 1),
        func.coalesce(func.sum(rows.c.spent_usd), 0.0),
        _where(is_compared, rows.c.spent_usd),
        _where(is_compared, rows.c.top_usd),
    )
    found = connection.execute(query.group_by(number, rows.c.tier).order_by(number))
    return [Slot(row[0] * slot_seconds, *row[1:]) for row in found]


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


def _is_compared(rows: Subquery) -> ColumnElement[bool]:
    return rows.c.spent_usd.is_not(None) & rows.c.top_usd.is_not(None)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _where(condition: ColumnElement[bool], value: ColumnElement[float]) -> ColumnElement[float]:
    return func.coalesce(func.sum(case((condition, value), else_=0.0)), 0.0)


def _pair_sums(x: ColumnElement[float], y: ColumnElement[float], name: str) -> list[ColumnElement[float]]:
    parts = {"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}
    return [func.coalesce(func.sum(part), 0).label(f"{name}_{key}") for key, part in parts.items()]


def _five(row: object, name: str) -> list[float]:
    return [float(row[f"{name}_{key}"]) for key in ("x", "y", "xx", "yy", "xy")]  # type: ignore[index]
