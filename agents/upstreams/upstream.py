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
        self._headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
        self._open_client = open_client

    async def complete(self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> Reply:
        """Posts a chat request under this model's name. Raises ``ProviderError``."""
        started = time.perf_counter()
        request = {**body, "model": self.model.name, "stream": False}
        request.pop("stream_options", None)
        async with self._troubles(timeout_seconds), asyncio.timeout(timeout_seconds):
            response = await self._open_client().post(self._url, json=request, headers=self._headers)
        _check(response.status_code, response.content, response.headers, self.model)
        return read_reply(response.content, self.model, (time.perf_counter() - started) * 1000)

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
                "POST", self._url, json=request, headers=self._headers, timeout=timeout_seconds
            )
            async with opened as response:
                if response.status_code != 200:
                    _check(response.status_code, await response.aread(), response.headers, self.model)
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


async def _chunks(response: "httpx2.Response", model: Model) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            chunk = json.loads(data)
        except ValueError:
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
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None
