"""Canonical requests, written as requests of the chat completions protocol."""

from typing import Any

from tierwise.agents.protocols.canonical import (
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
from tierwise.agents.protocols.chat.media import write_media
from tierwise.agents.protocols.chat.request import NAME
from tierwise.agents.protocols.fields import known_only
from tierwise.agents.protocols.tools import with_plain_tools
from tierwise.data.errors import RecordError


def write_request(request: Request) -> dict[str, Any]:
    """The body of a chat completion, without its model. Raises ``Untranslatable``."""
    plain = with_plain_tools(request)
    body: dict[str, Any] = {"messages": [message for turn in plain.turns for message in _messages(turn)]}
    if plain.tools:
        body["tools"] = [_written_tool(tool) for tool in plain.tools]
    if plain.tool_choice is not None and plain.tools:
        body["tool_choice"] = _written_choice(plain.tool_choice)
    if plain.is_parallel is not None and plain.tools:
        body["parallel_tool_calls"] = plain.is_parallel
    if plain.form is not None:
        body["response_format"] = _written_form(plain.form)
    if plain.stop:
        body["stop"] = list(plain.stop)
    if plain.is_stream:
        body["stream"] = True
    return body | known_only(
        {
            "reasoning_effort": plain.effort.word if plain.effort else None,
            "max_completion_tokens": plain.max_output_tokens,
            "temperature": plain.temperature,
            "top_p": plain.top_p,
            "user": plain.user,
            "service_tier": plain.service_tier,
        }
    )


def _messages(turn: Turn) -> list[dict[str, Any]]:
    if turn.role == "assistant":
        return [_written_said(turn)]
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    messages: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": each.call_id, "content": _result_text(each)} for each in results
    ]
    # Images have no place in a tool's message; they follow as the user's.
    shown = [part for each in results for part in each.parts if isinstance(part, Media)]
    rest = [*shown, *(part for part in turn.parts if not isinstance(part, ToolResult))]
    if rest or not results:
        role = "user" if turn.role == "tool" else turn.role
        messages.append(known_only({"role": role, "content": _content(rest), "name": turn.name}))
    return messages


def _result_text(result: ToolResult) -> str:
    return "\n".join(part.text for part in result.parts if isinstance(part, Text))


def _written_said(turn: Turn) -> dict[str, Any]:
    words = [part for part in turn.parts if isinstance(part, Text)]
    message: dict[str, Any] = {"role": "assistant", "content": _content(words) if words else None}
    thought = "".join(part.text for part in turn.parts if isinstance(part, Thinking) and part.origin == NAME)
    if thought:
        message["reasoning_content"] = thought
    refused = "".join(part.text for part in turn.parts if isinstance(part, Refusal))
    if refused:
        message["refusal"] = refused
    calls = [part for part in turn.parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [
            {"id": each.call_id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
            for each in calls
        ]
    return message | known_only({"name": turn.name})


def _content(parts: list[Any]) -> str | list[dict[str, Any]]:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    if not parts:
        return ""
    return [{"type": "text", "text": part.text} if isinstance(part, Text) else _shown(part) for part in parts]


def _shown(part: Part) -> dict[str, Any]:
    if isinstance(part, Media):
        return write_media(part)
    raise RecordError("messages", f"holds {type(part).__name__} in a place where chat completions have none")


def _written_tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function | known_only({"strict": tool.is_strict})}


def _written_choice(choice: ToolChoice) -> str | dict[str, Any]:
    return choice.mode if choice.mode != "tool" else {"type": "function", "function": {"name": choice.name}}


def _written_form(form: Form) -> dict[str, Any]:
    if form.schema is None:
        return {"type": "json_object"}
    given = known_only({"description": form.description, "strict": form.is_strict})
    return {"type": "json_schema", "json_schema": {"name": form.name, "schema": dict(form.schema), **given}}
