"""Money: the frontier tax of the newest decisions, as ``tierwise tax`` computes it, by agent, node, model and month.

A part of it stands on the overview.
"""

import time

from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log.views import search
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.data.errors import TierwiseError
from tierwise.data.records import LoggedStep
from tierwise.data.tax import TaxReport, frontier_tax
from tierwise.serving.dashboard.page import Dashboard, dashboard_of, render
from tierwise.serving.dashboard.period import END_OF_TIME, PERIODS, read_period
from tierwise.serving.watching.budget import Spending, spendings

MAX_STEPS = 5_000
MAX_ROWS = 12


def tax(request: Request) -> Response:
    dashboard = dashboard_of(request)
    period = read_period(request.query_params.get("period"), time.time())
    steps = newest_steps(dashboard, period.since)
    report: TaxReport | None = None
    try:
        report = frontier_tax(steps, dashboard.service.slot.decider.catalogue)
    except TierwiseError as error:
        trouble = str(error)
    else:
        trouble = ""
    is_part = "hx-request" in request.headers
    template = "parts/tax.html" if is_part else "tax.html"
    return render(
        request,
        template,
        active="money",
        report=report,
        trouble=trouble,
        n_steps=len(steps),
        max_steps=MAX_STEPS,
        max_rows=MAX_ROWS,
        period=period,
        periods=PERIODS,
        budgets=_budgets(dashboard),
    )


def newest_steps(dashboard: Dashboard, since: float) -> list[LoggedStep]:
    """The newest ``MAX_STEPS`` decisions from ``since`` on, seconds since the epoch."""
    start = dashboard.reader.ask(search.newest_start, Wanted(since, END_OF_TIME), MAX_STEPS)
    return list(dashboard.reader.log.logged_steps(start))


def _budgets(dashboard: Dashboard) -> list[Spending]:
    settings = dashboard.service.settings
    return spendings(dashboard.reader.log, settings.budget_usd_per_day, settings.budget_usd_per_month, time.time())
