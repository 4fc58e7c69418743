"""Asking the service for a decision, within a deadline, over kept connections."""

import asyncio
import json

from tierwise.agents.client.address import headers_of


class LinkError(Exception):
    """No usable answer; the message says why, for people."""


NAME_HEADER = "x-tierwise-decision-id"
WARM_UP_SECONDS = 5.0


class RouteLink:
    """Lives on one event loop. Making one is slow, so that the first decision need not be."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        import httpx2  # a fifth of a second that only those who ask a service should pay

        limits = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=25)
        self._httpx2 = httpx2
        self._client = httpx2.AsyncClient(base_url=base_url, headers=headers_of(api_key), timeout=None, limits=limits)

    async def warm_up(self) -> None:
        """Connects, and imports what the first request would import; trouble is left to the first decision."""
        try:
            async with asyncio.timeout(WARM_UP_SECONDS):
                await self._client.get("/healthz")
        except (TimeoutError, self._httpx2.HTTPError, self._httpx2.InvalidURL, OSError):
            return

    async def ask(self, body: bytes, decision_id: str, deadline_seconds: float, path: str = "/route") -> object:
        """The decoded answer of ``POST /route``, recorded there under ``decision_id``.

        Raises ``LinkError`` after the deadline and on any trouble.
        """
        try:
            async with asyncio.timeout(deadline_seconds):
                response = await self._client.post(path, content=body, headers={NAME_HEADER: decision_id})
        except TimeoutError:
            raise LinkError(f"the router did not answer within {deadline_seconds * 1000:g} ms") from None
        except (self._httpx2.HTTPError, self._httpx2.InvalidURL, OSError) as error:
            raise LinkError(f"the router cannot be reached ({type(error).__name__}: {error})") from None
        try:
            answer = json.loads(response.content)
        except (ValueError, RecursionError):
            raise LinkError(f"the router answered {response.status_code} and no JSON") from None
        if response.status_code != 200:
            detail = answer.get("detail") if isinstance(answer, dict) else None
            raise LinkError(f"the router answered {response.status_code}: {detail or 'no problem document'}")
        return answer

    async def close(self) -> None:
        await self._client.aclose()
