"""A local model behind the OpenAI form, called as any upstream."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tierwise.agents.collect import Completion, ModelInfo
from tierwise.agents.collect.model_server import model_server
from tierwise.agents.upstreams import Upstreams
from tierwise.agents.usage import Usage
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Logprobs


class Echo:
    info = ModelInfo("echo", "0" * 64, "plain")

    def complete(self, text: str, max_tokens: int) -> Completion:
        told = Logprobs(-0.5, -2.0, 4)
        return Completion(text[:max_tokens], len(text), min(len(text), max_tokens), 0, logprobs=told)


@pytest.fixture
def address() -> Iterator[str]:
    with model_server(Echo()) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def test_it_answers_as_an_upstream_does(address: str) -> None:
    tiers = [{"name": name, "models": [{"name": name, "base_url": address}]} for name in ("small", "mid")]

    async def work() -> Any:
        async with Upstreams(TierCatalogue.from_mapping({"tiers": tiers})) as upstreams:
            body = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
            upstream = upstreams.lines("mid")[0].upstream
            return await upstream.complete(body), await upstream.complete(body, asks_logprobs=True)

    reply, judged = asyncio.run(work())
    assert (reply.text, reply.usage, reply.finish_reason) == ("hell", Usage(5, 4), "length")
    assert (reply.logprobs, judged.logprobs) == (None, Logprobs(-0.5, -2.0, 4))
    assert judged.body["choices"][0]["logprobs"] is None


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/chat/completions", b'{"messages": []}', 400),
        ("/chat/completions", b'{"messages": [{"role": "user", "content": [1]}]}', 400),
        ("/chat/completions", b"{broken", 400),
        ("/models", b"{}", 404),
    ],
)
def test_what_it_cannot_answer_is_an_error_in_openais_form(
    address: str, path: str, content: bytes, status: int
) -> None:
    answer = httpx2.post(address + path, content=content)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"
