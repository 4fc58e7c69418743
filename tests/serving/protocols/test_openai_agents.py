"""The OpenAI Agents SDK as it is by default, with nothing of ours but the address, against models of every protocol."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.strict_stub.callers import PATHS

sdk: Any = pytest.importorskip("agents", reason="openai-agents is not installed; run: make test-adapters")
if not hasattr(sdk, "Runner"):
    pytest.skip("openai-agents is not installed; run: make test-adapters", allow_module_level=True)

openai: Any = importlib.import_module("openai")
sdk.set_tracing_disabled(True)


@sdk.function_tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("protocol", PATHS)
def test_the_default_setting_runs_a_loop_of_tools(live: Callable[..., str], protocol: str, is_stream: bool) -> None:
    url = live(mid=[{"name": "m", "protocols": [protocol]}])

    async def work() -> str:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as client:
            sdk.set_default_openai_client(client, use_for_tracing=False)
            agent = sdk.Agent(name="clerk", model="auto", instructions="Be brief.", tools=[weather])
            if not is_stream:
                return str((await sdk.Runner.run(agent, "Weather?")).final_output)
            result = sdk.Runner.run_streamed(agent, "Weather?")
            async for _ in result.stream_events():
                pass
            return str(result.final_output)

    assert asyncio.run(work()) == "You said: sunny in Berlin"
