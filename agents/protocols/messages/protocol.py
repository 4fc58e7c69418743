"""Messages as a protocol."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Request, ToolCall
from tierwise.agents.protocols.fields import word
from tierwise.agents.protocols.messages.answer import read_answer, write_answer
from tierwise.agents.protocols.messages.blocks import NAME
from tierwise.agents.protocols.messages.request import read_request, write_request
from tierwise.agents.protocols.messages.step import functions_of, messages_of, needs_of, schema_of, tools_of
from tierwise.agents.protocols.messages.stream import Reader, Writer
from tierwise.agents.protocols.protocol import Frame, Trouble, Watched, written_stream
from tierwise.agents.protocols.sealed import is_sealed_by_us
from tierwise.data.errors import RecordError
from tierwise.data.replies.json_text import write_json

VERSION = "2023-06-01"
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}

_OPENINGS = frozenset({"message_start", "ping", "content_block_start"})


class Messages:
    """``POST /messages``."""

    name = NAME
    path = "/messages"
    id_prefix = "msg_"
    keeps_answers = False

    def check(self, body: Mapping[str, Any]) -> None:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise RecordError("messages", "is missing or empty; at least one message is needed")
        for n, message in enumerate(messages):
            if not isinstance(message, Mapping):
                raise RecordError(f"messages[{n}]", f"is {message!r:.60}; a JSON object is needed")

    def answered_call(self, body: Mapping[str, Any]) -> str | None:
        content = body["messages"][-1].get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, Mapping) and block.get("type") == "tool_result":
                call_id = block.get("tool_use_id")
                return call_id if isinstance(call_id, str) else None
        return None

    def has_sealed_thought(self, body: Mapping[str, Any]) -> bool:
        said: Mapping[str, Any] = next(
            (each for each in reversed(body["messages"]) if each.get("role") == "assistant"), {}
        )
        content = said.get("content")
        return any(
            isinstance(block, Mapping)
            and block.get("type") in ("thinking", "redacted_thinking")
            and not _is_foreign(block)
            for block in (content if isinstance(content, list) else ())
        )

    def headers(self, key: str | None) -> dict[str, str]:
        return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}

    def step_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"messages": messages_of(body), "tools": functions_of(body)}
        schema = schema_of(body)
        if not fields["messages"]:
            fields["text"] = ""
        return fields if schema is None else {**fields, "response_schema": schema}

    def needs(self, body: Mapping[str, Any]) -> frozenset[str]:
        return needs_of(body)

    def response_schema(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return schema_of(body)

    def parameters(self, body: Mapping[str, Any], call: ToolCall) -> Mapping[str, Any] | None:
        for tool in tools_of(body):
            if tool.get("name") == call.name:
                schema = tool.get("input_schema")
                return schema if isinstance(schema, Mapping) else {}
        return None

    def max_output_tokens(self, body: Mapping[str, Any]) -> int | None:
        limit = body.get("max_tokens")
        return limit if isinstance(limit, int) else None

    def for_model(self, body: Mapping[str, Any], model: str) -> dict[str, Any]:
        sent = {**body, "model": model}
        if any(_has_foreign_thought(message) for message in body["messages"]):
            sent["messages"] = [kept for message in body["messages"] if (kept := _without_foreign_thought(message))]
        return sent

    def read_request(self, body: Mapping[str, Any], target: str) -> Request:
        return read_request(body, target)

    def write_request(self, request: Request) -> dict[str, Any]:
        return write_request(request)

    def read_answer(self, body: Mapping[str, Any]) -> Completion:
        return read_answer(body)

    def write_answer(self, completion: Completion, frame: Frame) -> dict[str, Any]:
        return write_answer(completion, frame.answer_id, frame.model)

    def is_answer(self, body: Mapping[str, Any]) -> bool:
        return isinstance(body.get("content"), list)

    def reader(self) -> Reader:
        return Reader()

    def writer(self, frame: Frame) -> Writer:
        return Writer(frame.answer_id, frame.model)

    def draft(self) -> Watched:
        return Watched(Reader())

    def wire(self, data: bytes, event: Mapping[str, Any] | None) -> bytes:
        kind = str((event or {}).get("type", "")).encode("utf-8", "replace")
        return b"event: " + kind + b"\ndata: " + data + b"\n\n"

    def streamed(self, body: Mapping[str, Any], completion: Completion, frame: Frame) -> bytes:
        del body
        return written_stream(completion, self.writer(frame))

    ending = b""

    def has_begun(self, event: Mapping[str, Any]) -> bool:
        return bool(event)

    def has_content(self, event: Mapping[str, Any]) -> bool:
        return word(event.get("type")) not in _OPENINGS

    def has_only_usage(self, event: Mapping[str, Any]) -> bool:
        del event
        return False

    def failure(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return event if event.get("type") == "error" or (event.get("error") and "type" not in event) else None

    def error_body(self, trouble: Trouble) -> dict[str, Any]:
        kind = _TYPES.get(trouble.status, "api_error" if trouble.status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": trouble.message}}

    def broken_off(self, body: Mapping[str, Any], frame: Frame) -> bytes:
        del frame
        return b"event: error\ndata: " + write_json(body) + b"\n\n"


def _has_foreign_thought(message: object) -> bool:
    content = message.get("content") if isinstance(message, Mapping) else None
    return isinstance(content, list) and any(_is_foreign(block) for block in content)


def _without_foreign_thought(message: Any) -> Any:
    """None for a message of nothing but such thought."""
    if not _has_foreign_thought(message):
        return message
    kept = [block for block in message["content"] if not _is_foreign(block)]
    return {**message, "content": kept} if kept else None


def _is_foreign(block: object) -> bool:
    return isinstance(block, Mapping) and is_sealed_by_us(block.get("signature"))
