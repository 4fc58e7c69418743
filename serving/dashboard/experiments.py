"""Experiments: arms, intervals over time, the sample-ratio check, and a verdict or "not yet"."""

from starlette.requests import Request
from starlette.responses import Response

from tierwise.serving.dashboard.page import dashboard_of, render


def experiments(request: Request) -> Response:
    dashboard = dashboard_of(request)
    found = dashboard.reader.log.experiments()
    return render(request, "experiments.html", active="experiments", experiments=tuple(reversed(found)))
