"""The way to a provider and back: one for the gateway and the attempt loop, one error for all that can go wrong."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from tierwise.agents.protocols import WireProtocol
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError, Trouble, trouble_in, trouble_of, unreadable_is_trouble
from tierwise.data.foreign import ForeignError, TooLargeError
from tierwise.data.foreign.http_body import PLAIN, bounded_lines, read_body
from tierwise.data.foreign.json_text import check_size
from tierwise.data.foreign.limits import (
    MAX_EMBEDDINGS_BYTES,
    MAX_EMBEDDINGS_VALUES,
    MAX_EVENT_BYTES,
    MAX_PROBLEM_BYTES,
    MAX_REPLY_BYTES,
    MAX_STREAM_BYTES,
    MAX_VALUES,
)
from tierwise.data.replies.errors import find_error, read_error
from tierwise.data.replies.json_text import read_json, write_json

if TYPE_CHECKING:
    import httpx2

MAY_TELL_OF_ERROR = re.compile(rb"error|fail|abort|cancel|insufficient", re.IGNORECASE).search
_MAX_HELD_EVENTS = 16
_SHOWN = 200
_PASSED_ON = frozenset({b"retry-after", b"x-request-id", b"request-id"})
_PASSED_ON_PREFIXES = (b"x-ratelimit-", b"anthropic-ratelimit-")


@dataclass(frozen=True, slots=True)
class Posted:
    """A provider's whole answer, those of its headers that are for the caller, and how long it was on the wire."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    n_bytes: int = 0


class Transport:
    """``open_client`` gives the HTTP client of the running event loop; its timeouts hold."""

    def __init__(self, open_client: "Callable[[], httpx2.AsyncClient]") -> None:
        self._open_client = open_client
        self._urls: dict[str, httpx2.URL] = {}  # reading one is an eighth of a call

    async def post(
        self,
        endpoint: Endpoint,
        protocol: WireProtocol,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
        seconds: float = float("inf"),
    ) -> Posted:
        """Raises ``ProviderError``, and ``TimeoutError`` where the answer takes longer than ``seconds`` to read."""
        response = await self._send(endpoint, endpoint.url_of(protocol), body, protocol.headers(endpoint.key), headers)
        content = await _content(response, endpoint, MAX_REPLY_BYTES, seconds)
        return Posted(_answer_in(content, endpoint, protocol), passed_on(response.headers), len(content))

    async def post_any(self, endpoint: Endpoint, path: str, body: Mapping[str, Any], key: Mapping[str, str]) -> Posted:
        """Any JSON object from any path, such as embeddings. Raises ``ProviderError``."""
        response = await self._send(endpoint, endpoint.base_url.rstrip("/") + path, body, key, {})
        answer = decoded(await _content(response, endpoint, MAX_EMBEDDINGS_BYTES), MAX_EMBEDDINGS_VALUES)
        raise_error_in(answer, endpoint, "error_in_answer")
        if not isinstance(answer, dict):
            raise _nonsense(endpoint, "no_object", "answered no JSON object", answer)
        return Posted(answer, passed_on(response.headers))

    async def open(
        self, endpoint: Endpoint, protocol: WireProtocol, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> "EventStream":
        """The provider's stream, with its first content at hand. Raises ``ProviderError`` as long as there is none."""
        url = endpoint.url_of(protocol)
        response = await self._send(endpoint, url, body, protocol.headers(endpoint.key), headers)
        stream = EventStream(response, endpoint, protocol)
        try:
            return await stream.primed()
        except BaseException:
            await stream.aclose()
            raise

    async def _send(
        self, endpoint: Endpoint, url: str, body: Mapping[str, Any], key: Mapping[str, str], more: Mapping[str, str]
    ) -> "httpx2.Response":
        headers = {"content-type": "application/json", **PLAIN, **more, **key}
        client = self._open_client()
        try:
            known = self._urls.get(url, url)
            request = client.build_request("POST", known, content=write_json(body), headers=headers)
            self._urls[url] = request.url
            response = await client.send(request, stream=True)
        except Exception as error:  # an address that cannot be used fails in many ways, and the next model may work
            raise _unreached(error, endpoint) from None
        if response.status_code != HTTPStatus.OK:
            raise await _refusal(response, endpoint)
        return response


class EventStream:
    """The ``data`` of a provider's server-sent events. ``is_done`` tells whether ``[DONE]`` came, as some end;
    ``whole`` is the answer of a provider that streams nothing, whatever it was asked, and sends it in one piece."""

    def __init__(self, response: "httpx2.Response", endpoint: Endpoint, protocol: WireProtocol) -> None:
        self._response = response
        self._endpoint = endpoint
        self._protocol = protocol
        self._events = self._read()
        self._held: list[bytes] = []
        self.headers = passed_on(response.headers)
        self.is_done = False
        self.whole: Posted | None = None
        self._plain: list[bytes] = []
        self._has_lines = False

    async def primed(self) -> Self:
        """Waits for the first event that brings content, as long as another model can still be asked; ``whole`` is
        known then. Raises ``ProviderError`` when nothing begins, or an event tells of an error."""
        has_begun = False
        async for event in self._events:
            chunk = decoded(event)
            self.raise_error_in(event, chunk)
            self._held.append(event)
            if not isinstance(chunk, dict):
                return self  # who can read it may find content in it
            with unreadable_is_trouble(self._endpoint.model.name):
                has_begun = has_begun or self._protocol.has_begun(chunk)
                if self._protocol.has_content(chunk) or len(self._held) == _MAX_HELD_EVENTS:
                    return self
        if self._plain:
            self.whole = self._read_whole(b"\n".join(self._plain))
        elif not has_begun:
            raise _nonsense(self._endpoint, "empty_stream", "streamed nothing", None)
        return self

    async def events(self) -> AsyncIterator[bytes]:
        """Each event's data. Raises ``ProviderError`` when the stream breaks off."""
        for event in self._held:
            yield event
        async for event in self._events:
            yield event

    def raise_error_in(self, data: bytes, chunk: object) -> None:
        """Raises ``ProviderError`` for a chunk that tells of one; nearly all have none of the words for it."""
        if MAY_TELL_OF_ERROR(data) is None:
            return
        failure = self._protocol.failure(chunk) if isinstance(chunk, dict) else None
        raise_error_in(chunk if failure is None else failure, self._endpoint, "error_event")

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._response.aclose()

    def _read_whole(self, content: bytes) -> Posted:
        if len(content) > MAX_REPLY_BYTES:
            raise _unreached(TooLargeError(f"the answer is longer than {MAX_REPLY_BYTES} bytes"), self._endpoint)
        answer = _answer_in(content, self._endpoint, self._protocol)
        return Posted(answer, self.headers, len(content))

    async def _read(self) -> AsyncGenerator[bytes, None]:
        import httpx2

        try:
            async for line in bounded_lines(self._response, MAX_EVENT_BYTES, MAX_STREAM_BYTES):
                if self._plain or (not self._has_lines and line.lstrip()[:1] == b"{"):  # no line of an event begins so
                    self._plain.append(line)
                    continue
                self._has_lines = self._has_lines or bool(line.strip())
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data == b"[DONE]":
                    self.is_done = True
                    return
                if data:
                    yield data
        except (httpx2.HTTPError, ForeignError) as error:
            raise _unreached(error, self._endpoint) from None


def _answer_in(content: bytes, endpoint: Endpoint, protocol: WireProtocol) -> dict[str, Any]:
    """A whole answer of the protocol. Raises ``ProviderError`` for an error and for anything else."""
    answer = decoded(content)
    raise_error_in(answer, endpoint, "error_in_answer")
    with unreadable_is_trouble(endpoint.model.name):
        is_answer = isinstance(answer, dict) and protocol.is_answer(answer)
    if not isinstance(answer, dict) or not is_answer:
        raise _nonsense(endpoint, "no_completion", f"answered nothing of the protocol '{protocol.name}'", answer)
    return answer


def raise_error_in(answer: object, endpoint: Endpoint, code: str) -> None:
    """Providers report trouble in answers and streams of status 200, beside the answer or instead of it."""
    error = find_error(answer)
    if error is not None:
        message = f"model '{endpoint.model.name}' answered with an error: {error.message[:_SHOWN]}"
        status = error.status or int(HTTPStatus.BAD_GATEWAY)
        raise ProviderError(trouble_in(error), message, status, answer, code)


def broke_off(endpoint: Endpoint) -> ProviderError:
    """A stream that ended before its answer did."""
    message = f"model '{endpoint.model.name}' broke off"
    return ProviderError(Trouble.CONNECTION, message, code="broken_connection")


def decoded(content: bytes | str, max_values: int = MAX_VALUES) -> object:
    """JSON, or None for what is none, or holds more values than are allowed."""
    try:
        check_size(content, max_values=max_values)
        return read_json(content)
    except ValueError:
        return None


def passed_on(headers: "httpx2.Headers") -> dict[str, str]:
    """The headers of a provider that are for the caller: who answered, and how much more it may ask."""
    found = {}
    for raw_name, raw_value in headers.raw:
        name = raw_name.lower()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES):
            found[name.decode("ascii")] = raw_value.decode("latin-1")
    return found


async def _content(
    response: "httpx2.Response", endpoint: Endpoint, max_bytes: int, seconds: float = float("inf")
) -> bytes:
    import httpx2

    try:
        return await read_body(response, max_bytes, seconds)
    except (httpx2.HTTPError, ForeignError) as error:
        raise _unreached(error, endpoint) from None
    finally:
        await response.aclose()


async def _refusal(response: "httpx2.Response", endpoint: Endpoint) -> ProviderError:
    """The error of a provider's status. A body that is too long or breaks off is left out."""
    import httpx2

    try:
        content = await read_body(response, MAX_PROBLEM_BYTES)
    except (httpx2.HTTPError, ForeignError):
        content = b""
    finally:
        await response.aclose()
    status, body = response.status_code, decoded(content)
    if body is None and content.lstrip()[:1] not in (b"<", b"{", b"["):  # a sentence, and not a page or half a body
        body = content.decode("utf-8", "replace").strip() or None
    message = f"model '{endpoint.model.name}' answered {status}: {content[:_SHOWN].decode('utf-8', 'replace')}"
    trouble = trouble_of(status, read_error(body, status))
    shown = (
        status if status >= HTTPStatus.BAD_REQUEST else None
    )  # a redirect or an empty answer is no caller's business
    return ProviderError(trouble, message, shown, body, f"status_{status}", passed_on(response.headers))


def _nonsense(endpoint: Endpoint, code: str, what: str, answer: object) -> ProviderError:
    message = f"model '{endpoint.model.name}' {what}: {answer!s:.80}"
    return ProviderError(Trouble.NONSENSE, message, int(HTTPStatus.BAD_GATEWAY), code=code)


def _unreached(error: Exception, endpoint: Endpoint) -> ProviderError:
    import httpx2

    model = endpoint.model.name
    if isinstance(error, ForeignError):
        return ProviderError(Trouble.NONSENSE, f"model '{model}': {error}", code="answer_too_large")
    if isinstance(error, httpx2.TimeoutException):
        status = int(HTTPStatus.GATEWAY_TIMEOUT)
        return ProviderError(Trouble.TIMEOUT, f"model '{model}' did not answer in time", status)
    is_broken = isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.ConnectError | httpx2.UnsupportedProtocol
    )
    message = f"model '{model}' cannot be reached ({type(error).__name__}: {error})"
    code = "broken_connection" if is_broken else "unreachable"
    return ProviderError(Trouble.CONNECTION, message, code=code)
