"""The routers that decided: when, how much, and whether what they predicted came true."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, case, cast, func, literal, select

from tierwise.data.decision_log.tables import DECISIONS
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
    last = func.max(_D.created_at)
    query = (
        select(
            _D.router_version,
            _D.policy,
            func.min(_D.created_at),
            last,
            func.count(),
            func.sum(case((_D.is_fallback, 1), else_=0)),
            func.sum(case((_D.is_unfamiliar, 1), else_=0)),
        )
        .where(*wanted.conditions())
        .group_by(_D.router_version, _D.policy)
        .order_by(last.desc())
    )
    return [RouterRow(*row) for row in connection.execute(query)]


def promises(connection: Connection, wanted: Wanted, tiers: tuple[str, ...], slot_seconds: int) -> list[Promise]:
    """Predicted and observed success over time, oldest first."""
    rows = settled(connection, wanted, "created_at", "tier", "is_unfamiliar", "p_success")
    predicted = select(
        cast(func.floor(rows.c.created_at / slot_seconds), Integer).label("slot"),
        _of_choice(rows.c.tier, rows.c.p_success, tiers).label("p"),
        rows.c.chosen_success.label("success"),
        rows.c.is_unfamiliar,
    ).where(rows.c.chosen_success.is_not(None))
    each = predicted.subquery("predicted")
    query = (
        select(
            each.c.slot,
            func.count(),
            func.sum(case((each.c.is_unfamiliar, 1), else_=0)),
            func.avg(each.c.p),
            func.avg(cast(each.c.success, Float)),
        )
        .where(each.c.p.is_not(None))
        .group_by(each.c.slot)
        .order_by(each.c.slot)
    )
    return [Promise(row[0] * slot_seconds, *row[1:]) for row in connection.execute(query)]


def _of_choice(tier: ColumnElement[str], document: ColumnElement[Any], tiers: tuple[str, ...]) -> ColumnElement[float]:
    """The entry of a JSON column by tier for the tier that was chosen."""
    return case(*((tier == name, expected(document, name)) for name in tiers), else_=literal(None, Float))
