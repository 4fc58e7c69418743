"""Answers of the Messages protocol, read and written whole."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Finish, Message, Part, Refusal, Text, Thinking, ToolCall
from tierwise.agents.protocols.messages.blocks import input_of, read_thinking, write_thinking
from tierwise.data.replies.json_text import write_json
from tierwise.data.replies.usage import Usage, read_usage

FINISHES: Mapping[str, Finish] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "pause_turn": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOLS,
    "refusal": Finish.FILTERED,
}
REASONS = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOLS: "tool_use",
    Finish.FILTERED: "refusal",
}


def read_answer(body: Mapping[str, Any]) -> Completion:
    """A whole message. Blocks that nobody here knows are passed over: the caller gets them as they are."""
    content = body.get("content")
    blocks = content if isinstance(content, list) else ()
    parts = tuple(part for raw in blocks if isinstance(raw, Mapping) and (part := read_block(raw)) is not None)
    reason = body.get("stop_reason")
    reason = reason if isinstance(reason, str) else None
    message = Message(parts, FINISHES.get(reason or ""), reason)
    model, answer_id = body.get("model"), body.get("id")
    return Completion(
        (message,),
        read_usage(body),
        model if isinstance(model, str) else None,
        answer_id if isinstance(answer_id, str) else None,
    )


def read_block(block: Mapping[str, Any]) -> Part | None:
    match block:
        case {"type": "text", "text": str(text)}:
            return Text(text)
        case {"type": "thinking" | "redacted_thinking"}:
            return read_thinking(block)
        case {"type": "tool_use", "name": str(name)}:
            call_id = block.get("id")
            arguments = write_json(block.get("input") or {}).decode()
            return ToolCall(name, arguments, call_id if isinstance(call_id, str) else None)
    return None


def write_answer(answer: Completion, answer_id: str, model: str) -> dict[str, Any]:
    message = answer.message
    frame = write_frame(answer_id, model)
    done = {"content": [write_part(part) for part in message.parts], "stop_reason": stop_reason(message)}
    return frame | done | {"usage": write_usage(answer.usage)}


def write_frame(answer_id: str, model: str) -> dict[str, Any]:
    """A message of which nothing has come yet."""
    return {
        "id": answer_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": write_usage(Usage()),
    }


def write_part(part: Part) -> dict[str, Any]:
    match part:
        case Thinking():
            return write_thinking(part)
        case ToolCall():
            return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": input_of(part.arguments)}
    return {"type": "text", "text": part.text if isinstance(part, Text | Refusal) else ""}


def stop_reason(message: Message) -> str:
    if any(isinstance(part, Refusal) for part in message.parts):
        return "refusal"
    return REASONS[message.finish or Finish.STOP]


def write_usage(usage: Usage) -> dict[str, Any]:
    """This protocol counts what came from the cache and goes to the cache apart; what is not known yet is 0."""
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    fresh = max(0, (usage.input_tokens or 0) - cached - written)
    told = {"input_tokens": fresh, "output_tokens": usage.output_tokens or 0}
    return told | {"cache_creation_input_tokens": written, "cache_read_input_tokens": cached}
