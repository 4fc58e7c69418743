"""The OpenAI Agents SDK for real: tools, streaming, several tiers in one run, errors."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.agents.conftest import completion
from tierwise.agents.attempts import AttemptLoop
from tierwise.agents.client import AsyncClient, AsyncLocalClient
from tierwise.agents.runtime import Runtime
from tierwise.agents.upstreams import Upstreams
from tierwise.router_model.rules import RulesRouter

sdk: Any = pytest.importorskip("agents", reason="openai-agents is not installed; run: make test-adapters")
if not hasattr(sdk, "Runner"):
    pytest.skip("openai-agents is not installed; run: make test-adapters", allow_module_level=True)

openai: Any = importlib.import_module("openai")
from tierwise.agents.adapters.openai_agents import RouterProvider, goal_tool  # noqa: E402 - only where the SDK is there

sdk.set_tracing_disabled(True)
ASK = "What is the weather?"


@sdk.function_tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def run(stack: Any) -> Callable[..., Any]:
    """Runs ``use(client, run_config)`` on one event loop and gives its result and the client."""

    def start(use: Callable[[Any], Awaitable[Any]], overrides: dict[str, str] | None = None, **fields: Any) -> Any:
        async def everything() -> Any:
            async with (
                AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client,
                openai.AsyncOpenAI(base_url=stack.provider, api_key="unused", max_retries=0) as provider,
            ):
                names = {tier: f"stub-{tier}" for tier in client.catalogue.names} | (overrides or {})
                models = {tier: sdk.OpenAIChatCompletionsModel(name, provider) for tier, name in names.items()}
                config = sdk.RunConfig(model_provider=RouterProvider(client, models, **fields))
                try:
                    return await use(config), client
                finally:
                    await asyncio.to_thread(client.flush, 10)

        return asyncio.run(everything())

    return start


def test_every_turn_is_routed_and_reported(run: Any, fresh: Any) -> None:
    agent = sdk.Agent(name="clerk", instructions="Be brief.", tools=[weather])
    result, client = run(lambda config: sdk.Runner.run(agent, ASK, run_config=config), task_type="extract")
    assert result.final_output == "You said: sunny in Berlin"
    (first, call), (second, _) = fresh(client, 2)
    assert (call.tier, call.model, call.input_tokens, call.output_tokens) == ("small", "stub-small", 16, 10)
    assert call.cached_tokens == 1
    assert call.cost_usd == pytest.approx(26 * 0.1 / 1e6)
    assert [message.role for message in first.step.messages] == ["system", "user"]
    assert [message.role for message in second.step.messages] == ["system", "user", "assistant", "tool"]
    assert second.step.messages[-1].content == "sunny in Berlin"
    assert first.step.tools[0].name == "weather"


def test_streaming(run: Any, fresh: Any) -> None:
    agent = sdk.Agent(name="clerk", tools=[weather], model="auto")

    async def stream(config: Any) -> list[str]:
        settings = sdk.ModelSettings(include_usage=True)
        result = sdk.Runner.run_streamed(agent.clone(model_settings=settings), ASK, run_config=config)
        return [event.type async for event in result.stream_events()]

    events, client = run(stream)
    assert events.count("raw_response_event") > 5
    found = fresh(client, 2)
    assert {attempt.tier for _, attempt in found} == {"frontier"}
    assert all(attempt.output_tokens for _, attempt in found)


def test_a_tier_can_be_named_and_other_names_are_refused(run: Any, fresh: Any) -> None:
    agent = sdk.Agent(name="clerk", model="mid")
    result, client = run(lambda config: sdk.Runner.run(agent, "Hello.", run_config=config))
    assert result.final_output == "You said: Hello."
    assert fresh(client, 0) == []
    with pytest.raises(ValueError, match="known are auto, small, mid, frontier"):
        run(lambda config: sdk.Runner.run(sdk.Agent(name="x", model="gpt-nobody"), "Hello.", run_config=config))


def test_an_error_of_the_model_is_raised_and_reported_as_unknown(run: Any, fresh: Any) -> None:
    agent = sdk.Agent(name="clerk")
    with pytest.raises(openai.InternalServerError, match="the stub fails with 503"):
        run(lambda config: sdk.Runner.run(agent, ASK, run_config=config), {"frontier": "fails-503"})
    ((_, attempt),) = fresh(None, 1)
    assert (attempt.tier, attempt.success, attempt.error) == ("frontier", None, "InternalServerError")


def test_the_runtime_is_a_tool(stub: Callable[[Any], Any], tiers_at: Callable[..., Any]) -> None:
    """A real run of the SDK whose model calls the tool; the models are a script."""

    def answer(_: str, body: Any) -> Any:
        first, last = body["messages"][0]["content"], body["messages"][-1]
        if first.startswith("Plan how"):
            return completion('{"steps": [{"id": "a", "do": "look"}]}')
        if body.get("tools") and last["role"] != "tool":
            function = {"name": "reach_goal", "arguments": '{"goal": "Count the lamps."}'}
            return completion("", tool_calls=[{"id": "c", "type": "function", "function": function}])
        return completion(f"It said: {last['content']}" if last["role"] == "tool" else "five lamps")

    address = stub(answer).address
    tiers = tiers_at(address)

    async def work() -> tuple[Any, str, str]:
        client = AsyncLocalClient(RulesRouter(tiers))
        async with (
            client,
            Upstreams(tiers) as upstreams,
            openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as provider,
        ):
            runtime = Runtime(AttemptLoop(client, upstreams))
            model = sdk.OpenAIChatCompletionsModel("any", provider)
            agent = sdk.Agent(name="clerk", model=model, tools=[goal_tool(runtime, budget_usd=1.0)])
            ran = await sdk.Runner.run(agent, "How many lamps?")
            poor = goal_tool(runtime, budget_usd=0.0)
            return ran, await poor.on_invoke_tool(None, '{"goal": "x"}'), await poor.on_invoke_tool(None, "[")

    ran, unpaid, wrong = asyncio.run(work())
    assert ran.final_output == "It said: five lamps"
    assert unpaid.startswith("The goal was not reached: budget: ")
    assert wrong.startswith("The arguments are wrong")
