"""How much memory a record holds, about: queues count this, not entries."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.declared import Words, declared
from tierwise.data.foreign.limits import MAX_WAITING_BYTES
from tierwise.data.records import Attempt, Step

_VALUE_BYTES = 60
_LONG: dict[type, tuple[list[str], list[str]]] = {
    kind: (
        [field.name for field in declared(kind) if field.kind is str and field.spec.words is not Words.NAME],
        [field.name for field in declared(kind) if field.kind == Mapping[str, Any]],
    )
    for kind in (Step, Attempt)
}


def step_bytes(step: Step, enough: int = MAX_WAITING_BYTES) -> int:
    """Bytes of memory, roughly: a character counts one, a value of JSON 60. Stops counting beyond ``enough``."""
    n_bytes = _plain_bytes(step, enough)
    for message in step.messages:
        n_bytes += 200 + len(message.content) + (_json_bytes(message.extra, enough) if message.extra else 0)
    for tool in step.tools:
        n_bytes += 200 + len(tool.description) + _json_bytes(tool.parameters, enough)
        n_bytes += _json_bytes(tool.extra, enough) if tool.extra else 0
    return n_bytes + (_json_bytes(step.extra, enough) if step.extra else 0)


def attempt_bytes(attempt: Attempt, enough: int = MAX_WAITING_BYTES) -> int:
    """The same for an attempt, whose texts, calls and unknown fields may be long."""
    n_bytes = _plain_bytes(attempt, enough) + (_json_bytes(attempt.extra, enough) if attempt.extra else 0)
    for call in attempt.tool_calls or ():
        arguments = call.arguments
        n_bytes += 200 + (len(arguments) if isinstance(arguments, str) else _json_bytes(arguments, enough))
    return n_bytes


def _plain_bytes(record: Step | Attempt, enough: int) -> int:
    """Of the record itself, its long texts and its objects."""
    texts, objects = _LONG[type(record)]
    n_bytes = 1_000
    for name in texts:
        n_bytes += len(getattr(record, name) or "")
    for name in objects:
        value = getattr(record, name)
        n_bytes += 0 if value is None else _json_bytes(value, enough)
    return n_bytes


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
