"""One model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, Together, OpenAI, a LiteLLM proxy."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tierwise.agents.upstreams.errors import ProviderError, Trouble, trouble_in, trouble_of
from tierwise.agents.upstreams.reply import Reply, read_reply
from tierwise.agents.usage import Usage, read_usage
from tierwise.data.catalogue import Model
from tierwise.data.errors import CatalogueError
from tierwise.data.replies.errors import find_error, is_about_usage_option, read_error
from tierwise.data.replies.json_text import decoded, read_json, write_json

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
                self.usage = self.usage.updated(read_usage(chunk))
            yield chunk


class Upstream:
    """Calls ``model``. ``open_client`` gives the HTTP client of the running event loop; ``api_key`` may be None."""

    def __init__(self, model: Model, api_key: str | None, open_client: "Callable[[], httpx2.AsyncClient]") -> None:
        if model.base_url is None:
            raise CatalogueError(f"model '{model.name}' has no base_url; add one to tiers.toml to call it")
        self.model = model
        self._url = model.base_url.rstrip("/") + PATH
        self._headers = {"content-type": "application/json"}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._takes_stream_options = True
        self._open_client = open_client

    async def complete(self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> Reply:
        """Posts a chat request under this model's name. Raises ``ProviderError``."""
        started = time.perf_counter()
        request = {**body, "model": self.model.name, "stream": False}
        request.pop("stream_options", None)
        async with self._troubles(timeout_seconds), asyncio.timeout(timeout_seconds):
            response = await self._open_client().post(self._url, content=write_json(request), headers=self._headers)
        _check(response.status_code, response.content, response.headers, self.model)
        return read_reply(response.content, self.model, (time.perf_counter() - started) * 1000)

    @asynccontextmanager
    async def stream(
        self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> AsyncIterator[ReplyStream]:
        """Opens a streamed completion that ends with its usage, where the server takes the option for it. Raises
        ``ProviderError`` before the first chunk for a refusal, and between chunks for a connection that breaks.
        ``timeout_seconds`` bounds each wait."""
        request = {**body, "model": self.model.name, "stream": True}
        if self._takes_stream_options:
            request["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        async with self._troubles(timeout_seconds), AsyncExitStack() as opened:
            response = await opened.enter_async_context(self._opened(request, timeout_seconds))
            if response.status_code != 200:
                content = await response.aread()
                if not self._is_without_option(request, body, response.status_code, content):
                    _check(response.status_code, content, response.headers, self.model)
                request.pop("stream_options")
                response = await opened.enter_async_context(self._opened(request, timeout_seconds))
                if response.status_code != 200:
                    _check(response.status_code, await response.aread(), response.headers, self.model)
                self._takes_stream_options = False
            yield ReplyStream(_chunks(response, self.model))

    def _opened(
        self, request: Mapping[str, Any], timeout_seconds: float
    ) -> "AbstractAsyncContextManager[httpx2.Response]":
        return self._open_client().stream(
            "POST", self._url, content=write_json(request), headers=self._headers, timeout=timeout_seconds
        )

    def _is_without_option(
        self, request: Mapping[str, Any], body: Mapping[str, Any], status: int, content: bytes
    ) -> bool:
        """Whether to ask once more without the option that was added here, not by the caller."""
        is_added = "stream_options" in request and "stream_options" not in body
        return is_added and is_about_usage_option(decoded(content.decode("utf-8", "replace")), status)

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


async def _chunks(response: "httpx2.Response", model: Model) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            chunk = read_json(data)
        except ValueError:
            raise ProviderError(Trouble.NONSENSE, f"model '{model.name}' streamed no JSON: {data[:80]}") from None
        if not isinstance(chunk, dict):
            raise ProviderError(Trouble.NONSENSE, f"model '{model.name}' streamed {data[:80]}")
        error = find_error(chunk)
        if error is not None:
            content = data.encode("utf-8", "replace")
            raise ProviderError(trouble_in(error), f"model '{model.name}' broke off: {data[:200]}", body=content)
        yield chunk


def _check(status: int, content: bytes, headers: Mapping[str, str], model: Model) -> None:
    if status == 200:
        return
    shown = content[:200].decode("utf-8", "replace")
    message = f"model '{model.name}' answered {status}: {shown}"
    trouble = trouble_of(status, read_error(decoded(content.decode("utf-8", "replace")), status))
    raise ProviderError(trouble, message, status, content, _seconds(headers.get("retry-after")))


def _seconds(retry_after: str | None) -> float | None:
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None
