"""Requests of the chat completions protocol, read as canonical ones."""

import json
from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import (
    Effort,
    Form,
    Media,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolSpec,
    Turn,
)
from tierwise.agents.protocols.chat.media import read_media
from tierwise.agents.protocols.fields import (
    cannot_say,
    items,
    mapping,
    optional_count,
    optional_flag,
    optional_number,
    optional_text,
    refuse_unsaid,
    text,
)

NAME = "chat"

_SAID = frozenset(
    [
        "model",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "user",
        "service_tier",
        "stream",
        "stream_options",
    ]
)
_HARMLESS = frozenset(  # hints, and what means nothing at its usual value
    ["metadata", "store", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity", "seed"]
)
_USUAL = {"n": 1, "modalities": ["text"]}


def read_request(body: Mapping[str, Any], target: str) -> Request:
    """The canonical request. Raises ``RecordError`` naming what is wrong or cannot be said to ``target``."""
    usual = frozenset(name for name, value in _USUAL.items() if body.get(name) == value)
    refuse_unsaid(body, _SAID, _HARMLESS | usual, target)
    effort = optional_text(body.get("reasoning_effort"), "reasoning_effort")
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return Request(
        turns=tuple(_turn(raw, f"messages[{n}]", target) for n, raw in enumerate(items(body["messages"], "messages"))),
        tools=tuple(_tool(raw, f"tools[{n}]", target) for n, raw in enumerate(items(body.get("tools"), "tools"))),
        tool_choice=_choice(body.get("tool_choice"), target),
        is_parallel=optional_flag(body.get("parallel_tool_calls"), "parallel_tool_calls"),
        form=_form(body.get("response_format"), target),
        effort=None if effort is None else Effort(effort),
        max_output_tokens=optional_count(limit, "max_tokens"),
        temperature=optional_number(body.get("temperature"), "temperature"),
        top_p=optional_number(body.get("top_p"), "top_p"),
        stop=_stop(body.get("stop")),
        user=optional_text(body.get("user"), "user"),
        service_tier=optional_text(body.get("service_tier"), "service_tier"),
        is_stream=bool(body.get("stream")),
    )


def _turn(raw: object, where: str, target: str) -> Turn:
    message = mapping(raw, where)
    role = message.get("role")
    name = optional_text(message.get("name"), f"{where}.name")
    match role:
        case "tool":
            call_id = text(message.get("tool_call_id"), f"{where}.tool_call_id")
            parts = tuple(p for p in _parts(message.get("content"), where, target) if isinstance(p, Text | Media))
            return Turn("tool", (_result(call_id, parts),))
        case "assistant":
            return Turn("assistant", _said(message, where, target), name)
        case "system" | "developer" | "user":
            return Turn(role, _parts(message.get("content"), where, target), name)
    raise cannot_say(f"{where}.role", target, f"'{role!s:.40}'")


def _result(call_id: str, parts: tuple[Text | Media, ...]) -> ToolResult:
    """A hint on the last part is meant for the whole result: others cannot mark what is inside of one."""
    last = parts[-1] if parts else None
    if not isinstance(last, Text) or last.cache is None:
        return ToolResult(call_id, parts)
    return ToolResult(call_id, (*parts[:-1], Text(last.text)), cache=last.cache)


def _said(message: Mapping[str, Any], where: str, target: str) -> tuple[Part, ...]:
    """What a model said before: thought, words, refusals and calls."""
    parts: list[Part] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str):
        parts.append(Thinking(thought, origin=NAME))
    parts += _parts(message.get("content"), where, target)
    if message.get("refusal"):
        parts.append(Refusal(text(message["refusal"], f"{where}.refusal")))
    if message.get("audio") or message.get("function_call"):
        raise cannot_say(f"{where}.{'audio' if message.get('audio') else 'function_call'}", target)
    for n, raw in enumerate(items(message.get("tool_calls"), f"{where}.tool_calls")):
        parts.append(_call(mapping(raw, f"{where}.tool_calls[{n}]"), f"{where}.tool_calls[{n}]"))
    return tuple(parts)


def _call(call: Mapping[str, Any], where: str) -> ToolCall:
    call_id = text(call.get("id"), f"{where}.id")
    if call.get("type") == "custom":
        custom = mapping(call.get("custom"), f"{where}.custom")
        return ToolCall(text(custom.get("name"), f"{where}.custom.name"), str(custom.get("input")), call_id, True)
    function = mapping(call.get("function"), f"{where}.function")
    arguments = function.get("arguments") or "{}"
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments)
    return ToolCall(text(function.get("name"), f"{where}.function.name"), arguments, call_id)


def _parts(content: object, where: str, target: str) -> tuple[Part, ...]:
    if content is None or content == "":
        return ()
    if isinstance(content, str):
        return (Text(content),)
    found: list[Part] = []
    for n, raw in enumerate(items(content, f"{where}.content")):
        place = f"{where}.content[{n}]"
        part = mapping(raw, place)
        match part.get("type"):
            case "text":
                cache = part.get("cache_control")
                found.append(Text(text(part.get("text"), f"{place}.text"), cache if isinstance(cache, dict) else None))
            case "refusal":
                found.append(Refusal(text(part.get("refusal"), f"{place}.refusal")))
            case "image_url" | "file" | "input_audio":
                found.append(read_media(part, place))
            case other:
                raise cannot_say(f"{place}.type", target, f"'{other!s:.40}'")
    return tuple(found)


def _tool(raw: object, where: str, target: str) -> ToolSpec:
    tool = mapping(raw, where)
    if tool.get("type") == "custom":
        custom = mapping(tool.get("custom"), f"{where}.custom")
        form = custom.get("format")
        grammar = form.get("grammar") if isinstance(form, Mapping) and form.get("type") == "grammar" else None
        name = text(custom.get("name"), f"{where}.custom.name")
        return ToolSpec(name, custom.get("description") or "", is_free=True, grammar=grammar)
    if tool.get("type", "function") != "function":
        raise cannot_say(f"{where}.type", target, f"'{tool.get('type')!s:.40}'")
    function = mapping(tool.get("function"), f"{where}.function")
    parameters = function.get("parameters")
    return ToolSpec(
        text(function.get("name"), f"{where}.function.name"),
        optional_text(function.get("description"), f"{where}.function.description") or "",
        {} if parameters is None else mapping(parameters, f"{where}.function.parameters"),
        optional_flag(function.get("strict"), f"{where}.function.strict"),
    )


def _choice(raw: object, target: str) -> ToolChoice | None:
    match raw:
        case None:
            return None
        case "none" | "auto" | "required":
            return ToolChoice(raw)
        case {"type": "function", "function": {"name": str(name)}} | {"type": "custom", "custom": {"name": str(name)}}:
            return ToolChoice("tool", name)
    raise cannot_say("tool_choice", target)


def _form(raw: object, target: str) -> Form | None:
    match raw:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return Form()
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)} as given}:
            return Form(schema, str(given.get("name") or "answer"), given.get("description"), given.get("strict"))
    raise cannot_say("response_format", target)


def _stop(raw: object) -> tuple[str, ...]:
    if raw is None or isinstance(raw, str):
        return () if raw is None else (raw,)
    return tuple(text(each, f"stop[{n}]") for n, each in enumerate(items(raw, "stop")))
