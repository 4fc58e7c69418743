"""Routers: the versions that decided, the evidence of the live one, and whether its promises hold."""

import time

from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log.views import routers as views
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.serving.dashboard.page import EXPERIMENT_REPORT, chart, dashboard_of, render
from tierwise.serving.dashboard.pages.evidence import find_evidence, live_router, training_summary
from tierwise.serving.dashboard.period import END_OF_TIME, PERIODS, read_period

_N_ENTRIES = 50


def routers(request: Request) -> Response:
    dashboard = dashboard_of(request)
    period = read_period(request.query_params.get("period"), time.time())
    wanted = Wanted(period.since, END_OF_TIME)
    reader, service = dashboard.reader, dashboard.service
    live_only = Wanted(period.since, END_OF_TIME, router_version=service.slot.decider.version)
    promises = reader.ask(views.promises, live_only, dashboard.tiers, period.slot_seconds)
    router = live_router(service)
    return render(
        request,
        "routers.html",
        active="routers",
        period=period,
        periods=PERIODS,
        versions=reader.ask(views.find_routers, wanted),
        router=router,
        policy=None if router is None else router.parts.policy,
        training=training_summary(service),
        source=service.settings.registry or service.settings.bundle,
        evidence=find_evidence(service),
        trail=[entry for entry in reversed(reader.log.audit()) if entry.action != EXPERIMENT_REPORT][:_N_ENTRIES],
        challenger=service.challenger.state if service.challenger.state.has_bundle else None,
        promises=promises,
        drift_chart=_drift_chart(promises, period.slot_seconds) if promises else None,
    )


def _drift_chart(promises: list[views.Promise], slot_seconds: int) -> str:
    series = [
        {"name": "predicted", "color": "quiet", "values": [each.p_success for each in promises], "dashed": True},
        {"name": "observed", "color": "accent", "values": [each.success for each in promises]},
    ]
    starts = [each.start for each in promises]
    return chart(kind="lines", times=starts, slot=slot_seconds, series=series, unit="percent")
