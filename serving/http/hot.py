"""The short way for the requests that come with every LLM call: from the middleware straight to the handler.

FastAPI's own way (an exit stack, exception scopes, a walk over all routes) costs as much as a small answer. These
handlers take only the request and raise only problems, so they need none of it. The same handlers stay registered as
routes: for the OpenAPI document, for other methods, and below a mount.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tierwise.serving.http.problems import Problem, answer_to

ROUTE_KEY = "tierwise.route"

Handler = Callable[[Request], Awaitable[Response]]


class HotPaths:
    """ASGI middleware that answers ``POST`` on the paths of ``handlers`` itself."""

    def __init__(self, app: ASGIApp, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if handler is None or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        scope[ROUTE_KEY] = scope["path"]
        request = Request(scope, receive, send)
        try:
            response = await handler(request)
        except Problem as problem:
            response = answer_to(request, problem)
        await response(scope, receive, send)
