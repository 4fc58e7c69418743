"""Who may look: sessions of people who showed a key, and what protects a page in a browser.

The cookie holds no key. It names the key by the start of its digest, and is signed with a secret that this service
keeps in its state folder: a key that is taken from the configuration ends its sessions, and digests that leak open
nothing.
"""

import hmac
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tierwise.serving.access.gate import is_loopback_host, is_same_origin
from tierwise.serving.access.keys import ApiKeys
from tierwise.serving.access.keys import Scope as KeyScope
from tierwise.serving.dashboard.ended import EndedSessions

COOKIE = "tierwise_dashboard"
SESSION_SECONDS = 12 * 3600
LOGIN_PATH = "/login"

_OPEN_PREFIXES = (LOGIN_PATH, "/static/")
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Sessions:
    """Makes and checks the cookie's value. ``clock`` gives seconds since the epoch."""

    def __init__(
        self, keys: ApiKeys, secret: bytes, clock: Callable[[], float] = time.time, ended: Path | None = None
    ) -> None:
        self._keys = keys
        self._ended = EndedSessions(ended)
        self._secret = secret
        self._clock = clock

    def token(self, key: str) -> str | None:
        """The cookie's value for ``key``; None when the key does not open the dashboard."""
        if not self.is_admin(key):
            return None
        content = f"{_digest(key)[:16]}.{int(self._clock()) + SESSION_SECONDS}.{secrets.token_hex(8)}"
        return f"{content}.{self._sign(content)}"

    def is_admin(self, key: str) -> bool:
        return KeyScope.ADMIN in (self._keys.scopes_of(key) or ())

    def is_valid(self, token: str) -> bool:
        """Whether the token is ours, not too old, and of a key that is still configured for administration."""
        content, _, signature = token.rpartition(".")
        name, _, rest = content.partition(".")
        expires = rest.partition(".")[0]
        if not hmac.compare_digest(self._sign(content).encode(), signature.encode("utf-8", "replace")):
            return False
        admins = {digest[:16] for digest, scopes in self._keys.scopes.items() if KeyScope.ADMIN in scopes}
        return name in admins and expires.isdecimal() and int(expires) > self._clock() and token not in self._ended

    def end(self, token: str) -> None:
        """Makes a token worthless, in every process on the same state folder."""
        if self.is_valid(token):
            self._ended.add(token)

    def _sign(self, content: str) -> str:
        return hmac.new(self._secret, content.encode("utf-8", "replace"), sha256).hexdigest()


class Guard:
    """ASGI middleware in front of the pages: sessions where there are keys, and headers on every answer.

    Without keys the service listens on loopback only; a page of another site that resolves to loopback is told from us
    by the host that its requests name.
    """

    def __init__(self, app: ASGIApp, keys: ApiKeys, sessions: Sessions) -> None:
        self._app = app
        self._keys = keys
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        answer: ASGIApp = self._app if refusal is None else refusal
        await answer(scope, receive, _with_headers(send, is_static=_is_static(scope)))

    def _refusal(self, request: Request) -> Response | None:
        if not self._keys and not is_loopback_host(request.headers):
            return PlainTextResponse("Without API keys the dashboard answers on localhost only.", 403)
        if request.method not in ("GET", "HEAD") and not is_same_origin(request.headers):
            return PlainTextResponse("The form was sent from another site.", 403)
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        if not self._keys or path.startswith(_OPEN_PREFIXES) or self._is_known(request):
            return None
        return _to_login(request, path)

    def _is_known(self, request: Request) -> bool:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._sessions.is_admin(key.strip())
        return self._sessions.is_valid(request.cookies.get(COOKIE, ""))


def load_secret(folder: Path, name: str = "dashboard") -> bytes:
    """The secret that signs sessions, made on first use and shared by all processes on the folder.

    Where the folder cannot be written, a secret of this process alone: its sessions end with it.
    """
    path = folder / f"{name}.secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{name}.secret.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(fresh, path)  # fails when another process was first; the file is whole when it appears
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_bytes()
    except OSError:
        return secrets.token_bytes(32)


def _to_login(request: Request, path: str) -> Response:
    target = path + (f"?{request.url.query}" if request.url.query else "")
    login = f"{request.scope.get('root_path', '')}{LOGIN_PATH}?next={quote(target)}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": login})
    return RedirectResponse(login, 303)


def _is_static(scope: Scope) -> bool:
    path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
    return path.startswith("/static/")


def _with_headers(send: Send, is_static: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers["cache-control"] = "private, max-age=3600" if is_static else "no-store"
        await send(message)

    return sending


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
