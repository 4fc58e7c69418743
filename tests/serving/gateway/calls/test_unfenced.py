"""The fence comes off wherever a protocol keeps its texts and arguments, and nothing else changes."""

from typing import Any

import pytest

from tierwise.agents.protocols import Completion
from tierwise.agents.protocols.canonical import Message, Text, ToolCall
from tierwise.agents.upstreams.asking import Answered
from tierwise.serving.gateway.calls.unfenced import unfenced

FENCED, PLAIN = '```json\n{"n": 40}\n```', '{"n": 40}'


def answered(body: dict[str, Any], *parts: Text | ToolCall) -> Answered:
    return Answered(None, body, Completion((Message(parts),)), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"role": "assistant", "content": FENCED}}], "model": "m"},
        {"type": "message", "content": [{"type": "text", "text": FENCED}], "usage": {"input_tokens": 5}},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": FENCED, "annotations": []}]}]},
    ],
)
def test_in_every_protocol(body: dict[str, Any]) -> None:
    found = unfenced(answered(body, Text(FENCED)))
    assert found is not None
    assert str(found.body) == str(body).replace(repr(FENCED), repr(PLAIN))
    assert found.completion.message.content == FENCED


def test_arguments_too() -> None:
    body = {"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": FENCED}}]}}]}
    found = unfenced(answered(body, ToolCall("f", FENCED)))
    assert found is not None
    assert found.body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == PLAIN


def test_a_text_in_two_pieces_stays_as_it_is() -> None:
    body = {"content": [{"type": "text", "text": "```json\n"}, {"type": "text", "text": '{"n": 40}\n```'}]}
    assert unfenced(answered(body, Text("```json\n"), Text('{"n": 40}\n```'))) is None
