"""The gate in front of the routes: no key, no answer. It is there only when keys are configured."""

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from tierwise.serving.keys import ApiKeys, Scope
from tierwise.serving.problems import OPENAI_PREFIX, Problem, key_missing, key_unknown, scope_missing

OPEN_PATHS = frozenset({"/healthz", "/readyz"})

_SCOPES = {"/route": Scope.ROUTE, "/route/batch": Scope.ROUTE, "/accept": Scope.ROUTE, "/outcomes": Scope.REPORT}


class Gate:
    """ASGI middleware. A path that nobody listed needs the ``admin`` scope.

    Paths below ``open_prefix`` are let through to an application that guards itself.
    """

    def __init__(
        self, app: ASGIApp, keys: ApiKeys, open_paths: frozenset[str] = OPEN_PATHS, open_prefix: str | None = None
    ) -> None:
        self._app = app
        self._keys = keys
        self._open_paths = open_paths
        self._open_prefix = open_prefix

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "http" and not self._is_open(connection["path"]):
            problem = self._problem(connection)
            if problem is not None:
                await problem.response(connection["path"])(connection, receive, send)
                return
        await self._app(connection, receive, send)

    def _is_open(self, path: str) -> bool:
        if path in self._open_paths:
            return True
        return self._open_prefix is not None and f"{path}/".startswith(f"{self._open_prefix}/")

    def _problem(self, connection: Connection) -> Problem | None:
        key = _presented_key(connection)
        if not key:
            return key_missing()
        scopes = self._keys.scopes_of(key)
        if scopes is None:
            return key_unknown()
        needed = _needed_scope(connection["path"])
        return None if needed in scopes or Scope.ADMIN in scopes else scope_missing(needed)


def _needed_scope(path: str) -> Scope:
    return Scope.ROUTE if path.startswith(OPENAI_PREFIX) else _SCOPES.get(path, Scope.ADMIN)


def _presented_key(connection: Connection) -> str:
    for name, value in connection["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            return key.strip() if scheme.lower() == "bearer" else ""
    return ""
