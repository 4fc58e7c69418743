"""Decisions: found and filtered, and one in full."""

import time

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log import StoredDecision
from tierwise.data.decision_log.views import search
from tierwise.data.decision_log.views.settled import FAILED, SUCCEEDED, UNKNOWN, Wanted
from tierwise.data.serialise import step_to_dict
from tierwise.router_model.options import DecideOptions
from tierwise.serving.dashboard.page import Dashboard, dashboard_of, render
from tierwise.serving.dashboard.pages.failures import step_success
from tierwise.serving.dashboard.period import END_OF_TIME, PERIODS, read_period

RESULTS = (SUCCEEDED, FAILED, UNKNOWN)
FACETS = ("tier", "agent", "node", "task_type", "arm", "reason_code", "router_version")
MAX_PAGE = 200


def decisions(request: Request) -> Response:
    dashboard = dashboard_of(request)
    given = request.query_params
    period = read_period(given.get("period"), time.time())
    result = given.get("result") if given.get("result") in RESULTS else None
    filters = {name: given[name] for name in FACETS if given.get(name)}
    wanted = Wanted(period.since, END_OF_TIME, result=result, text=given.get("text", "").strip() or None, **filters)
    page = read_page(request)
    found = dashboard.reader.ask_anew(search.find_decisions, wanted, page)
    everything = Wanted(period.since, END_OF_TIME)
    return render(
        request,
        "decisions.html",
        active="decisions",
        period=period,
        periods=PERIODS,
        found=found[: search.PAGE_ROWS],
        has_more=len(found) > search.PAGE_ROWS and page < MAX_PAGE,
        page=page,
        n_found=dashboard.reader.ask(search.count_found, wanted),
        max_counted=search.MAX_COUNTED,
        facets=dashboard.reader.ask(search.distinct_values, everything, FACETS),
        filters=filters,
        result=result,
        results=RESULTS,
        text=wanted.text or "",
        links={"newer": page_link(request, page - 1), "older": page_link(request, page + 1)},
    )


def read_page(request: Request) -> int:
    """The page number of the address, from 0; nonsense is the first page."""
    text = request.query_params.get("page", "0")
    return min(int(text), MAX_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def page_link(request: Request, page: int) -> str:
    """The address of another page of the same list."""
    return f"?{request.url.include_query_params(page=max(0, page)).query}"


def decision(request: Request) -> Response:
    dashboard = dashboard_of(request)
    decision_id = request.path_params["decision_id"]
    stored = dashboard.reader.log.get_decision(decision_id)
    if stored is None:
        raise HTTPException(404, f"No decision '{decision_id[:80]}' is in the log. A fresh one takes a moment.")
    return render(
        request,
        "decision.html",
        active="decisions",
        stored=stored,
        record=stored.record,
        success=step_success(stored),
        contributions=contributions(dashboard, stored),
        step=step_to_dict(stored.record.step),
    )


def contributions(dashboard: Dashboard, stored: StoredDecision) -> tuple[str, ...]:
    """What the decision rests on, asked of the live router again; nothing where another version decided."""
    decider, record = dashboard.service.slot.decider, stored.record
    if decider.version != record.decision.router_version or record.decision.is_fallback:
        return ()
    return tuple(decider.decide(record.step, DecideOptions(explain=True)).explanation)
