"""Calling a provider: bytes in, bytes out, and one error for everything that can go wrong on the way."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Self

import httpx2
from pydantic_core import from_json, to_json

from tierwise.data.foreign import ForeignError
from tierwise.data.foreign.http_body import PLAIN, bounded_lines, read_body
from tierwise.data.foreign.limits import MAX_EVENT_BYTES, MAX_PROBLEM_BYTES, MAX_REPLY_BYTES, MAX_STREAM_BYTES
from tierwise.serving.gateway.endpoints import Endpoint

MAX_CONNECTIONS = 2_000
_CALLERS_FAULT = frozenset({400, 409, 413, 415, 422})
_TOO_LONG = "context_length_exceeded"


class UpstreamError(Exception):
    """A provider that did not answer a call. ``kind`` is short and quotes nobody: it goes into the log.

    ``status`` and ``body`` are the provider's, where it answered at all; ``is_callers_fault`` says that another
    provider would refuse the call too.
    """

    def __init__(
        self, kind: str, status: int | None = None, body: object = None, retry_after: str | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status
        self.body = body
        self.retry_after = retry_after

    @property
    def is_callers_fault(self) -> bool:
        return self.status in _CALLERS_FAULT and _code(self.body) != _TOO_LONG


class Upstream:
    """One pool of connections for all providers. Close it with ``aclose``."""

    def __init__(self, timeout_seconds: float, connect_seconds: float) -> None:
        timeout = httpx2.Timeout(timeout_seconds, connect=connect_seconds)
        limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def complete(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """The provider's answer, decoded. Raises ``UpstreamError``."""
        response = await self._send(endpoint, body)
        try:
            content = await read_body(response, MAX_REPLY_BYTES)
        except (httpx2.HTTPError, ForeignError) as error:
            raise _transport_error(error) from None
        finally:
            await response.aclose()
        answer = decoded(content)
        if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
            raise UpstreamError("no_completion", int(HTTPStatus.BAD_GATEWAY))
        return answer

    async def open(self, endpoint: Endpoint, body: Mapping[str, Any]) -> "EventStream":
        """The provider's stream, with its first event at hand. Raises ``UpstreamError`` as long as there is none."""
        stream = EventStream(await self._send(endpoint, body))
        try:
            return await stream.primed()
        except BaseException:
            await stream.aclose()
            raise

    async def _send(self, endpoint: Endpoint, body: Mapping[str, Any]) -> httpx2.Response:
        headers = {"content-type": "application/json", **PLAIN}
        if endpoint.key:
            headers["authorization"] = f"Bearer {endpoint.key}"
        try:
            request = self._client.build_request("POST", endpoint.url, content=to_json(body), headers=headers)
            response = await self._client.send(request, stream=True)
        except Exception as error:  # an address that cannot be used fails in many ways, and the next model may work
            raise _transport_error(error) from None
        if response.status_code != HTTPStatus.OK:
            raise await _refusal(response)
        return response


class EventStream:
    """The ``data`` of a provider's server-sent events, until ``[DONE]``."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._events = self._read()
        self._first: bytes | None = None

    async def primed(self) -> Self:
        """Waits for the first event. Raises ``UpstreamError`` when there is none, or it tells of an error."""
        async for event in self._events:
            raise_error_event(event)
            self._first = event
            return self
        raise UpstreamError("empty_stream")

    async def events(self) -> AsyncIterator[bytes]:
        """Each event's data. Raises ``UpstreamError`` when the stream breaks off."""
        if self._first is not None:
            yield self._first
        async for event in self._events:
            yield event

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._response.aclose()

    async def _read(self) -> AsyncGenerator[bytes, None]:
        try:
            async for line in bounded_lines(self._response, MAX_EVENT_BYTES, MAX_STREAM_BYTES):
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data == b"[DONE]":
                    return
                if data:
                    yield data
        except (httpx2.HTTPError, ForeignError) as error:
            raise _transport_error(error) from None


def raise_error_event(event: bytes) -> None:
    """Providers report trouble in a stream as ``{"error": ...}``."""
    if b'"error"' in event:
        body = decoded(event)
        if isinstance(body, dict) and body.get("error") and "choices" not in body:
            raise UpstreamError("error_event", body=body)


def decoded(content: bytes) -> object:
    """JSON, or None for what is none."""
    try:
        return from_json(content)
    except ValueError:
        return None


async def _refusal(response: httpx2.Response) -> UpstreamError:
    """The error of a provider's status. A body that is too long or breaks off is left out."""
    try:
        content = await read_body(response, MAX_PROBLEM_BYTES)
    except (httpx2.HTTPError, ForeignError):
        content = b""
    finally:
        await response.aclose()
    status = response.status_code
    shown = (
        status if status >= HTTPStatus.BAD_REQUEST else None
    )  # a redirect or an empty answer is no caller's business
    return UpstreamError(f"status_{status}", shown, decoded(content), response.headers.get("retry-after"))


def _transport_error(error: Exception) -> UpstreamError:
    if isinstance(error, ForeignError):
        return UpstreamError("answer_too_large")
    if isinstance(error, httpx2.TimeoutException):
        return UpstreamError("timeout", int(HTTPStatus.GATEWAY_TIMEOUT))
    if isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.ConnectError | httpx2.UnsupportedProtocol
    ):
        return UpstreamError("broken_connection")
    return UpstreamError("unreachable")


def _code(body: object) -> object:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
