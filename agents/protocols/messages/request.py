"""Requests of the Messages protocol, to and from canonical ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.agents.protocols.canonical import (
    Effort,
    Form,
    Request,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolSpec,
    Turn,
    joined,
)
from tierwise.agents.protocols.fields import (
    cannot_say,
    items,
    known_only,
    mapping,
    optional_count,
    optional_number,
    optional_text,
    refuse_unsaid,
    text,
)
from tierwise.agents.protocols.messages.blocks import NAME, read_blocks, write_block
from tierwise.agents.protocols.tools import with_plain_tools

DEFAULT_MAX_TOKENS = 8192  # this protocol wants a limit, and others leave it open
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
_SAID = frozenset(
    [
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "max_tokens",
        "temperature",
        "top_p",
        "stop_sequences",
        "stream",
        "thinking",
        "output_config",
        "output_format",
        "metadata",
        "service_tier",
    ]
)
_HARMLESS = frozenset(["context_management", "cache_control", "betas"])
_CHOICES: Mapping[object, Any] = {"auto": "auto", "any": "required", "none": "none"}


def read_request(body: Mapping[str, Any], target: str) -> Request:
    """The canonical request. Raises ``RecordError`` naming what is wrong or cannot be said to ``target``."""
    refuse_unsaid(body, _SAID, _HARMLESS, target)
    system = read_blocks(body.get("system"), "system", target)
    messages = enumerate(items(body["messages"], "messages"))
    turns = [turn for n, raw in messages for turn in _turns(raw, f"messages[{n}]", target)]
    choice = body.get("tool_choice")
    parallel = choice.get("disable_parallel_tool_use") if isinstance(choice, Mapping) else None
    metadata = body.get("metadata")
    return Request(
        turns=(*((Turn("system", system),) if system else ()), *joined(turns)),
        tools=tuple(_tool(raw, f"tools[{n}]", target) for n, raw in enumerate(items(body.get("tools"), "tools"))),
        tool_choice=_choice(choice, target),
        is_parallel=None if parallel is None else not parallel,
        form=_form(body, target),
        effort=_effort(body),
        max_output_tokens=optional_count(body.get("max_tokens"), "max_tokens"),
        temperature=optional_number(body.get("temperature"), "temperature"),
        top_p=optional_number(body.get("top_p"), "top_p"),
        stop=tuple(text(each, "stop_sequences") for each in items(body.get("stop_sequences"), "stop_sequences")),
        user=optional_text(metadata.get("user_id"), "metadata.user_id") if isinstance(metadata, Mapping) else None,
        service_tier="auto" if body.get("service_tier") == "auto" else None,
        is_stream=bool(body.get("stream")),
    )


def write_request(request: Request) -> dict[str, Any]:
    """The body of a message, without its model. Raises ``Untranslatable``."""
    plain = with_plain_tools(request)
    if plain.temperature is not None and plain.temperature > 1:
        raise cannot_say("temperature", NAME, f"{plain.temperature:g}, above 1,")
    n_first = next((n for n, turn in enumerate(plain.turns) if turn.role not in ("system", "developer")), 0)
    first = [part for turn in plain.turns[:n_first] for part in turn.parts]
    body: dict[str, Any] = {"max_tokens": plain.max_output_tokens or DEFAULT_MAX_TOKENS}
    if first:
        body["system"] = [write_block(part) for part in first]
    body["messages"] = _messages(plain.turns[n_first:])
    if plain.tools:
        body["tools"] = [_written_tool(tool) for tool in plain.tools]
        body |= _written_choice(plain)
    if plain.stop:
        body["stop_sequences"] = list(plain.stop)
    if plain.user:
        body["metadata"] = {"user_id": plain.user}
    if plain.service_tier == "auto":
        body["service_tier"] = "auto"
    if plain.form is not None:
        body["output_config"] = {"format": _written_form(plain.form)}
    if plain.is_stream:
        body["stream"] = True
    body |= known_only({"temperature": plain.temperature, "top_p": plain.top_p})
    return body | _written_effort(plain, body["max_tokens"])


def _turns(raw: object, where: str, target: str) -> list[Turn]:
    """One message; the results of tools in it are turns of their own."""
    message = mapping(raw, where)
    parts = read_blocks(message.get("content"), f"{where}.content", target)
    match message.get("role"):
        case "user":
            return list(joined([Turn("tool" if isinstance(part, ToolResult) else "user", (part,)) for part in parts]))
        case "assistant" | "system" as role:
            return [Turn(role, parts)] if parts else []
    raise cannot_say(f"{where}.role", target, f"'{message.get('role')!s:.40}'")


def _tool(raw: object, where: str, target: str) -> ToolSpec:
    tool = mapping(raw, where)
    if tool.get("type") not in (None, "custom"):
        raise cannot_say(f"{where}.type", target, f"'{tool.get('type')!s:.40}', which a provider runs itself,")
    cache, strict = tool.get("cache_control"), tool.get("strict")
    return ToolSpec(
        text(tool.get("name"), f"{where}.name"),
        optional_text(tool.get("description"), f"{where}.description") or "",
        mapping(tool.get("input_schema"), f"{where}.input_schema"),
        strict if isinstance(strict, bool) else None,
        cache=cache if isinstance(cache, dict) else None,
    )


def _choice(raw: object, target: str) -> ToolChoice | None:
    if raw is None:
        return None
    match raw:
        case {"type": "tool", "name": str(name)}:
            return ToolChoice("tool", name)
        case {"type": "auto" | "any" | "none" as kind}:
            return ToolChoice(_CHOICES[kind])
    raise cannot_say("tool_choice", target)


def _form(body: Mapping[str, Any], target: str) -> Form | None:
    config = body.get("output_config")
    given = config.get("format") if isinstance(config, Mapping) else body.get("output_format")
    match given:
        case None:
            return None
        case {"type": "json_schema", "schema": dict(schema)}:
            return Form(schema)
    raise cannot_say("output_config.format", target)


def _effort(body: Mapping[str, Any]) -> Effort | None:
    config = body.get("output_config")
    word = optional_text(config.get("effort"), "output_config.effort") if isinstance(config, Mapping) else None
    thinking = body.get("thinking")
    match thinking:
        case {"type": "enabled", "budget_tokens": int(budget)}:
            return Effort(word or _word(budget), budget)
        case {"type": "disabled"}:
            return Effort("none")
    return Effort(word) if word else None


def _word(budget_tokens: int) -> str:
    """The dearest word whose budget it reaches."""
    return next((word for word in ("high", "medium", "low") if budget_tokens >= _BUDGETS[word]), "low")


def _messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Speakers alternate here, so neighbours of one speaker are one message; whoever is no model is the user."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        role = "assistant" if turn.role == "assistant" else "user"
        blocks = [block for part in turn.parts if (block := write_block(part)) is not None]
        if found and found[-1]["role"] == role:
            found[-1]["content"] += blocks
        elif blocks:
            found.append({"role": role, "content": blocks})
    return found


def _written_tool(tool: ToolSpec) -> dict[str, Any]:
    schema = dict(tool.parameters) or {"type": "object", "properties": {}}
    head = {"name": tool.name, "description": tool.description, "input_schema": schema}
    return head | known_only({"strict": tool.is_strict, "cache_control": tool.cache})


def _written_choice(request: Request) -> dict[str, Any]:
    choice = request.tool_choice
    if choice is None and request.is_parallel is not False:
        return {}
    kinds = {"auto": "auto", "required": "any", "none": "none", "tool": "tool"}
    written: dict[str, Any] = {"type": kinds[choice.mode] if choice else "auto"}
    if choice and choice.name:
        written["name"] = choice.name
    if request.is_parallel is not None and written["type"] != "none":
        written["disable_parallel_tool_use"] = not request.is_parallel
    return {"tool_choice": written}


def _written_form(form: Form) -> dict[str, Any]:
    if form.schema is None:
        raise cannot_say("response_format", NAME, "'json_object' without a schema")
    return {"type": "json_schema", "schema": dict(form.schema)}


def _written_effort(request: Request, max_tokens: int) -> dict[str, Any]:
    """Thought within its budget, and beside it as much answer as before. Where a tool must be called, or the loop of
    tools under way began without thought, this protocol allows none."""
    effort = request.effort
    if effort is None or not (effort.word or effort.budget_tokens):
        return {}
    if effort.word == "none":
        return {"thinking": {"type": "disabled"}}
    budget = effort.budget_tokens or _BUDGETS.get(effort.word or "")
    is_forced = request.tool_choice is not None and request.tool_choice.mode in ("required", "tool")
    if budget is None or is_forced or request.temperature not in (None, 1) or _is_in_thoughtless_loop(request.turns):
        return {}
    limit = max_tokens if max_tokens > budget else max_tokens + budget
    return {"thinking": {"type": "enabled", "budget_tokens": budget}, "max_tokens": limit}


def _is_in_thoughtless_loop(turns: Sequence[Turn]) -> bool:
    if not turns or turns[-1].role != "tool":
        return False
    said = next((turn for turn in reversed(turns) if turn.role == "assistant"), Turn("assistant", ()))
    has_calls = any(isinstance(part, ToolCall) for part in said.parts)
    return has_calls and not any(isinstance(part, Thinking) and part.origin == NAME for part in said.parts)
