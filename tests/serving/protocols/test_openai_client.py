"""The Responses API of the real ``openai`` client against the gateway, with models of every protocol."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.strict_stub.callers import PATHS

openai = pytest.importorskip("openai", reason="the openai package is not installed; run: make test-adapters")

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}


@pytest.fixture(params=PATHS)
def connect(live: Callable[..., str], request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A client of a fresh gateway whose model behaves as its name says."""

    def start(model: str = "m") -> Any:
        url = live(mid=[{"name": model, "protocols": [request.param]}])
        return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0)

    return start


def test_plain_and_streamed(connect: Any) -> None:
    client = connect("thinks")
    whole = client.responses.create(model="auto", input="Say hello.", instructions="Be brief.")
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    with client.responses.stream(model="auto", input="Say hello.") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert whole.output_text == final.output_text == "You said: Say hello."
    assert "response.output_text.delta" in kinds
    assert final.usage.output_tokens > 0


def test_a_loop_of_tools_with_reasoning(connect: Any) -> None:
    client = connect("thinks")
    question = {"role": "user", "content": "Weather for both?"}
    asked = client.responses.create(model="auto", input=[question], tools=[TOOL])
    calls = [item for item in asked.output if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls]
    answer = client.responses.create(model="auto", input=[question, *asked.output, *results], tools=[TOOL])
    assert (len(calls), answer.output_text) == (2, "You said: sunny")


def test_structured_output(connect: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    invoice = pydantic.create_model("Invoice", total=(int, ...))
    answer = connect().responses.parse(model="auto", input="How much?", text_format=invoice)
    assert answer.output_parsed.total == 7


def test_errors_are_the_classes_that_the_client_knows(connect: Any) -> None:
    with pytest.raises(openai.RateLimitError, match="the stub fails with 429"):
        connect("fails-429").responses.create(model="auto", input="hi")
    client = connect()
    with pytest.raises(openai.BadRequestError, match="input"):
        client.responses.create(model="auto", input=[])
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="auto", input="hi", previous_response_id="resp_d-none")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PATHS)
def test_two_hundred_streams_at_once(live: Callable[..., str], stored: Any, protocol: str) -> None:
    """Each gets its own answer and leaves its own outcome, translated or not."""
    url = live(mid=[{"name": "pause-0.02", "protocols": [protocol]}])

    async def one(client: Any, number: int) -> tuple[str, str]:
        async with client.responses.stream(model="auto", input=f"number {number}") as stream:
            final = await stream.get_final_response()
            return final.output_text, stream._response.headers["x-tierwise-decision-id"]

    async def everyone() -> list[tuple[str, str]]:
        limits = httpx2.Limits(max_connections=None)
        async with (
            httpx2.AsyncClient(limits=limits, timeout=60) as http,
            openai.AsyncOpenAI(base_url=url + "/v1", api_key="unused", max_retries=0, http_client=http) as client,
        ):
            return await asyncio.gather(*(one(client, number) for number in range(200)))

    found = asyncio.run(everyone())
    assert [text for text, _ in found] == [f"You said: number {number}" for number in range(200)]
    with httpx2.Client(base_url=url) as http:
        outcomes = [stored(http, decision_id)["outcomes"] for _, decision_id in found]
    assert {(len(each), each[0]["status"], each[0]["output_tokens"]) for each in outcomes} == {(1, 200, 4)}
