"""A limit on requests a second for each caller, so that one runaway agent does not take the service from the others."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from starlette.types import ASGIApp, Receive, Scope, Send

from tierwise.serving.access.gate import CHECKED_KEY, OPEN_PATHS, presented_key
from tierwise.serving.http.problems import too_many_requests

BURST_SECONDS = 2.0
MAX_CALLERS = 10_000


@dataclass(slots=True)
class _Bucket:
    """Tokens left at a moment; one request takes one."""

    n_tokens: float
    at: float


class Buckets:
    """A token bucket for each caller: ``per_second`` requests on average, ``BURST_SECONDS`` worth of them at once.

    Callers that were not heard of for longest are forgotten beyond ``MAX_CALLERS``, which only ever gives them more.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._full = max(1.0, per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def seconds_to_wait(self, caller: str) -> float:
        """0 when the caller may go on, which takes a token; else the time until the next one."""
        now = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._full, now))
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        bucket.n_tokens = min(self._full, bucket.n_tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.n_tokens < 1:
            return (1 - bucket.n_tokens) / self._per_second
        bucket.n_tokens -= 1
        return 0.0


class RateLimit:
    """ASGI middleware behind the gate: a caller is its API key, or its address where there are no keys."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, connection: Scope, receive: Receive, send: Send) -> None:
        if connection["type"] == "http" and connection["path"] not in OPEN_PATHS:
            seconds = self._buckets.seconds_to_wait(_caller(connection))
            if seconds > 0:
                problem = too_many_requests(math.ceil(seconds))
                await problem.response(connection["path"])(connection, receive, send)
                return
        await self._app(connection, receive, send)


def _caller(connection: Scope) -> str:
    """The digest of the key where keys are checked: behind the gate it is a known one. Without keys anybody may send
    any, so only the address counts."""
    if connection.get(CHECKED_KEY):
        return sha256(presented_key(connection).encode("utf-8", "replace")).hexdigest()
    client = connection.get("client")
    return str(client[0]) if client else ""
