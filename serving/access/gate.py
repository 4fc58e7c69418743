"""The gate in front of the routes: no key, no answer. It is there only when keys are configured."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from tierwise.serving.access.keys import ApiKeys, Scope
from tierwise.serving.http.problems import OPENAI_PREFIX, Problem, key_missing, key_unknown, not_local, scope_missing

CHECKED_KEY = "tierwise.checked_key"
OPEN_PATHS = frozenset({"/healthz", "/readyz"})

_SCOPES = {"/route": Scope.ROUTE, "/route/batch": Scope.ROUTE, "/accept": Scope.ROUTE, "/outcomes": Scope.REPORT}


class AccessGate:
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
            connection[CHECKED_KEY] = True
        await self._app(connection, receive, send)

    def _is_open(self, path: str) -> bool:
        if path in self._open_paths:
            return True
        return self._open_prefix is not None and f"{path}/".startswith(f"{self._open_prefix}/")

    def _problem(self, connection: Connection) -> Problem | None:
        key = presented_key(connection)
        if not key:
            return key_missing()
        scopes = self._keys.scopes_of(key)
        if scopes is None:
            return key_unknown()
        needed = _needed_scope(connection["path"])
        return None if needed in scopes or Scope.ADMIN in scopes else scope_missing(needed)


class LocalOnly:
    """ASGI middleware where there are no keys: the service listens on loopback, and answers only who means loopback.

    A web page of another site can make a browser on this machine send requests: under its own name that resolves to
    loopback (the host tells), or across sites (the origin tells).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "http" and connection["path"] not in OPEN_PATHS and not _is_meant(connection):
            await not_local().response(connection["path"])(connection, receive, send)
            return
        await self._app(connection, receive, send)


def _is_meant(connection: Connection) -> bool:
    """Whether a request names this machine and comes from no page of another; a program's is told at once."""
    headers: dict[bytes, bytes] = dict(connection["headers"])
    if len(headers) == len(connection["headers"]) and b"origin" not in headers:
        return _is_loopback(headers.get(b"host", b"localhost").decode("latin-1"))
    known = Headers(scope=connection)  # the first of several of one name counts
    return is_loopback_host(known) and is_same_origin(known)


def is_same_origin(headers: Headers) -> bool:
    """Whether a browser, if it is one, was on a page of ours."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def is_loopback_host(headers: Headers) -> bool:
    """Whether the request names this machine; programs that send no host do not come from a browser."""
    return _is_loopback(headers.get("host", "localhost"))


@lru_cache(maxsize=64)
def _is_loopback(given: str) -> bool:
    try:
        host = urlsplit(f"//{given}").hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def _needed_scope(path: str) -> Scope:
    return Scope.ROUTE if path.startswith(OPENAI_PREFIX) else _SCOPES.get(path, Scope.ADMIN)


def presented_key(connection: Connection) -> str:
    """The key of the ``Authorization`` header, or of ``x-api-key`` as Anthropic's clients send it; empty without."""
    headers: dict[bytes, bytes] = dict(connection["headers"])
    scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return headers.get(b"x-api-key", b"").decode("latin-1").strip()
