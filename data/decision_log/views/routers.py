"""The routers that decided: when, how much, and whether what they predicted came true."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, Select, case, cast, func, literal, select

from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.half_hours.tables import SLOT_SECONDS, SLOT_SUMS
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.texts import storable
from tierwise.data.decision_log.views.settled import Wanted, expected, settled

_D = DECISIONS.c


@dataclass(frozen=True, slots=True)
class RouterRow:
    """One router version in a period; times are seconds since the epoch."""

    router_version: str
    policy: str
    first_at: float
    last_at: float
    n_decisions: int
    n_fallback: int
    n_unfamiliar: int

    def joined(self, other: "RouterRow") -> "RouterRow":
        """The same version in two periods as one."""
        return replace(
            self,
            first_at=min(self.first_at, other.first_at),
            last_at=max(self.last_at, other.last_at),
            n_decisions=self.n_decisions + other.n_decisions,
            n_fallback=self.n_fallback + other.n_fallback,
            n_unfamiliar=self.n_unfamiliar + other.n_unfamiliar,
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """Settled decisions of a stretch of time: what was predicted of the chosen tier, and how many succeeded.

    The prediction is about an attempt on the chosen tier: what escalation made of a failure does not count.
    """

    start: float
    n: int
    n_unfamiliar: int
    p_success: float
    success: float


def find_routers(connection: Connection, wanted: Wanted) -> list[RouterRow]:
    """Every router version that decided in the period, newest first."""
    cover = coverage(connection, wanted) if wanted.is_everything else Coverage((), (wanted,))
    parts = [_plain_routers(part) for part in cover.plain]
    if cover.rolled:
        parts.append(_rolled_routers(cover))
    found: dict[tuple[str, str], RouterRow] = {}
    for part in parts:
        for row in (RouterRow(*each) for each in connection.execute(part)):
            before = found.get((row.router_version, row.policy))
            found[row.router_version, row.policy] = row if before is None else before.joined(row)
    return sorted(found.values(), key=lambda row: -row.last_at)


def _plain_routers(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    return (
        select(
            _D.router_version,
            _D.policy,
            func.min(_D.created_at),
            func.max(_D.created_at),
            func.count(),
            func.sum(case((_D.is_fallback, 1), else_=0)),
            func.sum(case((_D.is_unfamiliar, 1), else_=0)),
        )
        .where(*wanted.conditions())
        .group_by(_D.router_version, _D.policy)
    )


def _rolled_routers(cover: Coverage) -> Select[*tuple[Any, ...]]:
    c = SLOT_SUMS.c
    sums = (cast(func.sum(c[name]), Integer) for name in ("n", "fallback", "unfamiliar"))
    query = select(c.router_version, c.policy, func.min(c.first_at), func.max(c.last_at), *sums)
    return query.where(cover.of(SLOT_SUMS)).group_by(c.router_version, c.policy)


def promises(connection: Connection, wanted: Wanted, tiers: tuple[str, ...], slot_seconds: int) -> list[Promise]:
    """Predicted and observed success over time, oldest first."""
    of_router = replace(wanted, router_version=None)
    can_add_up = of_router.is_everything and slot_seconds % SLOT_SECONDS == 0
    cover = coverage(connection, wanted) if can_add_up else Coverage((), (wanted,))
    parts = [_plain_promises(connection, part, tiers, slot_seconds) for part in cover.plain]
    if cover.rolled:
        parts.append(_rolled_promises(cover, wanted, tiers, slot_seconds))
    found: dict[int, list[float]] = {}
    for part in parts:
        for slot, *sums in connection.execute(part):
            before = found.setdefault(slot, [0] * len(sums))
            found[slot] = [a + b for a, b in zip(before, sums, strict=True)]
    return [
        Promise(slot * slot_seconds, int(n), int(n_unfamiliar), p / n, success / n)
        for slot, (n, n_unfamiliar, p, success) in sorted(found.items())
        if n
    ]


def _plain_promises(
    connection: Connection, wanted: Wanted, tiers: tuple[str, ...], slot_seconds: int
) -> Select[*tuple[Any, ...]]:
    rows = settled(connection, wanted, "created_at", "tier", "is_unfamiliar", "p_success")
    predicted = select(
        cast(func.floor(rows.c.created_at / slot_seconds), Integer).label("slot"),
        _of_choice(rows.c.tier, rows.c.p_success, tiers).label("p"),
        rows.c.chosen_success.label("success"),
        rows.c.is_unfamiliar,
    ).where(rows.c.chosen_success.is_not(None))
    each = predicted.subquery("predicted")
    n_unfamiliar = func.sum(case((each.c.is_unfamiliar, 1), else_=0))
    query = select(each.c.slot, func.count(), n_unfamiliar, func.sum(each.c.p), func.sum(each.c.success))
    return query.where(each.c.p.is_not(None)).group_by(each.c.slot)


def _rolled_promises(
    cover: Coverage, wanted: Wanted, tiers: tuple[str, ...], slot_seconds: int
) -> Select[*tuple[Any, ...]]:
    c = SLOT_SUMS.c
    slot = c.slot // (slot_seconds // SLOT_SECONDS)
    names = ("promised", "promised_unfamiliar", "p_promised", "promised_sufficed")
    query = select(slot, *(cast(func.sum(c[name]), Float) for name in names)).where(
        cover.of(SLOT_SUMS), c.tier.in_(tiers)
    )
    if wanted.router_version is not None:
        query = query.where(c.router_version == storable(wanted.router_version))
    return query.group_by(slot)


def _of_choice(tier: ColumnElement[str], document: ColumnElement[Any], tiers: tuple[str, ...]) -> ColumnElement[float]:
    """The entry of a JSON column by tier for the tier that was chosen."""
    return case(*((tier == name, expected(document, name)) for name in tiers), else_=literal(None, Float))
