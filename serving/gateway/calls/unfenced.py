"""Takes the Markdown fence off an answer that is JSON of the schema which its caller asked for."""

from dataclasses import replace
from typing import Any

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.asking import Answered
from tierwise.data.replies.held import inside_fence

_MAX_DEPTH = 12
"""Texts and arguments stand at most half as deep in an answer of any protocol."""


def unfenced(answered: Answered) -> Answered | None:
    """The same answer with what stands in the fences in place of them; None where no text of its body is one.

    The completion stays what the model said: that is what the log keeps.
    """
    inside = {text: inner.strip() for text in _texts(answered.completion) if (inner := inside_fence(text)) is not None}
    body = _replaced(answered.body, inside, _MAX_DEPTH)
    return None if body == answered.body else replace(answered, body=body)


def _texts(completion: Completion) -> list[str]:
    calls = [call.arguments or "" for message in completion.messages for call in message.tool_calls]
    return [message.content for message in completion.messages] + calls


def _replaced(value: Any, inside: dict[str, str], depth: int) -> Any:
    if isinstance(value, str):
        return inside.get(value, value)
    if depth and isinstance(value, dict):
        return {key: _replaced(each, inside, depth - 1) for key, each in value.items()}
    if depth and isinstance(value, list):
        return [_replaced(each, inside, depth - 1) for each in value]
    return value
