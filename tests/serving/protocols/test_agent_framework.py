"""Microsoft Agent Framework as it is by default, which speaks the Responses API, against models of every protocol."""

import asyncio
from collections.abc import Callable

import pytest

from tests.strict_stub.callers import PATHS

framework = pytest.importorskip("agent_framework", reason="agent-framework is not installed; run: make test-adapters")
from agent_framework.openai import OpenAIChatClient  # noqa: E402 - only where it is there


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("protocol", PATHS)
def test_the_default_setting_runs_a_loop_of_tools(live: Callable[..., str], protocol: str, is_stream: bool) -> None:
    url = live(mid=[{"name": "m", "protocols": [protocol]}])

    async def work() -> str:
        client = OpenAIChatClient(model="auto", base_url=f"{url}/v1", api_key="unused")
        options = {} if protocol == "responses" else {"store": False}  # it goes on from kept responses otherwise
        agent = framework.Agent(client=client, tools=[weather], default_options=options)
        if not is_stream:
            return str((await agent.run("Weather?")).text)
        stream = agent.run("Weather?", stream=True)
        async for _ in stream:
            pass
        return str((await stream.get_final_response()).text)

    assert asyncio.run(work()) == "You said: sunny in Berlin"
