"""From a route's findings to HTML. Jinja escapes everything; templates hold no logic but loops and choices."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from tierwise.serving.dashboard.formats import FILTERS
from tierwise.serving.recording.reading import LogReader
from tierwise.serving.service import Service

STATIC_FOLDER = Path(__file__).parent / "static"
DEMO_SESSION = "demo-traffic"
EXPERIMENT_REPORT = "experiment report"

NAVIGATION = {
    "overview": ("/", "Overview"),
    "money": ("/tax", "Money"),
    "decisions": ("/decisions", "Decisions"),
    "tasks": ("/tasks", "Tasks"),
    "quality": ("/quality", "Quality"),
    "certificate": ("/certificate", "Certificate"),
    "experiments": ("/experiments", "Experiments"),
    "routers": ("/routers", "Routers"),
}

_PLACEHOLDER = re.compile(r"\[(secret|email|iban|card|ssn|phone|ip|text)\]")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What every page needs, on ``request.app.state.dashboard``."""

    service: Service
    reader: LogReader
    needs_key: bool

    @property
    def tiers(self) -> tuple[str, ...]:
        return self.service.slot.decider.catalogue.names

    @property
    def top_tier(self) -> str:
        return self.tiers[-1]


def dashboard_of(request: Request) -> Dashboard:
    found: Dashboard = request.app.state.dashboard
    return found


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """The page ``template`` with what all pages share around it."""
    dashboard = dashboard_of(request)
    shared = {
        "base": request.scope.get("root_path", ""),
        "navigation": NAVIGATION,
        "tiers": dashboard.tiers,
        "top_tier": dashboard.top_tier,
        "state": dashboard.service.slot.state,
        "needs_key": dashboard.needs_key,
        "query": request.query_params,
    }
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(shared | context), status)


def redacted(text: str) -> Markup:
    """``text``, escaped, with what redaction took out marked as such."""
    return Markup(_PLACEHOLDER.sub(r"<mark>[\1]</mark>", str(escape(text))))


def tier_color(tier: str, tiers: tuple[str, ...]) -> int:
    """Which of the eight colours, from cheap to dear, stands for a tier; unknown tiers share a ninth."""
    if tier not in tiers:
        return 8
    return round(tiers.index(tier) * 7 / max(1, len(tiers) - 1))


def chart(**spec: object) -> str:
    """A chart's description for the page's script, to stand in an attribute."""
    return json.dumps(spec, separators=(",", ":"), allow_nan=False)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tierwise.serving.dashboard"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.filters["redacted"] = redacted
    environment.globals["tier_color"] = tier_color
    return environment


_ENVIRONMENT = _environment()
