"""One model of the catalogue, asked in chat completions whatever it speaks itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tierwise.agents.protocols import CHAT
from tierwise.agents.upstreams.answer_stream import AnswerStream
from tierwise.agents.upstreams.asking import Answered, Asked, ask, ask_for_stream
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError, Trouble
from tierwise.agents.upstreams.reply import Reply, price
from tierwise.agents.upstreams.transport import Transport, decoded
from tierwise.agents.usage import Usage, read_usage
from tierwise.data.catalogue import Model
from tierwise.data.errors import CatalogueError, RecordError
from tierwise.data.replies.json_text import whole
from tierwise.data.replies.parts import without_thoughts

if TYPE_CHECKING:
    import httpx2

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

    def __init__(
        self, model: Model, api_key: str | None, open_client: "Callable[[], httpx2.AsyncClient]", tier: str = ""
    ) -> None:
        if model.base_url is None:
            raise CatalogueError(f"model '{model.name}' has no base_url; add one to tiers.toml to call it")
        self.model = model
        self._endpoint = Endpoint(tier, model, model.base_url, api_key)
        self._transport = Transport(open_client)

    async def complete(
        self,
        body: Mapping[str, Any],
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        asks_logprobs: bool = False,
    ) -> Reply:
        """Sends a chat request under this model's name; ``asks_logprobs``: those of the tokens too, where the model
        gives them. Raises ``ProviderError``."""
        started = time.perf_counter()
        request = {**body, "stream": False}
        request.pop("stream_options", None)
        with _sayable(self.model):
            async with self._in_time(timeout_seconds):
                asked = Asked(CHAT, request, seconds=timeout_seconds, asks_logprobs=asks_logprobs)
                answered = await ask(self._transport, self._endpoint, asked)
        return _reply(answered, self.model, (time.perf_counter() - started) * 1000)

    @asynccontextmanager
    async def stream(
        self, body: Mapping[str, Any], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> AsyncIterator[ReplyStream]:
        """Opens a streamed completion that ends with its usage, where the server takes the option for it. Raises
        ``ProviderError`` before the first chunk for a refusal, and between chunks for a connection that breaks.
        ``timeout_seconds`` bounds each wait."""
        asked = Asked(CHAT, {**body, "stream": True}, shows_usage=True)
        with _sayable(self.model):
            async with self._in_time(timeout_seconds):
                opened = await ask_for_stream(self._transport, self._endpoint, asked)
        try:
            yield ReplyStream(self._chunks(opened, timeout_seconds))
        finally:
            await opened.aclose()

    async def _chunks(self, opened: AnswerStream, timeout_seconds: float) -> AsyncIterator[dict[str, Any]]:
        pieces = opened.pieces()
        while True:
            async with self._in_time(timeout_seconds):
                piece = await anext(pieces, None)
            if piece is None:
                return
            for line in piece.split(b"\n"):
                if line.startswith(b"data:"):
                    yield self._chunk(line.removeprefix(b"data:").strip())

    def _chunk(self, data: bytes) -> dict[str, Any]:
        chunk = decoded(data)
        if not isinstance(chunk, dict):
            shown = data[:80].decode("utf-8", "replace")
            raise ProviderError(Trouble.NONSENSE, f"model '{self.model.name}' streamed no JSON: {shown}")
        return chunk

    @asynccontextmanager
    async def _in_time(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            message = f"model '{self.model.name}' did not answer within {seconds:g} s"
            raise ProviderError(Trouble.TIMEOUT, message) from None


@contextmanager
def _sayable(model: Model) -> Iterator[None]:
    """Turns what cannot be said to a model into its refusal."""
    try:
        yield
    except RecordError as error:
        raise ProviderError(Trouble.REFUSED, f"model '{model.name}': {error}", 400) from None


def _reply(answered: Answered, model: Model, latency_ms: float) -> Reply:
    completion = answered.completion
    message = completion.message
    refused = "".join(part.text for part in message.refusals)
    return Reply(
        text=without_thoughts(whole(message.content)),
        model=model.name,
        tool_calls=message.tool_calls,
        usage=completion.usage,
        cost_usd=price(completion.usage, model),
        latency_ms=latency_ms,
        finish_reason=message.finish_reason,
        body=answered.body,
        refusal=refused or None,
        logprobs=answered.logprobs,
    )
