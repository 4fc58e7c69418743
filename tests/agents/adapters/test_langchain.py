"""LangChain and LangGraph for real: tools, streaming, async, nodes, errors."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

import httpx2
import pytest

pytest.importorskip("langchain", reason="langchain is not installed; run: make test-adapters")

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph

from tests.agents.conftest import completion
from tierwise.agents.adapters.goals import goal_node
from tierwise.agents.adapters.langchain import RouterMiddleware, routed_node
from tierwise.agents.attempts import AttemptLoop
from tierwise.agents.client import AsyncLocalClient, Client
from tierwise.agents.runtime import Runtime, RuntimeSettings
from tierwise.agents.upstreams import Upstreams
from tierwise.router_model.rules import RulesRouter

ASK = {"messages": [{"role": "user", "content": "What is the weather?"}]}


@tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def client(stack: Any) -> Iterator[Client]:
    with Client(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client:
        yield client


@pytest.fixture
def models(stack: Any) -> dict[str, ChatOpenAI]:
    return {
        tier: ChatOpenAI(
            model=f"stub-{tier}", base_url=stack.provider, api_key="unused", stream_usage=True, max_retries=0
        )
        for tier in ("small", "mid", "frontier")
    }


def test_every_call_of_an_agent_is_routed_and_reported(client: Any, models: Any, fresh: Callable[..., Any]) -> None:
    router = RouterMiddleware(client, models, task_type="extract", agent="clerk")
    agent = create_agent(models["frontier"], [weather], middleware=[router], system_prompt="Be brief.")
    answer = agent.invoke(ASK)
    assert answer["messages"][-1].content == "You said: sunny in Berlin"
    (first, call), (second, _) = fresh(client, 2)
    assert (call.tier, call.model, call.input_tokens, call.output_tokens) == ("small", "stub-small", 16, 10)
    assert call.cost_usd == pytest.approx(26 * 0.1 / 1e6)
    assert [message.role for message in first.step.messages] == ["system", "user"]
    assert [message.role for message in second.step.messages] == ["system", "user", "assistant", "tool"]
    assert (first.step.tools[0].name, first.step.agent) == ("weather", "clerk")


def test_async_and_streaming(client: Any, models: Any, fresh: Callable[..., Any]) -> None:
    agent = create_agent(models["frontier"], [weather], middleware=[RouterMiddleware(client, models)])

    async def run() -> list[str]:
        await agent.ainvoke(ASK)
        return [token.content async for token, _ in agent.astream(ASK, stream_mode="messages")]

    pieces = asyncio.run(run())
    assert len(pieces) > 5
    found = fresh(client, 4)
    assert {attempt.tier for _, attempt in found} == {"frontier"}
    assert all(attempt.output_tokens for _, attempt in found)


def test_an_error_of_the_model_is_raised_and_reported_as_unknown(
    client: Any, models: Any, stack: Any, fresh: Callable[..., Any]
) -> None:
    broken = ChatOpenAI(model="fails-503", base_url=stack.provider, api_key="unused", max_retries=0)
    router = RouterMiddleware(client, models | {"small": broken}, task_type="extract")
    with pytest.raises(Exception, match="the stub fails with 503") as caught:
        create_agent(models["frontier"], middleware=[router]).invoke(ASK)
    ((_, attempt),) = fresh(client, 1)
    assert (attempt.success, attempt.error) == (None, caught.type.__name__)


def test_nodes_may_be_async_and_take_a_config(client: Any, stack: Any, fresh: Callable[..., Any]) -> None:
    seen: list[Any] = []
    own = httpx2.AsyncClient()  # LangChain's shared one stays with the event loop of another test
    small = ChatOpenAI(model="stub-small", base_url=stack.provider, api_key="unused", http_async_client=own)
    models = {"small": small}

    @routed_node(client, models, task_type="extract")
    async def read(state: Any, model: Any, config: RunnableConfig) -> Any:
        seen.append(config["configurable"]["thread_id"])
        return {"messages": [await model.ainvoke(state["messages"])]}

    @routed_node(client, models, task_type="extract")
    def plan(state: Any, model: Any, config: RunnableConfig) -> Any:
        seen.append(config["configurable"]["thread_id"])
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_sequence([("read", read), ("plan", plan)])
    graph.add_edge(START, "read")
    asyncio.run(graph.compile().ainvoke(ASK, {"configurable": {"thread_id": "thread-1"}}))
    assert seen == ["thread-1"] * 2
    found = fresh(client, 2)
    assert [(step.step.node, attempt.tier) for step, attempt in found] == [("read", "small"), ("plan", "small")]
    assert all(attempt.input_tokens and attempt.output_tokens for _, attempt in found)


def test_a_node_that_calls_no_model_reports_no_attempt(client: Any, models: Any, fresh: Callable[..., Any]) -> None:
    @routed_node(client, models)
    def broken(state: Any, model: Any) -> Any:
        raise ValueError(f"before any call of {model} with {state}")

    with pytest.raises(ValueError, match="before any call"):
        broken(ASK | {"messages": [HumanMessage("hi")]})
    fresh(client, 0)


def test_a_tier_without_a_model_is_stood_in_for_by_the_next_dearer(
    client: Any, models: Any, fresh: Callable[..., Any]
) -> None:
    two = {tier: models[tier] for tier in ("small", "frontier")}
    router = RouterMiddleware(client, two, input_complexity=5, task_type="write")
    create_agent(models["frontier"], middleware=[router]).invoke(ASK)
    ((step, attempt),) = fresh(client, 1)
    assert (step.decision.tier, attempt.tier) == ("mid", "frontier")


def test_each_node_of_a_graph_gets_its_own_tier(client: Any, models: Any, fresh: Callable[..., Any]) -> None:
    @routed_node(client, models, task_type="extract")
    def read(state: Any, model: Any) -> Any:
        return {"messages": [model.invoke(state["messages"])]}

    @routed_node(client, models, task_type="plan", requires_judgment=True)
    def plan(state: Any, model: Any) -> Any:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("read", read)
    graph.add_node("plan", plan)
    graph.add_edge(START, "read")
    graph.add_edge("read", "plan")
    graph.add_edge("plan", END)
    running = graph.compile()
    running.invoke(ASK, {"configurable": {"thread_id": "thread-1"}})
    asyncio.run(running.ainvoke(ASK))
    list(running.stream(ASK, stream_mode="messages"))
    found = fresh(client, 6)
    assert [(step.step.node, attempt.tier) for step, attempt in found] == [("read", "small"), ("plan", "frontier")] * 3
    assert found[0][0].session_id == "thread-1"
    assert all(attempt.input_tokens and attempt.output_tokens for _, attempt in found)


@pytest.mark.parametrize("budget_usd", [1.0, 0.0])
def test_the_runtime_is_a_node_of_a_graph(
    stub: Callable[[Any], Any], tiers_at: Callable[..., Any], budget_usd: float
) -> None:
    """A real graph with the state of messages, and one of its own; the models are a script."""

    def answer(_: str, body: Any) -> Any:
        is_plan = body["messages"][0]["content"].startswith("Plan how")
        return completion('{"steps": [{"id": "a", "do": "look"}]}' if is_plan else "five lamps")

    class State(TypedDict, total=False):
        goal: str
        answer: str | None
        failure: str | None
        task: dict[str, Any]

    tiers = tiers_at(stub(answer).address)

    async def work() -> tuple[Any, Any]:
        client = AsyncLocalClient(RulesRouter(tiers))
        async with client, Upstreams(tiers) as upstreams:
            runtime = Runtime(AttemptLoop(client, upstreams), RuntimeSettings(max_plan_tokens=100))
            found = []
            for state_type, state in ((State, {"goal": "Count."}), (MessagesState, {"messages": [("user", "Count.")]})):
                graph = StateGraph(state_type)
                graph.add_node("work", goal_node(runtime, budget_usd=budget_usd))
                graph.add_edge(START, "work")
                graph.add_edge("work", END)
                found.append(await graph.compile().ainvoke(state))
            return found[0], found[1]

    own, messages = asyncio.run(work())
    if budget_usd:
        assert (own["answer"], own["failure"], own["task"]["n_calls"]) == ("five lamps", None, 3)
        assert messages["messages"][-1].content == "five lamps"
    else:
        assert own["answer"] is None
        assert own["failure"].startswith("budget: ")
        assert messages["messages"][-1].content.startswith("No answer: budget: ")
