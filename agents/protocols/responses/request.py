"""Requests of the Responses API, to and from canonical ones."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Effort, Form, Request, Text, ToolChoice, ToolSpec, Turn
from tierwise.agents.protocols.fields import (
    cannot_say,
    items,
    known_only,
    mapping,
    optional_count,
    optional_flag,
    optional_number,
    optional_text,
    refuse_unsaid,
    text,
)
from tierwise.agents.protocols.responses.items import NAME, read_items, write_items

_SAID = frozenset(
    [
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
        "reasoning",
        "max_output_tokens",
        "temperature",
        "top_p",
        "user",
        "service_tier",
        "stream",
        "stream_options",
    ]
)
_HARMLESS = frozenset(  # hints, and what says how the provider keeps an answer that it does not keep
    [
        "store",
        "include",
        "metadata",
        "client_metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "truncation",
        "context_management",
    ]
)


def read_request(body: Mapping[str, Any], target: str) -> Request:
    """The canonical request. Raises ``RecordError`` naming what is wrong or cannot be said to ``target``."""
    refuse_unsaid(body, _SAID, _HARMLESS, target)
    instructions = optional_text(body.get("instructions"), "instructions")
    first = (Turn("system", (Text(instructions),)),) if instructions else ()
    return Request(
        turns=(*first, *read_items(body["input"], target)),
        tools=tuple(_tools(body.get("tools"), target)),
        tool_choice=_choice(body.get("tool_choice"), target),
        is_parallel=optional_flag(body.get("parallel_tool_calls"), "parallel_tool_calls"),
        form=_form(body.get("text"), target),
        effort=_effort(body.get("reasoning")),
        max_output_tokens=optional_count(body.get("max_output_tokens"), "max_output_tokens"),
        temperature=optional_number(body.get("temperature"), "temperature"),
        top_p=optional_number(body.get("top_p"), "top_p"),
        user=optional_text(body.get("user"), "user"),
        service_tier=optional_text(body.get("service_tier"), "service_tier"),
        is_stream=bool(body.get("stream")),
    )


def write_request(request: Request) -> dict[str, Any]:
    """The body of a response, without its model; nothing of it is kept. Raises ``Untranslatable``."""
    if request.stop:
        raise cannot_say("stop", NAME)
    body: dict[str, Any] = {"input": write_items(request.turns), "store": False}
    if request.tools:
        body["tools"] = _written_tools(request.tools)
    if request.tool_choice is not None and request.tools:
        body["tool_choice"] = _written_choice(request)
    if request.is_parallel is not None and request.tools:
        body["parallel_tool_calls"] = request.is_parallel
    if request.form is not None:
        body["text"] = {"format": _written_form(request.form)}
    if request.effort is not None and (request.effort.word or request.effort.summary):
        body["reasoning"] = known_only({"effort": request.effort.word, "summary": request.effort.summary})
    if request.is_stream:
        body["stream"] = True
    return body | known_only(
        {
            "max_output_tokens": request.max_output_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "user": request.user,
            "service_tier": request.service_tier,
        }
    )


def _tools(raw: object, target: str) -> Iterator[ToolSpec]:
    for n, each in enumerate(items(raw, "tools")):
        where = f"tools[{n}]"
        tool = mapping(each, where)
        if tool.get("type") == "namespace":
            namespace = text(tool.get("name"), f"{where}.name")
            for m, inner in enumerate(items(tool.get("tools"), f"{where}.tools")):
                place = f"{where}.tools[{m}]"
                yield _tool(mapping(inner, place), place, target, namespace)
        else:
            yield _tool(tool, where, target, None)


def _tool(tool: Mapping[str, Any], where: str, target: str, namespace: str | None) -> ToolSpec:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise cannot_say(f"{where}.type", target, f"'{kind!s:.40}', which a provider runs itself,")
    name = text(tool.get("name"), f"{where}.name")
    description = optional_text(tool.get("description"), f"{where}.description") or ""
    if kind == "custom":
        form = tool.get("format")
        grammar = form if isinstance(form, Mapping) and form.get("type") == "grammar" else None
        return ToolSpec(name, description, is_free=True, grammar=grammar, namespace=namespace)
    parameters = tool.get("parameters")
    given = {} if parameters is None else mapping(parameters, f"{where}.parameters")
    return ToolSpec(name, description, given, optional_flag(tool.get("strict"), f"{where}.strict"), namespace=namespace)


def _choice(raw: object, target: str) -> ToolChoice | None:
    match raw:
        case None:
            return None
        case "none" | "auto" | "required":
            return ToolChoice(raw)
        case {"type": "function" | "custom", "name": str(name)}:
            return ToolChoice("tool", name)
    raise cannot_say("tool_choice", target)


def _form(raw: object, target: str) -> Form | None:
    given: Any = raw.get("format") if isinstance(raw, Mapping) else raw
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return Form()
        case {"type": "json_schema", "schema": dict(schema)}:
            return Form(schema, str(given.get("name") or "answer"), given.get("description"), given.get("strict"))
    raise cannot_say("text.format", target)


def _effort(raw: object) -> Effort | None:
    if raw is None:
        return None
    given = mapping(raw, "reasoning")
    word = optional_text(given.get("effort"), "reasoning.effort")
    summary = optional_text(given.get("summary"), "reasoning.summary")
    return Effort(word, summary=summary) if word or summary else None


def _written_tools(tools: tuple[ToolSpec, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    groups: dict[str, list[dict[str, Any]]] = {}
    for tool in tools:
        if tool.namespace is None:
            found.append(_written_tool(tool))
        else:
            if tool.namespace not in groups:
                groups[tool.namespace] = []
                found.append({"type": "namespace", "name": tool.namespace, "tools": groups[tool.namespace]})
            groups[tool.namespace].append(_written_tool(tool))
    return found


def _written_tool(tool: ToolSpec) -> dict[str, Any]:
    if tool.is_free:
        form = {"format": dict(tool.grammar)} if tool.grammar else {}
        return {"type": "custom", "name": tool.name, "description": tool.description, **form}
    head = {"type": "function", "name": tool.name, "description": tool.description}
    return head | {"parameters": dict(tool.parameters), "strict": bool(tool.is_strict)}


def _written_choice(request: Request) -> str | dict[str, Any]:
    choice = request.tool_choice
    if choice is None or choice.mode != "tool":
        return "auto" if choice is None else choice.mode
    is_free = any(tool.is_free and tool.name == choice.name for tool in request.tools)
    return {"type": "custom" if is_free else "function", "name": choice.name}


def _written_form(form: Form) -> dict[str, Any]:
    if form.schema is None:
        return {"type": "json_object"}
    given = known_only({"description": form.description, "strict": form.is_strict})
    return {"type": "json_schema", "name": form.name, "schema": dict(form.schema), **given}
