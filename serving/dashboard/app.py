"""The dashboard as an application of its own, mounted into the service: pages, login, static files."""

import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tierwise.data.errors import LogError
from tierwise.serving.access.keys import ApiKeys
from tierwise.serving.dashboard.access import COOKIE, SESSION_SECONDS, Guard, Sessions, load_secret
from tierwise.serving.dashboard.forms import read_form
from tierwise.serving.dashboard.page import STATIC_FOLDER, Dashboard, render
from tierwise.serving.dashboard.pages import (
    certificate,
    decisions,
    experiments,
    label,
    overview,
    quality,
    routers,
    tasks,
    tax,
)
from tierwise.serving.service import Service

_LOGGER = logging.getLogger(__name__)


def dashboard_app(service: Service, keys: ApiKeys) -> Starlette:
    """The pages. With ``keys``, people log in with one of scope admin."""
    folder = service.settings.state_folder
    sessions = Sessions(keys, load_secret(folder) if keys else b"", ended=folder / "dashboard.ended")
    app = Starlette(
        routes=[
            Route("/", overview.overview, name="overview"),
            Route("/tax", tax.tax),
            Route("/decisions", decisions.decisions),
            Route("/decisions/{decision_id:path}", decisions.decision),
            Route("/failures", tasks.failures),
            Route("/tasks", tasks.tasks),
            Route("/tasks/{task_id:path}", tasks.task),
            Route("/quality", quality.quality),
            Route("/certificate", certificate.certificate, methods=["GET"]),
            Route("/certificate/ramp", certificate.start_ramp, methods=["POST"]),
            Route("/label", label.label, methods=["GET"]),
            Route("/label", label.add, methods=["POST"]),
            Route("/experiments", experiments.experiments),
            Route("/routers", routers.routers),
            Route("/login", _login_page, methods=["GET"]),
            Route("/login", _login(sessions), methods=["POST"]),
            Route("/logout", _logout(sessions), methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
        ],
        middleware=[Middleware(Guard, keys=keys, sessions=sessions)],
        exception_handlers={HTTPException: _answer_missing, LogError: _answer_log_error},
    )
    app.state.dashboard = Dashboard(service, service.reader, needs_key=bool(keys))
    return app


def _login_page(request: Request) -> Response:
    return render(request, "login.html", active="", next_path=_inner_path(request.query_params.get("next")), trouble="")


def _login(sessions: Sessions) -> Callable[[Request], object]:
    async def login(request: Request) -> Response:
        form = await read_form(request)
        next_path = _inner_path(form.get("next"))
        token = sessions.token(form.get("key", "").strip())
        if token is None:
            trouble = "This key is not known, or lacks the scope admin."
            return render(request, "login.html", 401, active="", next_path=next_path, trouble=trouble)
        base = request.scope.get("root_path", "")
        response = RedirectResponse(base + next_path, 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=SESSION_SECONDS,
            path=base or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    return login


def _logout(sessions: Sessions) -> Callable[[Request], object]:
    async def logout(request: Request) -> Response:
        sessions.end(request.cookies.get(COOKIE, ""))
        base = request.scope.get("root_path", "")
        response = RedirectResponse(f"{base}/login", 303)
        response.delete_cookie(COOKIE, path=base or "/", httponly=True, samesite="strict")
        return response

    return logout


def _inner_path(given: str | None) -> str:
    """A path of the dashboard to go to after the login; never another site's address."""
    return given if given and given.startswith("/") and not given.startswith(("//", "/\\")) else "/"


def _answer_missing(request: Request, error: Exception) -> Response:
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    return render(request, "message.html", status, active="", title=f"{status}", message=detail)


def _answer_log_error(request: Request, error: Exception) -> Response:
    _LOGGER.warning("a page of the dashboard was not made: %s", error)  # it names the database: nothing for the page
    message = "The decision log cannot be read right now. The service still decides; try again in a moment."
    return render(request, "message.html", 503, active="", title="No decision log", message=message)
