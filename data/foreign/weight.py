"""How much memory a record holds, about: queues count this, not entries."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.foreign.limits import MAX_WAITING_BYTES
from tierwise.data.records import Attempt, Step

_VALUE_BYTES = 60


def step_bytes(step: Step, enough: int = MAX_WAITING_BYTES) -> int:
    """Bytes of memory, roughly: a character counts one, a value of JSON 60. Stops counting beyond ``enough``."""
    n_bytes = 1_000 + len(step.text) + len(step.previous_error or "")
    for message in step.messages:
        n_bytes += 200 + len(message.content) + (_json_bytes(message.extra, enough) if message.extra else 0)
    for tool in step.tools:
        n_bytes += 200 + len(tool.description) + _json_bytes(tool.parameters, enough)
        n_bytes += _json_bytes(tool.extra, enough) if tool.extra else 0
    if step.response_schema is not None:
        n_bytes += _json_bytes(step.response_schema, enough)
    return n_bytes + (_json_bytes(step.extra, enough) if step.extra else 0)


def attempt_bytes(attempt: Attempt, enough: int = MAX_WAITING_BYTES) -> int:
    """The same for an attempt, whose error and unknown fields may be long."""
    return 1_000 + len(attempt.error or "") + (_json_bytes(attempt.extra, enough) if attempt.extra else 0)


def _json_bytes(value: Mapping[str, Any], enough: int) -> int:
    """Without recursion: what is nested deep must not end here; and what leads back to itself must end."""
    n_bytes, left = 0, [value]
    while left and n_bytes <= enough:
        node: Any = left.pop()
        if isinstance(node, str):
            n_bytes += len(node)
        elif isinstance(node, Mapping):
            left.extend(node.values())
            n_bytes += sum(len(key) for key in node if isinstance(key, str))
        elif isinstance(node, list | tuple):
            left.extend(node)
        n_bytes += _VALUE_BYTES
    return n_bytes
