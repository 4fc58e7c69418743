"""Calling a provider: bytes in, bytes out, and one error for everything that can go wrong on the way."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Self

import httpx2

from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import find_error, is_about_usage_option, read_error
from tierwise.data.replies.json_text import read_json, write_json
from tierwise.serving.gateway.endpoints import Endpoint

MAX_ERROR_BYTES = 65_536
MAX_CONNECTIONS = 2_000
_CALLERS_FAULT = frozenset({400, 409, 413, 415, 422})
_MAX_HELD_EVENTS = 16


class UpstreamError(Exception):
    """A provider that did not answer a call. ``kind`` is short and quotes nobody: it goes into the log.

    ``status`` and ``body`` are the provider's, where it answered at all; ``is_callers_fault`` says that another
    provider would refuse the call too, ``is_about_model`` that another model may take it and that this one is well.
    """

    def __init__(
        self, kind: str, status: int | None = None, body: object = None, retry_after: str | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status
        self.body = body
        self.retry_after = retry_after
        self.error = read_error(body, status)

    @property
    def is_callers_fault(self) -> bool:
        kind = self.error.kind
        return self.status in _CALLERS_FAULT and not (kind.is_about_model or kind.is_providers)

    @property
    def is_about_model(self) -> bool:
        return self.error.kind in (ErrorKind.CONTEXT, ErrorKind.UNSUPPORTED)


class Upstream:
    """One pool of connections for all providers. Close it with ``aclose``."""

    def __init__(self, timeout_seconds: float, connect_seconds: float) -> None:
        timeout = httpx2.Timeout(timeout_seconds, connect=connect_seconds)
        limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)
        self._without_options: set[tuple[str, str]] = set()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def complete(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """The provider's answer, decoded. Raises ``UpstreamError``."""
        response = await self._send(endpoint, body)
        try:
            content = await response.aread()
        except httpx2.HTTPError as error:
            raise _transport_error(error) from None
        finally:
            await response.aclose()
        answer = decoded(content)
        raise_error_in(answer, "error_in_answer")
        if not isinstance(answer, dict) or not _has_choice(answer):
            raise UpstreamError("no_completion", int(HTTPStatus.BAD_GATEWAY))
        return answer

    async def open(self, endpoint: Endpoint, body: Mapping[str, Any], adds_options: bool = False) -> "EventStream":
        """The provider's stream, with its first content at hand. Raises ``UpstreamError`` as long as there is none.

        ``adds_options``: the body's ``stream_options`` are not the caller's but ours, so a server that refuses them is
        asked again without, and is not sent them any more.
        """
        stream = EventStream(await self._opened(endpoint, body, adds_options))
        try:
            return await stream.primed()
        except BaseException:
            await stream.aclose()
            raise

    async def _opened(self, endpoint: Endpoint, body: Mapping[str, Any], adds_options: bool) -> httpx2.Response:
        if not adds_options:
            return await self._send(endpoint, body)
        model = endpoint.url, str(body.get("model"))
        plain = {name: value for name, value in body.items() if name != "stream_options"}
        if model in self._without_options:
            return await self._send(endpoint, plain)
        try:
            return await self._send(endpoint, body)
        except UpstreamError as error:
            if not is_about_usage_option(error.body, error.status):
                raise
            response = await self._send(endpoint, plain)
        self._without_options.add(model)
        return response

    async def _send(self, endpoint: Endpoint, body: Mapping[str, Any]) -> httpx2.Response:
        headers = {"content-type": "application/json"}
        if endpoint.key:
            headers["authorization"] = f"Bearer {endpoint.key}"
        try:
            request = self._client.build_request("POST", endpoint.url, content=write_json(body), headers=headers)
            response = await self._client.send(request, stream=True)
        except Exception as error:  # an address that cannot be used fails in many ways, and the next model may work
            raise _transport_error(error) from None
        if response.status_code != HTTPStatus.OK:
            raise await _refusal(response)
        return response


class EventStream:
    """The ``data`` of a provider's server-sent events, until ``[DONE]``. ``is_done`` tells whether that came."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._events = self._read()
        self._held: list[bytes] = []
        self.is_done = False

    async def primed(self) -> Self:
        """Waits for the first event that brings content, as long as another model can still be asked. Raises
        ``UpstreamError`` when no choice begins, or an event tells of an error."""
        has_begun = False
        async for event in self._events:
            chunk = decoded(event)
            raise_error_in(chunk)
            self._held.append(event)
            has_begun = has_begun or not isinstance(chunk, dict) or bool(chunk.get("choices"))
            if _has_content(chunk) or len(self._held) == _MAX_HELD_EVENTS:
                return self
        if not has_begun:
            raise UpstreamError("empty_stream")
        return self

    async def events(self) -> AsyncIterator[bytes]:
        """Each event's data. Raises ``UpstreamError`` when the stream breaks off."""
        for event in self._held:
            yield event
        async for event in self._events:
            yield event

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._response.aclose()

    async def _read(self) -> AsyncGenerator[bytes, None]:
        rest = b""
        try:
            async for chunk in self._response.aiter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                    if data == b"[DONE]":
                        self.is_done = True
                        return
                    if data:
                        yield data
        except httpx2.HTTPError as error:
            raise _transport_error(error) from None


def raise_error_in(answer: object, kind: str = "error_event") -> None:
    """Providers report trouble in answers and streams of status 200, beside ``choices`` or instead of them."""
    error = find_error(answer)
    if error is not None:
        raise UpstreamError(kind, error.status or int(HTTPStatus.BAD_GATEWAY), answer)


def decoded(content: bytes | str) -> object:
    """JSON, or None for what is none."""
    try:
        return read_json(content)
    except ValueError:
        return None


def _has_choice(answer: Mapping[str, Any]) -> bool:
    choices = answer.get("choices")
    return isinstance(choices, list) and any(isinstance(choice, Mapping) for choice in choices)


def _has_content(chunk: object) -> bool:
    """Whether a chunk brings anything that a caller should not wait for; what cannot be read may be that."""
    if not isinstance(chunk, dict):
        return True
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            delta = choice.get("delta")
            said = delta if isinstance(delta, dict) else {}
            if choice.get("finish_reason") or any(value for name, value in said.items() if name != "role"):
                return True
    return False


async def _refusal(response: httpx2.Response) -> UpstreamError:
    """The error of a provider's status. A body that is too long or breaks off is left out."""
    content = b""
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                content = b""
                break
    except httpx2.HTTPError:
        content = b""
    finally:
        await response.aclose()
    status = response.status_code
    return UpstreamError(f"status_{status}", status, decoded(content), response.headers.get("retry-after"))


def _transport_error(error: Exception) -> UpstreamError:
    if isinstance(error, httpx2.TimeoutException):
        return UpstreamError("timeout", int(HTTPStatus.GATEWAY_TIMEOUT))
    if isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.ConnectError | httpx2.UnsupportedProtocol
    ):
        return UpstreamError("broken_connection")
    return UpstreamError("unreachable")
