"""The Microsoft Agent Framework for real: tools, streaming, errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("agent_framework", reason="agent-framework is not installed; run: make test-adapters")

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

from tierwise.agents.adapters.agent_framework import RouterMiddleware
from tierwise.agents.client import AsyncClient

ASK = "What is the weather?"


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def run(stack: Any) -> Callable[..., Any]:
    """Runs ``use(agent)`` on one event loop; keywords are fields of every step."""

    def start(use: Callable[[Any], Awaitable[Any]], small: str = "stub-small", **fields: Any) -> Any:
        async def everything() -> Any:
            async with AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client:
                names = {tier: f"stub-{tier}" for tier in client.catalogue.names} | {"small": small}
                agent = Agent(
                    client=OpenAIChatCompletionClient(model="stub-mid", api_key="unused", base_url=stack.provider),
                    instructions="Be brief.",
                    tools=[weather],
                    middleware=[RouterMiddleware(client, names, **fields)],
                )
                try:
                    return await use(agent), client
                finally:
                    await asyncio.to_thread(client.flush, 10)

        return asyncio.run(everything())

    return start


def test_every_call_is_routed_and_reported(run: Any, fresh: Any) -> None:
    result, client = run(lambda agent: agent.run(ASK), task_type="extract", agent="clerk")
    assert result.text == "You said: sunny in Berlin"
    (first, call), (second, _) = fresh(client, 2)
    assert (call.tier, call.model, call.output_tokens) == ("small", "stub-small", 10)
    assert call.cost_usd == pytest.approx((call.input_tokens + 10) * 0.1 / 1e6)
    assert [message.role for message in first.step.messages] == ["system", "user"]
    assert second.step.messages[-1].role == "tool"
    assert (first.step.tools[0].name, first.step.agent) == ("weather", "clerk")


def test_streaming(run: Any, fresh: Any) -> None:
    async def stream(agent: Any) -> list[str]:
        return [update.text async for update in agent.run(ASK, stream=True)]

    pieces, client = run(stream)
    assert "".join(pieces) == "You said: sunny in Berlin"
    found = fresh(client, 2)
    assert {attempt.tier for _, attempt in found} == {"frontier"}
    assert all(attempt.output_tokens and attempt.latency_ms > 0 for _, attempt in found)


def test_an_error_of_the_model_is_raised_and_reported_as_unknown(run: Any, fresh: Any) -> None:
    with pytest.raises(Exception, match="the stub fails with 400") as caught:
        run(lambda agent: agent.run(ASK), small="fails-400", task_type="extract")
    ((_, attempt),) = fresh(None, 1)
    assert (attempt.tier, attempt.success, attempt.error) == ("small", None, caught.type.__name__)
