"""LangChain's ``ChatOpenAI`` through the gateway, in its default and over the Responses API, with every protocol."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.strict_stub.callers import PATHS

agents = pytest.importorskip("langchain.agents", reason="langchain is not installed; run: make test-adapters")
openai = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed; run: make test-adapters")


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize("protocol", PATHS)
def test_an_agent_runs_a_loop_of_tools(
    live: Callable[..., str], stored: Any, protocol: str, form: str, is_stream: bool
) -> None:
    url = live(mid=[{"name": "m", "protocols": [protocol]}])
    ids: list[str] = []
    http = httpx_of_openai(lambda response: ids.append(response.headers["x-tierwise-decision-id"]))
    model = openai.ChatOpenAI(
        model="auto",
        base_url=f"{url}/v1",
        api_key="unused",
        max_retries=0,
        http_client=http,
        use_responses_api=form == "responses",
    )
    agent = agents.create_agent(model, [weather])
    asked = {"messages": [{"role": "user", "content": "Weather?"}]}
    if is_stream:
        pieces = [piece for piece, _ in agent.stream(asked, stream_mode="messages")]
        assert "".join(p.text for p in pieces if p.type == "AIMessageChunk") == "You said: sunny in Berlin"
    else:
        assert agent.invoke(asked)["messages"][-1].text == "You said: sunny in Berlin"
    with httpx2.Client(base_url=url) as client:
        outcomes = [stored(client, decision_id)["outcomes"] for decision_id in ids]
    assert [[outcome["status"] for outcome in each] for each in outcomes] == [[200], [200]]


def httpx_of_openai(hook: Callable[[Any], None]) -> Any:
    """A client of whichever library the openai package stands on."""
    import openai as package

    client: Any = package.DefaultHttpxClient()
    client.event_hooks = {"response": [hook]}
    return client
