"""Tools that a model asks for, in every provider's wrapping."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = ("name", "toolName", "tool_name")
_ARGUMENTS = ("arguments", "args", "input", "parameters")
_IDS = ("id", "call_id", "tool_call_id", "toolCallId", "toolUseId", "ref")
_WRAPPINGS = ("function", "functionCall", "function_call", "toolUse", "tool_call", "toolCall", "toolRequest")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; ``arguments`` is JSON as the model wrote it, right or wrong."""

    name: str
    arguments: str = "{}"
    call_id: str | None = None


def read_tool_call(raw: object) -> ToolCall | None:
    """The call in one entry of ``tool_calls`` or in one content part; None where no tool is named.

    >>> read_tool_call({"type": "function", "function": {"name": "add", "arguments": {"a": 1}}})
    ToolCall(name='add', arguments='{"a": 1}', call_id=None)
    """
    if not isinstance(raw, Mapping):
        return None
    inner = next((raw[key] for key in _WRAPPINGS if isinstance(raw.get(key), Mapping)), raw)
    name = next((inner[key] for key in _NAMES if isinstance(inner.get(key), str)), None)
    if name is None:
        return None
    arguments = next((inner[key] for key in _ARGUMENTS if inner.get(key) is not None), None)
    call_id = next((str(holder[key]) for holder in (raw, inner) for key in _IDS if holder.get(key)), None)
    return ToolCall(name, arguments_text(arguments), call_id)


def read_tool_calls(raw: object) -> Iterator[ToolCall]:
    """The calls of a message's ``tool_calls``; what is none is passed over."""
    for item in raw if isinstance(raw, list | tuple) else ():
        call = read_tool_call(item)
        if call is not None:
            yield call


def arguments_text(arguments: Any) -> str:
    """Some servers send the object where its JSON belongs, and nothing where a tool takes nothing."""
    if isinstance(arguments, str):
        return arguments if arguments.strip() else "{}"
    return "{}" if arguments is None else json.dumps(arguments, default=str)
