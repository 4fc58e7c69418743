"""How much memory a record holds, about: queues count this, not entries."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.records import Attempt, Step

_VALUE_BYTES = 60


def step_bytes(step: Step) -> int:
    """Bytes of memory, roughly: a character counts one, a value of JSON 60."""
    n_bytes = 1_000 + len(step.text) + len(step.previous_error or "")
    for message in step.messages:
        n_bytes += 200 + len(message.content) + (_json_bytes(message.extra) if message.extra else 0)
    for tool in step.tools:
        n_bytes += (
            200 + len(tool.description) + _json_bytes(tool.parameters) + (_json_bytes(tool.extra) if tool.extra else 0)
        )
    if step.response_schema is not None:
        n_bytes += _json_bytes(step.response_schema)
    return n_bytes + (_json_bytes(step.extra) if step.extra else 0)


def attempt_bytes(attempt: Attempt) -> int:
    return 1_000 + len(attempt.error or "") + (_json_bytes(attempt.extra) if attempt.extra else 0)


def _json_bytes(value: Mapping[str, Any]) -> int:
    """Without recursion: what is nested deep must not end here."""
    n_bytes, left = 0, [value]
    while left:
        node: Any = left.pop()
        if isinstance(node, str):
            n_bytes += len(node)
        elif isinstance(node, Mapping):
            left.extend(node.values())
            n_bytes += sum(map(len, node))
        elif isinstance(node, list | tuple):
            left.extend(node)
        n_bytes += _VALUE_BYTES
    return n_bytes
