"""CrewAI for real: a crew with a tool, synchronous and asynchronous, and an error."""

import asyncio
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

# CrewAI reads these when it is imported. Elsewhere they must stay unset: they switch off MLflow's traces, too.
if find_spec("crewai") is not None:
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}
pytest.importorskip("crewai", reason="crewai is not installed; run: make test-adapters-crewai")

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool

from tierwise.agents.adapters.crewai import routed_llm
from tierwise.agents.client import Client


@tool("weather")
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path))


@pytest.fixture
def client(stack: Any) -> Iterator[Client]:
    with Client(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client:
        yield client


def crew(client: Client, stack: Any, small: str = "stub-small", tools: Any = (), stream: bool = False) -> Any:
    names = {"small": small, "mid": "stub-mid", "frontier": "stub-frontier"}
    llms = {
        tier: LLM(model=f"openai/{name}", base_url=stack.provider, api_key="unused", stream=stream, max_retries=0)
        for tier, name in names.items()
    }
    llm = routed_llm(client, llms, task_type="extract")
    clerk = Agent(role="clerk", goal="Answer.", backstory="Brief.", llm=llm, tools=list(tools), max_retry_limit=0)
    task = Task(description="What is the weather?", expected_output="One sentence.", agent=clerk)
    return Crew(agents=[clerk], tasks=[task], verbose=False)


def test_every_call_is_routed_and_reported(client: Any, stack: Any, fresh: Any) -> None:
    result = crew(client, stack, tools=[weather]).kickoff()
    assert "sunny in Berlin" in result.raw
    steps = fresh(client, 2)
    assert [(attempt.tier, attempt.model) for _, attempt in steps] == [("small", "stub-small")] * 2
    assert {step.step.agent for step, _ in steps} == {"clerk"}
    assert steps[0][0].step.tools[0].name == "weather"
    counted = sum(attempt.input_tokens + attempt.output_tokens for _, attempt in steps)
    assert result.token_usage.total_tokens == counted > 0
    assert all(attempt.cost_usd > 0 for _, attempt in steps)


def test_async_and_streaming(client: Any, stack: Any, fresh: Any) -> None:
    result = asyncio.run(crew(client, stack, stream=True).kickoff_async())
    assert result.raw.startswith("You said:")
    ((_, attempt),) = fresh(client, 1)
    assert (attempt.tier, attempt.output_tokens > 5) == ("small", True)


def test_calling_the_llm_itself(client: Any, stack: Any, fresh: Any) -> None:
    llm = crew(client, stack).agents[0].llm
    assert llm.call("Say hello.") == asyncio.run(llm.acall("Say hello.")) == "You said: Say hello."
    assert [attempt.input_tokens for _, attempt in fresh(client, 2)] == [2, 2]


def test_an_error_of_the_model_is_raised_and_reported_as_unknown(client: Any, stack: Any, fresh: Any) -> None:
    llm = crew(client, stack, small="fails-400").agents[0].llm
    with pytest.raises(Exception, match="the stub fails with 400"):
        llm.call("Say hello.")
    ((_, attempt),) = fresh(client, 1)
    assert (attempt.success, attempt.error is not None) == (None, True)
