"""Tools of one protocol as plain functions of another, and their calls back again.

Chat completions and Messages know functions only. A tool in a namespace becomes ``namespace__name``; a free tool, which
takes a text of any form, becomes a function with the one argument ``input``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tierwise.agents.protocols.canonical import Part, Request, ToolCall, ToolChoice, ToolResult, ToolSpec, Turn

_INPUT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


def with_plain_tools(request: Request) -> Request:
    """``request`` with functions only, in its tools and in its history."""
    turns = tuple(Turn(turn.role, tuple(map(_plain_part, turn.parts)), turn.name) for turn in request.turns)
    tools = tuple(_plain_tool(tool) for tool in request.tools)
    return replace(request, turns=turns, tools=tools, tool_choice=_plain_choice(request))


def restored(part: Part, tools: Sequence[ToolSpec]) -> Part:
    """A call of a plain function as the call of the tool of ``tools`` that it stands for."""
    if not isinstance(part, ToolCall):
        return part
    for tool in tools:
        if flat_name(tool.name, tool.namespace) == part.name and (tool.namespace or tool.is_free):
            arguments = _free_text(part.arguments) if tool.is_free else part.arguments
            return replace(part, name=tool.name, namespace=tool.namespace, is_free=tool.is_free, arguments=arguments)
    return part


def flat_name(name: str, namespace: str | None) -> str:
    return f"{namespace}__{name}" if namespace else name


def _plain_part(part: Part) -> Part:
    if isinstance(part, ToolCall) and (part.is_free or part.namespace):
        arguments = json.dumps({"input": part.arguments}, ensure_ascii=False) if part.is_free else part.arguments
        return ToolCall(flat_name(part.name, part.namespace), arguments, part.call_id)
    if isinstance(part, ToolResult) and part.is_free:
        return replace(part, is_free=False)
    return part


def _plain_tool(tool: ToolSpec) -> ToolSpec:
    name = flat_name(tool.name, tool.namespace)
    if not tool.is_free:
        return replace(tool, name=name, namespace=None)
    text = tool.description
    if tool.grammar:
        text = f"{text}\n\nThe input must follow this grammar:\n{tool.grammar.get('definition', '')}".strip()
    return ToolSpec(name, text, _INPUT, cache=tool.cache)


def _plain_choice(request: Request) -> ToolChoice | None:
    choice = request.tool_choice
    if choice is None or choice.mode != "tool":
        return choice
    chosen = next((tool for tool in request.tools if tool.name == choice.name), None)
    return choice if chosen is None else ToolChoice("tool", flat_name(chosen.name, chosen.namespace))


def _free_text(arguments: str) -> str:
    """The input of a free tool; a model that ignored the function's form has written it without."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    given = value.get("input") if isinstance(value, Mapping) else None
    return given if isinstance(given, str) else arguments
