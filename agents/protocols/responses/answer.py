"""Answers of the Responses API, read and written whole."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import (
    Completion,
    Finish,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from tierwise.agents.protocols.protocol import Frame
from tierwise.agents.protocols.responses.items import read_call, read_thinking, write_call, write_thinking
from tierwise.data.errors import RecordError
from tierwise.data.replies.usage import Usage, read_usage

_INCOMPLETE = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.FILTERED}
_REASONS = {Finish.LENGTH: "max_output_tokens", Finish.FILTERED: "content_filter"}


def read_answer(body: Mapping[str, Any]) -> Completion:
    """A whole response. What is not of the usual form is passed over: the caller gets it as it is."""
    output = body.get("output")
    parts = [
        part
        for item in (output if isinstance(output, list) else ())
        if isinstance(item, Mapping)
        for part in read_output(item)
    ]
    finish, reason = read_finish(body, parts)
    message = Message(tuple(parts), finish, reason)
    return Completion((message,), read_usage(body), _text(body.get("model")), _text(body.get("id")))


def read_output(item: Mapping[str, Any]) -> list[Part]:
    """The parts of an output item; none for what a provider's own tools leave behind."""
    match item.get("type"):
        case "message":
            content = item.get("content")
            return [each for raw in (content if isinstance(content, list) else ()) if (each := read_words(raw))]
        case "function_call" | "custom_tool_call":
            try:
                return [read_call(item, "output")]
            except RecordError:
                return []
        case "reasoning":
            return [read_thinking(item)]
    return []


def read_words(raw: object) -> Text | Refusal | None:
    match raw:
        case {"type": "output_text", "text": str(text)}:
            return Text(text)
        case {"type": "refusal", "refusal": str(text)}:
            return Refusal(text)
    return None


def read_finish(body: Mapping[str, Any], parts: list[Part]) -> tuple[Finish | None, str | None]:
    status = _text(body.get("status"))
    if status == "incomplete":
        details = body.get("incomplete_details")
        reason = _text(details.get("reason")) if isinstance(details, Mapping) else None
        return _INCOMPLETE.get(reason or "", Finish.LENGTH), reason or status
    if status not in (None, "completed"):
        return None, status
    return Finish.TOOLS if any(isinstance(part, ToolCall) for part in parts) else Finish.STOP, "completed"


def write_answer(answer: Completion, frame: Frame) -> dict[str, Any]:
    """A response with the parts of the answer as items."""
    message = answer.message
    output = [write_item(part, item_id(frame.answer_id, n, part)) for n, part in enumerate(message.parts)]
    reason = _REASONS.get(message.finish or Finish.STOP)
    status = "completed" if reason is None else "incomplete"
    details = None if reason is None else {"reason": reason}
    done = {"status": status, "output": output, "usage": write_usage(answer.usage), "incomplete_details": details}
    return write_frame(frame) | done


def write_frame(frame: Frame) -> dict[str, Any]:
    """A response of which nothing has come yet; it repeats parts of the request."""
    asked = frame.asked
    return {
        "id": frame.answer_id,
        "object": "response",
        "created_at": frame.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "model": frame.model,
        "output": [],
        "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
        "store": False,
        "temperature": asked.get("temperature"),
        "text": asked.get("text") or {"format": {"type": "text"}},
        "tool_choice": asked.get("tool_choice") or "auto",
        "tools": asked.get("tools") or [],
        "top_p": asked.get("top_p"),
        "truncation": "disabled",
        "usage": None,
        "user": asked.get("user"),
        "metadata": asked.get("metadata") or {},
    }


def write_item(part: Part, part_id: str, status: str = "completed") -> dict[str, Any]:
    """The output item that holds ``part``."""
    match part:
        case Thinking():
            return write_thinking(part, part_id)
        case ToolCall():
            return {"id": part_id, "status": status, **write_call(part)}
    content = [write_words(part)] if status == "completed" else []
    return {"id": part_id, "type": "message", "status": status, "role": "assistant", "content": content}


def write_words(part: Part) -> dict[str, Any]:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {"type": "output_text", "text": part.text if isinstance(part, Text) else "", "annotations": []}


def item_id(answer_id: str, position: int, part: Part) -> str:
    kinds: dict[type, str] = {Thinking: "rs", ToolCall: "fc"}
    kind = "ctc" if isinstance(part, ToolCall) and part.is_free else kinds.get(type(part), "msg")
    return f"{kind}_{answer_id.removeprefix('resp_')}_{position}"


def write_usage(usage: Usage) -> dict[str, Any] | None:
    """None where the provider told nothing."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    n_in, n_out = usage.input_tokens or 0, usage.output_tokens or 0
    return {
        "input_tokens": n_in,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": n_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": n_in + n_out,
    }


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) else None
