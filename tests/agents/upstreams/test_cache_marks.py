"""The beginning that comes again is marked for those who need a mark, and for nobody else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.attempts import AttemptLoop, AttemptSettings
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import CacheHints, Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Message, Step
from tierwise.router_model.rules import ConstantRouter

MARK = {"type": "ephemeral"}
ANTHROPIC = {
    "type": "message",
    "content": [{"type": "text", "text": "done"}],
    "usage": {"input_tokens": 9, "output_tokens": 1},
}


def sent(stub: Callable[[Answer], Stub], step: Step, hints: CacheHints, **model: Any) -> Any:
    """The body that reached the model."""
    is_anthropic = "protocols" in model
    server = stub(lambda *_: Reply(ANTHROPIC) if is_anthropic else completion("done"))
    known = {"name": "m", "base_url": f"{server.address}/v1", **model}
    tiers = TierCatalogue.from_mapping({"tiers": [{"name": "only", "models": [known]}, {"name": "bare"}]})

    async def work() -> None:
        client = AsyncLocalClient(ConstantRouter(tiers, "only"))
        async with client, Upstreams(tiers) as upstreams:
            result = await AttemptLoop(client, upstreams, AttemptSettings(n_retries=0)).run(step, hints=hints)
            assert result.text == "done"

    asyncio.run(work())
    return server.requests[-1][1]


def test_a_stable_beginning_is_a_block_of_its_own(stub: Callable[[Answer], Stub]) -> None:
    body = sent(stub, Step(text="how to plan. the goal"), CacheHints(n_stable=12), protocols=["messages"])
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "how to plan.", "cache_control": MARK},
        {"type": "text", "text": " the goal"},
    ]


def test_a_conversation_is_marked_at_its_end_also_at_a_result(stub: Callable[[Answer], Stub]) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said = Message("assistant", "", {"tool_calls": [call]})
    step = Step(messages=(Message("user", "go"), said, Message("tool", "found", {"tool_call_id": "c1"})))
    body = sent(stub, step, CacheHints(grows=True), protocols=["messages"])
    (result,) = body["messages"][-1]["content"]
    assert result == {"type": "tool_result", "tool_use_id": "c1", "content": "found", "cache_control": MARK}


@pytest.mark.parametrize("hints", [CacheHints(n_stable=12), CacheHints(grows=True)])
def test_chat_completions_get_no_marks(stub: Callable[[Answer], Stub], hints: CacheHints) -> None:
    body = sent(stub, Step(text="how to plan. the goal"), hints)
    assert body["messages"] == [{"role": "user", "content": "how to plan. the goal"}]


def test_a_provider_of_chat_completions_may_say_that_it_takes_them(stub: Callable[[Answer], Stub]) -> None:
    body = sent(stub, Step(text="how to plan. the goal"), CacheHints(n_stable=12), capabilities=["cache_control"])
    assert body["messages"][0]["content"][0] == {"type": "text", "text": "how to plan.", "cache_control": MARK}
