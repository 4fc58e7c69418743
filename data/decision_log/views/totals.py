"""What a period came to: decisions, success, spend, and what the top tier alone would have been expected to cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, Integer, Select, cast, func, select

from tierwise.data.compared.intervals import ClusterSums, Interval, saving_interval, share_interval
from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.half_hours.tables import SLOT_SECONDS, SLOT_SUMS
from tierwise.data.decision_log.views.settled import Wanted, settled
from tierwise.data.decision_log.views.task_sums import can_add_up, count_where, is_compared, sum_where, summed


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
    cover = coverage(connection, wanted, top_tier) if can_add_up(wanted) else Coverage((), (wanted,))
    sums = summed(connection, cover, wanted, top_tier)
    success = _clusters(sums, "settled", "succeeded", "settled", "success")
    saving = _clusters(sums, "compared", "x", "y", "saving")
    return Totals(
        n_decisions=int(sums["n"]),
        n_tasks=int(sums["n_tasks"]),
        n_with_outcome=int(sums["with_outcome"]),
        n_settled=int(sums["settled"]),
        n_fallback=int(sums["fallback"]),
        n_unfamiliar=int(sums["unfamiliar"]),
        n_escalated=int(sums["escalated"]),
        spent_usd=sums["spent"],
        success=share_interval(success),
        n_compared=int(sums["compared"]),
        compared_usd=saving.x,
        top_usd=saving.y,
        saving=saving_interval(saving),
    )


def _clusters(sums: Mapping[str, float], n: str, x: str, y: str, name: str) -> ClusterSums:
    squares = (sums[f"{name}_{pair}"] for pair in ("xx", "yy", "xy"))
    return ClusterSums(int(sums[n]), int(sums["n_clusters"]), sums[x], sums[y], *squares)


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
