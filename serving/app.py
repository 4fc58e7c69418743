"""The application: wiring, and nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from tierwise.data.errors import MissingExtraError
from tierwise.router_model.decider import Decider
from tierwise.serving.access.gate import OPEN_PATHS, AccessGate, LocalOnly
from tierwise.serving.access.keys import ApiKeys, load_keys
from tierwise.serving.access.rate_limit import Buckets, RateLimit
from tierwise.serving.gateway.gateway import Gateway
from tierwise.serving.http.hot import HotPaths
from tierwise.serving.http.openapi import document_schemas
from tierwise.serving.http.problems import install_problem_handlers
from tierwise.serving.later import Later
from tierwise.serving.leaving import leave_on_terminate
from tierwise.serving.routers.reload import reload_on_hangup
from tierwise.serving.routes import accept, admin, decisions, gateway, outcomes, probes
from tierwise.serving.service import Service, build_service
from tierwise.serving.settings import Settings

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from starlette.types import ASGIApp

    from tierwise.serving.watching.tracing import Tracing

# The framework's own would tell paths with the ids of callers; ours are in tracing.py.
_NO_TELEMETRY: "TelemetryConfig" = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
DASHBOARD = "/dashboard"
_HOT = {
    "/route": decisions.route,
    "/accept": accept.accept,
    "/outcomes": outcomes.report_outcomes,
    "/v1/chat/completions": gateway.chat_completions,
    "/v1/responses": gateway.responses,
    "/v1/messages": gateway.messages,
}


def create_app(settings: Settings, decider: Decider | None = None, tracing: "Tracing | None" = None) -> FastAPI:
    """The service over HTTP. ``decider`` and ``tracing`` replace what the settings name.

    Raises ``TierwiseError`` for settings that cannot be used. Threads start with the application's lifespan.
    """
    tracing = tracing or _tracing(settings)
    service = build_service(settings, decider, tracing)
    front = Gateway(service, tracing)
    lifespan = _lifespan(service, front, tracing)
    app = FastAPI(
        title="Tierwise", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, telemetry=_NO_TELEMETRY
    )
    app.state.service, app.state.gateway = service, front
    for routes in (decisions, accept, outcomes, probes, admin, gateway):
        app.include_router(routes.router)
    install_problem_handlers(app)
    document_schemas(app)
    app.add_middleware(HotPaths, handlers=_HOT)
    keys = load_keys(settings)
    if settings.dashboard:
        app.mount(DASHBOARD, Later(partial(_dashboard, service, keys)))
        app.add_route("/", _to_dashboard, include_in_schema=False)
    if settings.rate_limit:
        app.add_middleware(RateLimit, buckets=Buckets(settings.rate_limit))
    if keys:
        open_paths = OPEN_PATHS | ({"/metrics"} if settings.public_metrics else set())
        open_paths |= {"/"} if settings.dashboard else set()
        app.add_middleware(
            AccessGate, keys=keys, open_paths=open_paths, open_prefix=DASHBOARD if settings.dashboard else None
        )
    else:
        app.add_middleware(LocalOnly)
    if tracing is not None:
        from tierwise.serving.watching.tracing import Traced

        app.add_middleware(Traced, tracing=tracing)
    return app


def _dashboard(service: Service, keys: ApiKeys) -> "ASGIApp":
    from tierwise.serving.dashboard.app import dashboard_app

    return dashboard_app(service, keys)


def _to_dashboard(request: Request) -> Response:
    """Leads who opens the service's bare address in a browser to the pages."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{DASHBOARD}/", 307)


def _tracing(settings: Settings) -> "Tracing | None":
    if not settings.traces:
        return None
    try:
        from tierwise.serving.watching.tracing import Tracing

        return Tracing.over_http()
    except ImportError:
        raise MissingExtraError("opentelemetry", "telemetry") from None


def _lifespan(
    service: Service, front: Gateway, tracing: "Tracing | None"
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            leave_seconds = service.settings.leave_seconds
            with reload_on_hangup(service.look_for_bundles), leave_on_terminate(service.leaving, leave_seconds):
                yield
        finally:
            await front.aclose()
            service.stop()
            if tracing is not None:
                tracing.stop()

    return lifespan
