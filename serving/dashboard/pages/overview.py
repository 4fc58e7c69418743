"""The first page: spend, saving, success, tier split, latency and fallbacks of a period."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log.views import search, totals
from tierwise.data.decision_log.views.search import Sampled
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.data.decision_log.views.totals import Slot
from tierwise.serving.dashboard.page import DEMO_SESSION, chart, dashboard_of, render, tier_color
from tierwise.serving.dashboard.pages.comparison import against_rules
from tierwise.serving.dashboard.period import END_OF_TIME, PERIODS, Period, read_period
from tierwise.serving.routers.slot import guardrails_of

TARGET_SPLIT = (0.90, 0.09, 0.01)


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier in the period; ``target`` is its share in a 90/9/1 split, where there are three tiers."""

    tier: str
    n: int
    share: float
    target: float | None
    n_tried: int
    p_sufficed: float | None
    spent_usd: float


def overview(request: Request) -> Response:
    dashboard = dashboard_of(request)
    period = read_period(request.query_params.get("period"), time.time())
    wanted = Wanted(period.since, END_OF_TIME)
    ask, top = dashboard.reader.ask, dashboard.top_tier
    found = ask(totals.totals, wanted, top)
    slots = ask(totals.timeline, wanted, top, period.slot_seconds)
    sample = ask(search.recent_sample, wanted)
    service = dashboard.service
    return render(
        request,
        "overview.html",
        active="overview",
        period=period,
        periods=PERIODS,
        totals=found,
        tier_rows=tier_rows(slots, dashboard.tiers),
        rules=against_rules(sample, service.slot.decider.catalogue, guardrails_of(service.settings)),
        latencies=latencies(sample, dashboard.tiers),
        reasons=ask(search.count_values, wanted, "reason_code"),
        split_chart=_split_chart(slots, dashboard.tiers, period),
        spend_chart=_spend_chart(slots, period, top),
        has_demo=ask(search.has_session, DEMO_SESSION),
        is_empty=not found.n_decisions and dashboard.reader.ask_anew(search.is_empty),
    )


def tier_rows(slots: Sequence[Slot], tiers: tuple[str, ...]) -> list[TierRow]:
    """The slots summed by tier, cheapest first; tiers that the live router does not know come last."""
    n_all = sum(slot.n_decisions for slot in slots)
    unknown = sorted({slot.tier for slot in slots} - set(tiers))
    rows = []
    for position, tier in enumerate((*tiers, *unknown)):
        own = [slot for slot in slots if slot.tier == tier]
        n, n_tried = sum(slot.n_decisions for slot in own), sum(slot.n_tried for slot in own)
        target = TARGET_SPLIT[position] if len(tiers) == len(TARGET_SPLIT) and tier in tiers else None
        p_sufficed = sum(slot.n_sufficed for slot in own) / n_tried if n_tried else None
        spent = sum(slot.spent_usd for slot in own)
        rows.append(TierRow(tier, n, n / n_all if n_all else 0.0, target, n_tried, p_sufficed, spent))
    return rows


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the attempts of recent decisions took, by the tier that was chosen, milliseconds."""

    tier: str
    n: int
    median_ms: float
    p95_ms: float


def latencies(sample: Sequence[Sampled], tiers: tuple[str, ...]) -> list[Latency]:
    by_tier: Mapping[str, list[float]] = {tier: [] for tier in tiers}
    for each in sample:
        if each.latency_ms is not None and each.tier in by_tier:
            by_tier[each.tier].append(each.latency_ms)
    return [
        Latency(tier, len(found), sorted(found)[len(found) // 2], sorted(found)[int(len(found) * 0.95)])
        for tier, found in by_tier.items()
        if found
    ]


def _split_chart(slots: Sequence[Slot], tiers: tuple[str, ...], period: Period) -> str:
    starts = _starts(slots, period)
    n = {(slot.start, slot.tier): slot.n_decisions for slot in slots}
    series = [
        {"name": tier, "color": tier_color(tier, tiers), "values": [n.get((start, tier), 0) for start in starts]}
        for tier in tiers
    ]
    return chart(kind="bars", times=starts, slot=period.slot_seconds, series=series, unit="decisions")


def _spend_chart(slots: Sequence[Slot], period: Period, top_tier: str) -> str:
    starts = _starts(slots, period)
    spent, top = dict.fromkeys(starts, 0.0), dict.fromkeys(starts, 0.0)
    for slot in slots:
        if slot.start in spent:  # where a clock was far ahead some lie beyond the last
            spent[slot.start] += slot.compared_usd
            top[slot.start] += slot.top_usd
    series = [
        {"name": "spent", "color": "accent", "values": list(spent.values())},
        {"name": f"always {top_tier}, expected", "color": "quiet", "values": list(top.values()), "dashed": True},
    ]
    return chart(kind="lines", times=starts, slot=period.slot_seconds, series=series, unit="usd")


def _starts(slots: Sequence[Slot], period: Period) -> list[float]:
    """Every slot from the first to the last, those without decisions too."""
    if not slots:
        return []
    first, last = slots[0].start, slots[-1].start
    n = int((last - first) / period.slot_seconds)
    return [first + i * period.slot_seconds for i in range(min(n, 2_000) + 1)]
