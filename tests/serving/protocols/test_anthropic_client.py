"""The real ``anthropic`` client against the gateway, with models of every protocol (`make test-adapters`)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.strict_stub.callers import PATHS

anthropic = pytest.importorskip("anthropic", reason="the anthropic package is not installed; run: make test-adapters")

HELLO = [{"role": "user", "content": "Say hello."}]
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


@pytest.fixture(params=PATHS)
def connect(live: Callable[..., str], request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A client of a fresh gateway whose model behaves as its name says."""

    def start(model: str = "m") -> Any:
        url = live(mid=[{"name": model, "protocols": [request.param]}])
        return anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0)

    return start


def test_plain_and_streamed(connect: Any) -> None:
    client = connect("thinks")
    whole = client.messages.create(model="auto", max_tokens=100, messages=HELLO)
    assert [block.type for block in whole.content] == ["thinking", "text"]
    with client.messages.stream(model="auto", max_tokens=100, messages=HELLO) as stream:
        texts = list(stream.text_stream)
        message = stream.get_final_message()
    assert "".join(texts) == whole.content[1].text == message.content[1].text == "You said: Say hello."
    assert message.usage.output_tokens > 0


def test_a_loop_of_tools(connect: Any) -> None:
    client = connect()
    asked = client.messages.create(model="auto", max_tokens=100, messages=HELLO, tools=[TOOL])
    call = asked.content[-1]
    assert (asked.stop_reason, call.name, call.input) == ("tool_use", "weather", {"city": "Berlin"})
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}
    turns = [*HELLO, {"role": "assistant", "content": asked.content}, result]
    answer = client.messages.create(model="auto", max_tokens=100, messages=turns, tools=[TOOL])
    assert answer.content[-1].text == "You said: sunny"


def test_errors_are_the_classes_that_the_client_knows(connect: Any) -> None:
    with pytest.raises(anthropic.RateLimitError, match="the stub fails with 429"):
        connect("fails-429").messages.create(model="auto", max_tokens=100, messages=HELLO)
    client = connect("cut-9")
    with pytest.raises(anthropic.NotFoundError, match="does not exist"):
        client.messages.create(model="nobody", max_tokens=100, messages=HELLO)
    long = [{"role": "user", "content": "word " * 50}]
    with (
        pytest.raises(anthropic.APIStatusError, match="broke off"),
        client.messages.stream(model="auto", max_tokens=100, messages=long) as stream,
    ):
        stream.get_final_message()


def test_models_and_tokens(connect: Any) -> None:
    client = connect()
    assert client.models.list().data[0].id == "auto"
    assert client.messages.count_tokens(model="auto", messages=HELLO).input_tokens > 0
