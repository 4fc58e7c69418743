"""PydanticAI with ``openai:auto``, which speaks the Responses API by default, against models of every protocol."""

import asyncio
from collections.abc import Callable

import pytest

from tests.strict_stub.callers import PATHS

pydantic_ai = pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed; run: make test-adapters")


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("protocol", PATHS)
def test_the_default_setting_runs_a_loop_of_tools(
    live: Callable[..., str], monkeypatch: pytest.MonkeyPatch, protocol: str, is_stream: bool
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", live(mid=[{"name": "m", "protocols": [protocol]}]) + "/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "unused")

    async def work() -> str:
        agent = pydantic_ai.Agent("openai:auto", tools=[weather])
        if not is_stream:
            return str((await agent.run("Weather?")).output)
        async with agent.run_stream("Weather?") as result:
            return str(await result.get_output())

    assert asyncio.run(work()) == "You said: sunny in Berlin"
