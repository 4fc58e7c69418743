"""PydanticAI for real: tools, structured output, streaming, errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed; run: make test-adapters")

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from tierwise.agents.adapters.pydantic_ai import RouterCapability
from tierwise.agents.client import AsyncClient

ASK = "What is the weather?"


class Invoice(BaseModel):
    total: int


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def run(stack: Any) -> Callable[..., Any]:
    """Runs ``use(agent)`` on one event loop; keywords are those of the agent and of ``fields``."""

    def start(
        use: Callable[[Any], Awaitable[Any]], small: str = "stub-small", fields: Any = None, **settings: Any
    ) -> Any:
        async def everything() -> Any:
            async with (
                AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client,
                AsyncOpenAI(base_url=stack.provider, api_key="unused", max_retries=0) as openai,
            ):
                provider = OpenAIProvider(openai_client=openai)
                names = {tier: f"stub-{tier}" for tier in client.catalogue.names} | {"small": small}
                models = {tier: OpenAIChatModel(name, provider=provider) for tier, name in names.items()}
                router = RouterCapability(client, models, **(fields or {}))
                agent = Agent(models["mid"], capabilities=[router], **settings)
                try:
                    return await use(agent), client
                finally:
                    await asyncio.to_thread(client.flush, 10)

        return asyncio.run(everything())

    return start


def test_every_request_is_routed_and_reported(run: Any, fresh: Any) -> None:
    fields = {"task_type": "extract", "agent": "clerk"}
    result, client = run(lambda agent: agent.run(ASK), fields=fields, tools=[weather], system_prompt="Be brief.")
    assert result.output == "You said: sunny in Berlin"
    (first, call), (second, _) = fresh(client, 2)
    assert (call.tier, call.model, call.input_tokens, call.output_tokens) == ("small", "stub-small", 16, 10)
    assert call.cost_usd == pytest.approx(26 * 0.1 / 1e6)
    assert [message.role for message in first.step.messages] == ["system", "user"]
    assert [message.role for message in second.step.messages] == ["system", "user", "tool"]
    assert (first.step.tools[0].name, first.step.agent) == ("weather", "clerk")
    assert [step.step.step_index for step in (first, second)] == [0, 1]


def test_structured_output_tells_its_schema(run: Any, fresh: Any) -> None:
    result, client = run(lambda agent: agent.run("Extract the total."), output_type=Invoice)
    assert result.output == Invoice(total=7)
    ((step, attempt),) = fresh(client, 1)
    assert (attempt.tier, list(step.step.response_schema["properties"])) == ("frontier", ["total"])


def test_streaming(run: Any, fresh: Any) -> None:
    async def stream(agent: Any) -> list[str]:
        async with agent.run_stream(ASK) as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    pieces, client = run(stream, tools=[weather])
    assert "".join(pieces) == "You said: sunny in Berlin"
    assert len(pieces) > 2
    found = fresh(client, 2)
    assert {attempt.tier for _, attempt in found} == {"frontier"}
    assert all(attempt.output_tokens for _, attempt in found)


def test_an_error_of_the_model_is_raised_and_reported_as_unknown(run: Any, fresh: Any) -> None:
    with pytest.raises(ModelHTTPError, match="the stub fails with 503") as caught:
        run(lambda agent: agent.run(ASK), small="fails-503", fields={"task_type": "extract"})
    ((_, attempt),) = fresh(None, 1)
    assert (attempt.tier, attempt.success, attempt.error) == ("small", None, caught.type.__name__)
