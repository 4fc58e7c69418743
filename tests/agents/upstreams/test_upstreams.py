"""Models over HTTP: what is sent, what is read, what goes wrong, against a real server."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.upstreams import ProviderError, ReplyStream, Trouble, Upstreams, chat_body, chat_messages, unfenced
from tierwise.agents.usage import Usage
from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.parsing import parse_step

StartStub = Callable[[Answer], Stub]
BODY = {"messages": [{"role": "user", "content": "hi"}], "seed": 7}


def catalogue(**model: object) -> TierCatalogue:
    known = {"name": "m", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0, "cached_input_usd_per_mtok": 0.5}
    return TierCatalogue.from_mapping({"tiers": [{"name": "only", "models": [known | model]}, {"name": "bare"}]})


def complete(tiers: TierCatalogue, timeout_seconds: float = 5, environment: dict[str, str] | None = None) -> Any:
    async def work() -> Any:
        async with Upstreams(tiers, environment) as upstreams:
            return await upstreams.lines("only")[0].upstream.complete(BODY, timeout_seconds)

    return asyncio.run(work())


def test_a_reply_is_read_counted_and_priced(stub: StartStub) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 500, "prompt_tokens_details": {"cached_tokens": 400}}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    message = {"content": None, "tool_calls": [call]}
    server = stub(lambda *_: Reply({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}))
    reply = complete(catalogue(base_url=f"{server.address}/v1/", api_key_env="KEY"), environment={"KEY": "secret"})
    assert (reply.text, reply.finish_reason, reply.usage) == ("", "stop", Usage(1000, 500, 400))
    assert [(call.name, call.arguments, call.call_id) for call in reply.tool_calls] == [("add", '{"a": 1}', "c1")]
    assert reply.cost_usd == pytest.approx((600 * 1.0 + 400 * 0.5 + 500 * 2.0) / 1e6)
    assert server.requests == [("/v1/chat/completions", {**BODY, "model": "m", "stream": False})]
    assert server.keys == ["Bearer secret"]


def test_an_unknown_price_or_count_is_unknown_and_not_free(stub: StartStub) -> None:
    server = stub(lambda *_: completion("hi"))
    unpriced = catalogue(base_url=server.address, input_usd_per_mtok=None, output_usd_per_mtok=None)
    assert complete(unpriced).cost_usd is None
    server.answer = lambda *_: Reply({"choices": [{"message": {"content": "hi"}}]})
    assert complete(catalogue(base_url=server.address)).cost_usd is None


@pytest.mark.parametrize(
    ("reply", "trouble", "is_passing"),
    [
        (Reply({"error": "slow down"}, 429, {"retry-after": "3"}), Trouble.RATE_LIMIT, True),
        (Reply({"error": "down"}, 503), Trouble.SERVER, True),
        (Reply({"error": "late"}, 504), Trouble.TIMEOUT, True),
        (Reply({"error": "no"}, 400), Trouble.REFUSED, False),
        (Reply(b"<html>"), Trouble.NONSENSE, False),
        (Reply({"choices": []}), Trouble.NONSENSE, False),
        (Reply([]), Trouble.NONSENSE, False),
        (Reply(completion("late").content, delay_seconds=2), Trouble.TIMEOUT, True),
    ],
)
def test_trouble_has_a_kind(reply: Reply, trouble: Trouble, is_passing: bool, stub: StartStub) -> None:
    server = stub(lambda *_: reply)
    with pytest.raises(ProviderError, match="model 'm'") as caught:
        complete(catalogue(base_url=server.address), timeout_seconds=0.5 if reply.delay_seconds else 30)
    assert (caught.value.trouble, caught.value.is_passing) == (trouble, is_passing)
    assert caught.value.retry_after_seconds == (3.0 if trouble is Trouble.RATE_LIMIT else None)


def test_nobody_there_is_trouble_with_the_connection(nobody: str) -> None:
    with pytest.raises(ProviderError, match="model 'm' cannot be reached") as caught:
        complete(catalogue(base_url=nobody))
    assert caught.value.trouble is Trouble.CONNECTION


@pytest.mark.parametrize(
    ("model", "tier", "message"),
    [
        ({}, "only", "model 'm' has no base_url"),
        ({"base_url": "http://127.0.0.1:1", "api_key_env": "NOT_SET"}, "only", "NOT_SET is not set"),
        ({"base_url": "http://127.0.0.1:1"}, "bare", "tier 'bare' has no model"),
        ({"base_url": "http://127.0.0.1:1"}, "huge", "tier 'huge' is not in the catalogue"),
    ],
)
def test_what_cannot_be_called_is_told_before_any_call(model: dict[str, Any], tier: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        Upstreams(catalogue(**model), {}).lines(tier)


def sse(*chunks: object) -> bytes:
    lines = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return "".join(f": comment\ndata: {line}\n\n" for line in lines).encode()


def stream(address: str) -> tuple[list[str], ReplyStream]:
    async def work() -> tuple[list[str], ReplyStream]:
        async with (
            Upstreams(catalogue(base_url=address)) as upstreams,
            upstreams.lines("only")[0].upstream.stream(BODY, 5) as opened,
        ):
            texts = [choice["delta"]["content"] async for chunk in opened for choice in chunk["choices"]]
            return texts, opened

    return asyncio.run(work())


def test_a_stream_ends_with_its_usage(stub: StartStub) -> None:
    parts = [{"choices": [{"delta": {"content": text}}]} for text in ("4", "2")]
    last = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    server = stub(lambda *_: Reply(sse(*parts, last, "[DONE]"), 200, {"content-type": "text/event-stream"}))
    texts, opened = stream(server.address)
    assert (texts, opened.usage) == (["4", "2"], Usage(9, 2))
    assert server.requests[0][1]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply({"error": "busy"}, 429), Trouble.RATE_LIMIT),
        (Reply(sse({"choices": []}, {"error": {"message": "overloaded"}})), Trouble.SERVER),
        (Reply(sse("{half")), Trouble.NONSENSE),
    ],
)
def test_a_stream_that_breaks_has_a_kind_of_trouble(reply: Reply, trouble: Trouble, stub: StartStub) -> None:
    with pytest.raises(ProviderError, match="model 'm'") as caught:
        stream(stub(lambda *_: reply).address)
    assert caught.value.trouble is trouble


def test_a_step_becomes_a_chat_request() -> None:
    step = parse_step(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "tool", "content": "7", "tool_call_id": "c"},
            ],
            "tools": [{"name": "add", "description": "adds", "parameters": {"type": "object"}}],
            "response_schema": {"type": "integer"},
        }
    )
    bare, able = Model("m"), Model("m", capabilities=("json",))
    body = chat_body(step, bare, chat_messages(step), {"temperature": 0})
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "tool", "content": "7", "tool_call_id": "c"},
    ]
    assert body["tools"][0]["function"] == {"name": "add", "description": "adds", "parameters": {"type": "object"}}
    assert (body["temperature"], "response_format" in body) == (0, False)
    schema = chat_body(step, able, chat_messages(step), {})["response_format"]["json_schema"]["schema"]
    assert schema == {"type": "integer"}
    assert chat_messages(parse_step({"text": "hi"})) == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (' {"a": 1} ', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("```\n7\n```", "7"),
        ("``` 7 ```", "``` 7 ```"),
    ],
)
def test_fences_around_an_answer_are_taken_off(text: str, bare: str) -> None:
    assert unfenced(text) == bare
