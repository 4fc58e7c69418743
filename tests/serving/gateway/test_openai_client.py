"""The real ``openai`` client against the gateway on a real socket; `make test-adapters` installs it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tierwise.data.records import LoggedStep
from tierwise.data.serialise import step_to_dict

openai = pytest.importorskip("openai", reason="the openai package is not installed; run: make test-adapters")

HELLO = [{"role": "user", "content": "Say hello."}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
EASY = {"extra_body": {"tierwise": {"step": {"task_type": "extract"}}}}


@pytest.fixture
def connect(live: Callable[..., str]) -> Callable[..., Any]:
    """A client of a fresh gateway; keywords are tiers with their models."""

    def start(**models: str | list[str]) -> Any:
        return openai.OpenAI(base_url=live(**models) + "/v1", api_key="unused", max_retries=0)

    return start


@pytest.fixture
def log(stored: Callable[..., Any]) -> Callable[..., Any]:
    """Reads a decision with its outcomes through the service that a client talks to."""

    def read(client: Any, decision_id: str, n: int = 1) -> Any:
        with httpx2.Client(base_url=str(client.base_url).removesuffix("/v1/")) as http:
            return stored(http, decision_id, n)

    return read


def test_plain(connect: Any, log: Any) -> None:
    client = connect()
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO, **EASY)
    answer = raw.parse()
    assert answer.choices[0].message.content == "You said: Say hello."
    assert answer.usage.total_tokens == 6
    decision = log(client, raw.headers["x-tierwise-decision-id"])
    assert [each["model"] for each in decision["outcomes"]] == [answer.model] == ["small-1"]


@pytest.mark.parametrize("wants_usage", [True, False])
def test_streaming(connect: Any, log: Any, wants_usage: bool) -> None:
    client = connect()
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}
    with client.chat.completions.create(model="auto", messages=HELLO, stream=True, **options, **EASY) as stream:
        decision_id = stream.response.headers["x-tierwise-decision-id"]
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "You said: Say hello."
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([6] if wants_usage else [])
    assert log(client, decision_id)["outcomes"][0]["output_tokens"] == 4


def test_tools_and_their_results(connect: Any) -> None:
    client = connect()
    first = client.chat.completions.create(model="auto", messages=HELLO, tools=[TOOL], **EASY)
    message = first.choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Berlin"}')
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    history = [*HELLO, message.model_dump(exclude_none=True), result]
    second = client.chat.completions.create(model="auto", messages=history, tools=[TOOL], **EASY)
    assert second.choices[0].message.content == "You said: sunny"


def test_parallel_tool_calls_whole_and_streamed(connect: Any, log: Any) -> None:
    client = connect()
    both = [{"role": "user", "content": "weather for both"}]
    answer = client.chat.completions.create(model="auto", messages=both, tools=[TOOL], **EASY)
    assert len(answer.choices[0].message.tool_calls) == 2
    arguments: dict[int, str] = {}
    with client.chat.completions.create(model="auto", messages=both, tools=[TOOL], stream=True, **EASY) as stream:
        for chunk in stream:
            for part in chunk.choices[0].delta.tool_calls or ():
                arguments[part.index] = arguments.get(part.index, "") + (part.function.arguments or "")
        decision_id = stream.response.headers["x-tierwise-decision-id"]
    assert arguments == {0: '{"city": "Berlin"}', 1: '{"city": "Berlin"}'}
    assert log(client, decision_id)["outcomes"][0]["success"] is True


def test_structured_output_is_escalated_until_it_parses(connect: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    invoice = pydantic.create_model("Invoice", total=(int, ...), currency=(str, ...))
    client = connect(small="nonsense", mid="mid-1")
    answer = client.chat.completions.parse(model="auto", messages=HELLO, response_format=invoice, **EASY)
    assert answer.choices[0].message.parsed.model_dump() == {"total": 7, "currency": "Berlin"}
    assert answer.model == "mid-1"


def test_models(connect: Any) -> None:
    client = connect()
    assert next(iter(client.models.list())).id == "auto"
    assert client.models.retrieve("mid-1").id == "mid-1"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.models.retrieve("nobody")


def test_errors_are_the_classes_that_the_client_knows(connect: Any, log: Any) -> None:
    client = connect(small="fails-503", frontier="fails-429")
    with pytest.raises(openai.RateLimitError, match="the stub fails with 429") as caught:
        client.chat.completions.create(model="auto", messages=HELLO, **EASY)
    outcomes = log(client, caught.value.response.headers["x-tierwise-decision-id"], n=2)["outcomes"]
    assert [each["error"] for each in outcomes] == ["status_503", "status_429"]
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="nobody", messages=HELLO)
    with pytest.raises(openai.BadRequestError, match="at least one message"):
        client.chat.completions.create(model="auto", messages=[])
    with pytest.raises(openai.InternalServerError, match="the stub fails with 503"):
        client.chat.completions.create(model="fails-503", messages=HELLO, stream=True)


def test_an_error_in_the_middle_of_a_stream_is_raised(connect: Any) -> None:
    client = connect(small="cut-3")
    with pytest.raises(openai.APIError, match="broke off"):
        list(client.chat.completions.create(model="auto", messages=HELLO, stream=True, **EASY))


def test_cancelling_in_the_middle_is_recorded(connect: Any, log: Any) -> None:
    client = connect(small="pause-0.05")
    long = [{"role": "user", "content": "word " * 200}]
    with client.chat.completions.create(model="auto", messages=long, stream=True, **EASY) as stream:
        decision_id = stream.response.headers["x-tierwise-decision-id"]
        next(iter(stream))
    (outcome,) = log(client, decision_id)["outcomes"]
    assert (outcome["error"], outcome["status"]) == ("client_closed", 499)


@pytest.fixture(scope="module")
def learned_bundle(request: pytest.FixtureRequest) -> Path:
    """A bundle trained on the sample log: the Makefile's where this environment cannot train."""
    made = os.environ.get("TIERWISE_TEST_BUNDLE")
    if made:
        return Path(made)
    pytest.importorskip("lightgbm", reason="no bundle and nothing to train one with; run: make test-adapters")
    folder: Path = request.getfixturevalue("bundle_folder")
    return folder


def in_parts(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": part} for part in text.split("\n\n", 1)]


def test_a_logged_step_is_decided_as_route_decides_it(
    live: Callable[..., str], stored: Any, learned_bundle: Path, held_out_steps: tuple[LoggedStep, ...]
) -> None:
    """As text on /route; through the gateway as a message, in content parts, and below a neutral system prompt."""
    url = live({"bundle": learned_bundle})
    client = openai.OpenAI(base_url=url + "/v1", api_key="unused", max_retries=0)
    options = {"max_quality_loss": 0.1}
    neutral = {"role": "system", "content": "You are a helpful assistant."}
    tiers = set()
    with httpx2.Client(base_url=url) as http:
        for logged in held_out_steps[:30]:
            step = step_to_dict(logged.step)
            routed = http.post("/route", json={"step": step, "options": options}).json()
            tiers.add(routed["tier"])
            text, tools = step.pop("text"), [{"type": "function", "function": tool} for tool in step.pop("tools", [])]
            for messages in ([user(text)], [user(in_parts(text))], [neutral, user(text)]):
                raw = client.chat.completions.with_raw_response.create(
                    model="auto",
                    messages=messages,
                    tools=tools[::-1] or openai.NOT_GIVEN,
                    extra_body={"tierwise": {"step": step, "options": options}},
                )
                decision = stored(http, raw.headers["x-tierwise-decision-id"])
                found = {name: decision[name] for name in ("tier", "p_success", "expected_cost_usd")}
                assert found == {name: routed[name] for name in found}, (logged.step_id, messages)
    assert len(tiers) > 1


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


@pytest.mark.slow
def test_two_hundred_streams_at_once(live: Callable[..., str], stored: Any) -> None:
    url = live(small="pause-0.02")

    async def one(client: Any, number: int) -> tuple[str, str]:
        message = {"role": "user", "content": f"number {number}"}
        stream = await client.chat.completions.create(model="auto", messages=[message], stream=True, **EASY)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        return text, stream.response.headers["x-tierwise-decision-id"]

    async def everyone() -> list[tuple[str, str]]:
        limits = httpx2.Limits(max_connections=None)
        async with (
            httpx2.AsyncClient(limits=limits, timeout=60) as http,
            openai.AsyncOpenAI(base_url=url + "/v1", api_key="unused", max_retries=0, http_client=http) as client,
        ):
            return await asyncio.gather(*(one(client, number) for number in range(200)))

    found = asyncio.run(everyone())
    assert [text for text, _ in found] == [f"You said: number {number}" for number in range(200)]
    ids = {decision_id for _, decision_id in found}
    assert len(ids) == 200
    with httpx2.Client(base_url=url) as http:
        outcomes = [stored(http, decision_id)["outcomes"] for decision_id in ids]
    assert {(len(each), each[0]["status"], each[0]["output_tokens"]) for each in outcomes} == {(1, 200, 4)}
