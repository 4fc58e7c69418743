"""Finds tool calls in text: in tags, fences, JSON of several shapes, Python, ``Action:`` lines."""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.answers.literals import CallText, LiteralReader, UnreadableError
from tierwise.data.answers.wrapping import fenced

_TAG = re.compile(
    r"<(tool_call|function_call|tool_use|tool_code|function_calls|tool_calls)>\s*(.*?)(?:</\1>|(?=<\1>)|\Z)", re.DOTALL
)
_FUNCTION_TAG = re.compile(r"<function[=\s:]\s*\"?([\w.:/-]+)\"?>\s*(.*?)(?:</function>|(?=<function)|\Z)", re.DOTALL)
_MARKER = re.compile(r"\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_calls?(?:_begin)?\|>")
_ACTION = re.compile(r"^Action:\s*([\w.:/-]+)\s*\n\s*Action Input:\s*(.+)$", re.MULTILINE)
_NAMES = ("name", "tool", "function", "tool_name", "function_name", "action", "recipient_name")
_ARGUMENTS = ("arguments", "args", "parameters", "params", "input", "action_input", "tool_input", "kwargs")
_MAX_STARTS = 8


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as the model wrote it."""

    name: str
    values: tuple[Any, ...]
    named: Mapping[str, Any]


def calls_in(text: str, tools: Container[object]) -> list[RawCall]:
    """The calls of ``tools`` in the most explicit form that the text holds; none where it holds none."""
    tags = [found.group(2) for found in _TAG.finditer(text)] if "<" in text else []
    if tags:
        return [call for tag in tags for call in _calls_of(tag, tools)]
    functions = [RawCall(found.group(1), (), _object(found.group(2))) for found in _FUNCTION_TAG.finditer(text)]
    actions = [RawCall(found.group(1), (), _object(found.group(2))) for found in _ACTION.finditer(text)]
    if functions or actions:
        return functions or actions
    for candidate in _candidates(text):
        calls = _calls_of(candidate, tools)
        if calls:
            return calls
    return []


def _candidates(text: str) -> Iterator[str]:
    marker = _MARKER.search(text)
    if marker:
        yield text[marker.end() :]
    for _, block in fenced(text):
        yield block
    yield text
    starts = re.finditer(r"^[ \t]*(?=[\[{]|[A-Za-z_][\w.]{0,80}\()|(?<=[:.]\s)(?=[\[{])", text, re.MULTILINE)
    for _, found in zip(range(_MAX_STARTS), starts, strict=False):
        if found.end():
            yield text[found.end() :]


def _calls_of(text: str, tools: Container[object]) -> list[RawCall]:
    text = text.strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    calls = _from_json(value, tools) if value is not None else []
    return calls or _from_reader(text, tools)


def _from_reader(text: str, tools: Container[object]) -> list[RawCall]:
    """Calls in Python's form, or JSON with prose behind it."""
    reader = LiteralReader(text)
    try:
        if text.startswith("{") or (text.startswith("[") and text[1:].lstrip()[:1] == "{"):
            return _from_json(_leading_json(text), tools)
        calls = reader.calls()
    except UnreadableError:
        return _leading_calls(text, tools)
    return _known(calls, tools)


def _leading_json(text: str) -> Any:
    """JSON before prose. What is not quite JSON is no call: whoever runs it could not read it either."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _leading_calls(text: str, tools: Container[object]) -> list[RawCall]:
    """The calls before prose that follows them."""
    reader, calls = LiteralReader(text), []
    try:
        if reader.peek() == "[":
            reader.place += 1
        while True:
            calls.append(reader.call())
            while reader.peek() and reader.peek() in ",;":
                reader.place += 1
    except UnreadableError:
        return _known(calls, tools) if reader.peek() in {"", "]"} or "\n" in text[: reader.place] else []


def _known(calls: list[CallText], tools: Container[object]) -> list[RawCall]:
    if not all(call.name in tools for call in calls):
        return []
    return [RawCall(call.name, call.values, call.named) for call in calls]


def _from_json(value: Any, tools: Container[object]) -> list[RawCall]:
    if isinstance(value, Mapping):
        for key in ("tool_calls", "calls", "function_calls"):
            if isinstance(value.get(key), list):
                return _from_json(value[key], tools)
        call = _call_of(value, tools)
        if call:
            return [call]
        if value and all(name in tools and isinstance(item, Mapping) for name, item in value.items()):
            return [RawCall(name, (), item) for name, item in value.items()]
        return []
    if not isinstance(value, list):
        return []
    found = [_from_json(item, tools) for item in value if isinstance(item, Mapping)]
    return [call for calls in found for call in calls] if len(found) == len(value) and all(found) else []


def _call_of(value: Mapping[str, Any], tools: Container[object]) -> RawCall | None:
    if isinstance(value.get("function"), Mapping):
        value = value["function"]
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    if name is None or name not in tools:
        return None
    key = next((key for key in _ARGUMENTS if key in value), None)
    arguments = (
        value.get(key) if key else {k: v for k, v in value.items() if k not in _NAMES and k not in {"id", "type"}}
    )
    if isinstance(arguments, str):
        arguments = _object(arguments)
    return RawCall(name, (), arguments) if isinstance(arguments, Mapping) else None


def _object(text: str) -> Mapping[str, Any]:
    """An object out of text; what is no object is one unnamed argument."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = _plain(LiteralReader(text).value())
        except UnreadableError:
            value = text.strip()
    return value if isinstance(value, Mapping) else {"#0": value} if value else {}


def _plain(value: Any) -> Any:
    """Names without quotes as text, all the way down; the reader has bounded the depth."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return getattr(value, "text", value)
