"""Providers that are asked for a stream and answer in one piece: taken as the answer, and streamed to the caller."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.serving.gateway.calls.foreign_provider import GOOD, USAGE, Provider, whole
from tierwise.agents.protocols import CHAT, MESSAGES, RESPONSES
from tierwise.agents.protocols.events import Assembly
from tierwise.agents.upstreams.upstream import Upstream
from tierwise.data.catalogue import Model

TOOL = {"type": "function", "function": {"name": "find", "arguments": '{"x": 1}'}, "id": "c1"}
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
READERS = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}
PARAMETERS = {"type": "object", "properties": {"x": {"type": "integer"}}}
ASKED: dict[str, dict[str, Any]] = {
    "chat": {
        "messages": [{"role": "user", "content": "Extract n."}],
        "tools": [{"type": "function", "function": {"name": "find", "parameters": PARAMETERS}}],
    },
    "responses": {
        "input": "Extract n.", "tools": [{"type": "function", "name": "find", "parameters": PARAMETERS}],
    },
    "messages": {
        "messages": [{"role": "user", "content": "Extract n."}], "max_tokens": 50,
        "tools": [{"name": "find", "input_schema": PARAMETERS}],
    },
}  # fmt: skip
SAID: dict[str, dict[str, Any]] = {
    "chat": whole({"content": GOOD, "tool_calls": [TOOL]}, "tool_calls", model="small-1"),
    "responses": {
        "id": "resp_9", "object": "response", "status": "completed", "model": "small-1",
        "output": [
            {"type": "message", "id": "m", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": GOOD, "annotations": []}]},
            {"type": "function_call", "id": "f", "call_id": "c1", "name": "find", "arguments": '{"x": 1}'},
        ],
        "usage": {"input_tokens": 100, "output_tokens": 5, "total_tokens": 105},
    },
    "messages": {
        "id": "msg_9", "type": "message", "role": "assistant", "model": "small-1", "stop_reason": "tool_use",
        "content": [
            {"type": "text", "text": GOOD}, {"type": "tool_use", "id": "c1", "name": "find", "input": {"x": 1}},
        ],
        "usage": {"input_tokens": 100, "output_tokens": 5},
    },
}  # fmt: skip


@pytest.fixture
def client(start: Any, provider: Provider, tmp_path: Path) -> Callable[[str], Any]:
    """``client(protocol)``: a gateway in front of a small model that speaks the protocol, and nothing else."""

    def run(protocol: str) -> Any:
        lines = []
        for name in ("small", "mid"):
            lines += [
                "[[tiers]]",
                f'name = "{name}"',
                "[[tiers.models]]",
                f'name = "{name}-1"',
                f'base_url = "{provider.url}"',
            ]
            lines += ["input_usd_per_mtok = 1.0", "output_usd_per_mtok = 2.0"]
            lines += [f'protocols = ["{protocol}"]'] if name == "small" else []
        tiers = tmp_path / "tiers.toml"
        tiers.write_text("\n".join(lines), encoding="utf-8")
        return start(tiers=tiers)

    return run


def post(client: Any, wanted: str, **fields: Any) -> Any:
    step = {"tierwise": {"step": {"task_type": "extract", "input_complexity": 1}}}
    return client.post(PATHS[wanted], json={"model": "auto", "stream": True, **ASKED[wanted], **step, **fields})


def events_of(text: str) -> list[Any]:
    data = [line.removeprefix("data:").strip() for line in text.split("\n") if line.startswith("data:")]
    return [json.loads(each) for each in data if each != "[DONE]"]


@pytest.mark.parametrize("wanted", PATHS)
@pytest.mark.parametrize("spoken", PATHS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_whole_answer_is_streamed_in_the_callers_protocol(
    wanted: str, spoken: str, indent: int | None, client: Any, provider: Provider, stored: Any
) -> None:
    provider.says = lambda _: (200, json.dumps(SAID[spoken], indent=indent).encode())
    gateway = client(spoken)
    response = post(gateway, wanted)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (response.headers["x-tierwise-tier"], len(provider.seen)) == ("small", 1)  # and paid once
    reader, assembly = READERS[wanted].reader(), Assembly()
    for event in events_of(response.text):
        assembly.add(reader.read(event))
    assert assembly.is_finished
    message = assembly.completion().message
    assert (message.content, [(call.name, json.loads(call.arguments)) for call in message.tool_calls]) == (
        GOOD,
        [("find", {"x": 1})],
    )
    (outcome,) = stored(gateway, response.headers["x-tierwise-decision-id"], 1)["outcomes"]
    assert (outcome["status"], outcome["stream"], outcome["success"]) == (200, True, True)
    assert (outcome["input_tokens"], outcome["output_tokens"]) == (100, 5)
    assert outcome["cost_usd"] == pytest.approx(1.1e-4)


@pytest.mark.parametrize(
    ("wanted", "last"), [("chat", "[DONE]"), ("messages", "message_stop"), ("responses", "completed")]
)
def test_the_stream_ends_as_its_protocol_does(wanted: str, last: str, client: Any, provider: Provider) -> None:
    provider.says = lambda _: (200, SAID[wanted])
    text = post(client(wanted), wanted).text
    assert last in text.strip().split("\n\n")[-1]


def test_what_the_answer_held_beside_its_first_choice_stays(client: Any, provider: Provider) -> None:
    told = [{"token": "4", "logprob": -0.1}]
    choices = [{"index": n, "message": {"role": "assistant", "content": f"{n}"}, "finish_reason": "stop",
                "logprobs": {"content": told}} for n in range(2)]  # fmt: skip
    provider.says = lambda _: (
        200,
        {"id": "c9", "model": "m", "object": "chat.completion", "choices": choices, "usage": USAGE},
    )
    wants = {"stream_options": {"include_usage": True}, "n": 2}
    events = events_of(post(client("chat"), "chat", **wants).text)
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert {event["id"] for event in events} == {"c9"}
    assert [choice["delta"]["content"] for choice in events[0]["choices"]] == ["0", "1"]
    assert events[0]["choices"][1]["logprobs"] == {"content": told}
    assert [choice["finish_reason"] for choice in events[1]["choices"]] == ["stop", "stop"]
    assert events[2]["usage"] == USAGE


def test_older_completions_are_streamed_too(client: Any, provider: Provider) -> None:
    said = {"id": "c", "object": "text_completion", "model": "small-1", "usage": USAGE,
            "choices": [{"index": 0, "text": "four", "finish_reason": "stop", "logprobs": None}]}  # fmt: skip
    provider.says = lambda _: (200, said)
    response = client("completions").post(
        "/v1/completions", json={"model": "small-1", "prompt": "Count.", "stream": True}
    )
    assert response.text.endswith("data: [DONE]\n\n")
    assert events_of(response.text) == [said]


@pytest.mark.parametrize(
    "said", [{"error": {"message": "overloaded", "type": "server_error"}}, {"choices": []}, {"a": 1}]
)
def test_what_is_no_answer_is_tried_on_the_next_model(said: Any, client: Any, provider: Provider) -> None:
    provider.says = lambda _: (200, said)
    response = post(client("chat"), "chat")
    assert (response.status_code, response.headers["x-tierwise-tier"]) == (200, "mid")


@pytest.mark.parametrize("content", [b"", b"\n\n", b": a comment\n\n", b'{"choices": [', b'{"a": 1}\n{"b": 2}\n'])
def test_what_says_nothing_is_tried_on_the_next_model(content: bytes, client: Any, provider: Provider) -> None:
    provider.says = lambda _: (200, content)
    response = post(client("chat"), "chat")
    assert (response.status_code, response.headers["x-tierwise-tier"]) == (200, "mid")


def test_the_attempt_loops_streams_have_their_counts(provider: Provider) -> None:
    async def read() -> tuple[list[dict[str, Any]], Any]:
        async with httpx2.AsyncClient() as http:
            upstream = Upstream(Model("small-1", base_url=provider.url), None, lambda: http)
            async with upstream.stream({"messages": [{"role": "user", "content": "x"}]}) as stream:
                return [chunk async for chunk in stream], stream.usage

    provider.says = lambda _: (200, SAID["chat"])
    chunks, usage = asyncio.run(read())
    assert chunks[0]["choices"][0]["delta"]["content"] == GOOD
    assert (usage.input_tokens, usage.output_tokens) == (100, 5)


def test_it_is_told_once(client: Any, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    provider.says = lambda _: (200, SAID["chat"])
    gateway = client("chat")
    with caplog.at_level(logging.WARNING, "tierwise.agents.upstreams.asking"):
        for _ in range(3):
            post(gateway, "chat")
    told = [record.getMessage() for record in caplog.records if "in one piece" in record.getMessage()]
    assert len(told) == 1
    assert "small-1" in told[0]
