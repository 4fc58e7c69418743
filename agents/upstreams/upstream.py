"""One model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, Together, OpenAI, a LiteLLM proxy."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tierwise.agents.upstreams.errors import ProviderError, Trouble, trouble_of
from tierwise.agents.upstreams.reply import Reply, read_reply
from tierwise.agents.usage import Usage, read_usage
from tierwise.data.catalogue import Model
from tierwise.data.errors import CatalogueError
from tierwise.data.foreign import ForeignError
from tierwise.data.foreign.http_body import PLAIN, bounded_lines, read_body
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_EVENT_BYTES, MAX_PROBLEM_BYTES, MAX_REPLY_BYTES, MAX_STREAM_BYTES

if TYPE_CHECKING:
    import httpx2

PATH = "/chat/completions"
DEFAULT_TIMEOUT_SECONDS = 120.0


@dataclass(slots=True)
class ReplyStream:
    """The chunks of a streamed completion; ``usage`` is known when they are through."""

    chunks: AsyncIterator[dict[str, Any]]
    usage: Usage = field(default_factory=Usage)

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for chunk in self.chunks:
            if chunk.get("usage"):
                self.usage = read_usage(chunk)
            yield chunk


class Upstream:
    """Calls ``model``. ``open_client`` gives the HTTP client of the running event loop; ``api_key`` may be None."""

    def __init__(self, model: Model, api_key: str | None, open_client: "Callable[[], httpx2.AsyncClient]") -> None:
        if model.base_url is None:
            raise CatalogueError(f"model '{model.name}' has no base_url; add one to tiers.toml to call it")
        self.model = model
        self._url = model.base_url.rstrip("/") + PATH
        self._headers = {"content-type": "application/json", **PLAIN}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._open_client = open_client

    async def complete(self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> Reply:
        """Posts a chat request under this model's name. Raises ``ProviderError``."""
        started = time.perf_counter()
        request = {**body, "model": self.model.name, "stream": False}
        request.pop("stream_options", None)
        async with self._troubles(timeout_seconds), asyncio.timeout(timeout_seconds):
            opened = self._open_client().stream("POST", self._url, content=_encoded(request), headers=self._headers)
            async with opened as response:
                content = await _body(response, timeout_seconds)
        _check(response.status_code, content, response.headers, self.model)
        return read_reply(content, self.model, (time.perf_counter() - started) * 1000)

    @asynccontextmanager
    async def stream(
        self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> AsyncIterator[ReplyStream]:
        """Opens a streamed completion that ends with its usage. Raises ``ProviderError`` before the first chunk for
        a refusal, and between chunks for a connection that breaks. ``timeout_seconds`` bounds each wait."""
        options = {**(body.get("stream_options") or {}), "include_usage": True}
        request = {**body, "model": self.model.name, "stream": True, "stream_options": options}
        async with self._troubles(timeout_seconds):
            opened = self._open_client().stream(
                "POST", self._url, content=_encoded(request), headers=self._headers, timeout=timeout_seconds
            )
            async with opened as response:
                if response.status_code != 200:
                    content = await _body(response, timeout_seconds)
                    _check(response.status_code, content, response.headers, self.model)
                yield ReplyStream(_chunks(response, self.model))

    @asynccontextmanager
    async def _troubles(self, timeout_seconds: float) -> AsyncIterator[None]:
        """Turns what may go wrong on the way into a ``ProviderError``."""
        import httpx2

        try:
            yield
        except (TimeoutError, httpx2.TimeoutException):
            message = f"model '{self.model.name}' did not answer within {timeout_seconds:g} s"
            raise ProviderError(Trouble.TIMEOUT, message) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            message = f"model '{self.model.name}' cannot be reached ({type(error).__name__}: {error})"
            raise ProviderError(Trouble.CONNECTION, message) from None
        except ForeignError as error:
            raise ProviderError(Trouble.NONSENSE, f"model '{self.model.name}': {error}") from None


def _encoded(request: Mapping[str, Any]) -> bytes:
    """Half an emoji in a prompt is sent as U+FFFD; anything that is no JSON as a text."""
    return json.dumps(request, ensure_ascii=False, default=str, separators=(",", ":")).encode("utf-8", "replace")


async def _body(response: "httpx2.Response", seconds: float) -> bytes:
    limit = MAX_REPLY_BYTES if response.status_code == 200 else MAX_PROBLEM_BYTES
    return await read_body(response, limit, seconds)


async def _chunks(response: "httpx2.Response", model: Model) -> AsyncIterator[dict[str, Any]]:
    async for raw in bounded_lines(response, MAX_EVENT_BYTES, MAX_STREAM_BYTES):
        line = raw.decode("utf-8", "replace")
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            chunk = decode_json(data, MAX_EVENT_BYTES)
        except ForeignError:
            raise ProviderError(Trouble.NONSENSE, f"model '{model.name}' streamed no JSON: {data[:80]}") from None
        if not isinstance(chunk, dict):
            raise ProviderError(Trouble.NONSENSE, f"model '{model.name}' streamed {data[:80]}")
        if chunk.get("error"):
            raise ProviderError(Trouble.SERVER, f"model '{model.name}' broke off: {data[:200]}", body=data.encode())
        yield chunk


def _check(status: int, content: bytes, headers: Mapping[str, str], model: Model) -> None:
    if status == 200:
        return
    shown = content[:200].decode("utf-8", "replace")
    message = f"model '{model.name}' answered {status}: {shown}"
    raise ProviderError(trouble_of(status), message, status, content, _seconds(headers.get("retry-after")))


def _seconds(retry_after: str | None) -> float | None:
    try:
        seconds = 0.0 if retry_after is None else float(retry_after)
    except ValueError:
        return None
    return None if retry_after is None or not seconds >= 0 else seconds
