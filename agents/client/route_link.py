"""Asking the service for a decision, within a deadline, over kept connections."""

import asyncio

from tierwise.agents.client.address import direct_mounts, headers_of
from tierwise.data.foreign import ForeignError
from tierwise.data.foreign.http_body import read_body
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_DECISION_BYTES, MAX_PROBLEM_BYTES


class LinkError(Exception):
    """No usable answer; the message says why, for people."""


NAME_HEADER = "x-tierwise-decision-id"
WARM_UP_SECONDS = 5.0


class LateError(LinkError):
    """The deadline is over; the answer may still come, to nobody."""


class RouteLink:
    """Lives on one event loop. Making one is slow, so that the first decision need not be."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        import httpx2  # a fifth of a second that only those who ask a service should pay

        limits = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=25)
        self._httpx2 = httpx2
        self._client = httpx2.AsyncClient(
            base_url=base_url, headers=headers_of(api_key), timeout=None, limits=limits, mounts=direct_mounts()
        )

    async def warm_up(self) -> None:
        """Connects, and imports what the first request would import; trouble is left to the first decision."""
        try:
            async with asyncio.timeout(WARM_UP_SECONDS), self._client.stream("GET", "/healthz") as response:
                await read_body(response, MAX_PROBLEM_BYTES, WARM_UP_SECONDS)
        except (TimeoutError, self._httpx2.HTTPError, self._httpx2.InvalidURL, OSError, ForeignError):
            return

    async def ask(self, body: bytes, decision_id: str, deadline_seconds: float, path: str = "/route") -> object:
        """The decoded answer of ``POST /route``, recorded there under ``decision_id``.

        Raises ``LateError`` after the deadline and ``LinkError`` on any other trouble: an answer that is longer than a
        decision can be is not even read.
        """
        named = {NAME_HEADER: decision_id}
        try:
            async with (
                asyncio.timeout(deadline_seconds),
                self._client.stream("POST", path, content=body, headers=named) as response,
            ):
                content = await read_body(response, MAX_DECISION_BYTES, deadline_seconds)
        except TimeoutError:
            raise LateError(f"the router did not answer within {deadline_seconds * 1000:g} ms") from None
        except (self._httpx2.HTTPError, self._httpx2.InvalidURL, OSError) as error:
            raise LinkError(f"the router cannot be reached ({type(error).__name__}: {error})") from None
        except ForeignError as error:
            raise LinkError(f"the router's answer was not read: {error}") from None
        try:
            answer = decode_json(content, MAX_DECISION_BYTES)
        except ForeignError:
            raise LinkError(f"the router answered {response.status_code} and no JSON") from None
        if response.status_code != 200:
            detail = answer.get("detail") if isinstance(answer, dict) else None
            raise LinkError(f"the router answered {response.status_code}: {str(detail or 'no problem document')[:200]}")
        return answer

    async def close(self) -> None:
        await self._client.aclose()
