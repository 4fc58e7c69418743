"""The Responses API as a protocol."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Request, ToolCall
from tierwise.agents.protocols.fields import word
from tierwise.agents.protocols.openai_errors import error_body
from tierwise.agents.protocols.protocol import Frame, Trouble, Watched, written_stream
from tierwise.agents.protocols.responses.answer import read_answer, write_answer
from tierwise.agents.protocols.responses.items import NAME
from tierwise.agents.protocols.responses.request import read_request, write_request
from tierwise.agents.protocols.responses.step import flat_tools, functions_of, messages_of, needs_of, schema_of
from tierwise.agents.protocols.responses.stream import Reader, Writer
from tierwise.agents.protocols.sealed import is_sealed_by_us
from tierwise.data.errors import RecordError

_OPENINGS = frozenset({"response.created", "response.queued", "response.in_progress", "response.output_item.added"})


class Responses:
    """``POST /responses``."""

    name = NAME
    path = "/responses"
    id_prefix = "resp_"
    keeps_answers = True

    def check(self, body: Mapping[str, Any]) -> None:
        given = body.get("input")
        is_kept = any(body.get(name) for name in ("previous_response_id", "conversation", "prompt"))
        if not isinstance(given, str | list) and not (given is None and is_kept):
            raise RecordError("input", f"is {given!r:.60}; a text or a list of items is needed")
        if not given and not is_kept:
            raise RecordError("input", "is empty; a text or at least one item is needed")

    def answered_call(self, body: Mapping[str, Any]) -> str | None:
        given = body.get("input")
        last = given[-1] if isinstance(given, list) and given else None
        kind = str(last.get("type")) if isinstance(last, Mapping) else ""
        call_id = last.get("call_id") if isinstance(last, Mapping) and kind.endswith("_call_output") else None
        return call_id if isinstance(call_id, str) else None

    def has_sealed_thought(self, body: Mapping[str, Any]) -> bool:
        given = body.get("input")
        for item in reversed(given if isinstance(given, list) else []):
            if isinstance(item, Mapping):
                if item.get("type") == "reasoning" and item.get("encrypted_content") and not _is_foreign(item):
                    return True
                if item.get("role") == "user":
                    return False
        return False

    def headers(self, key: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

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
        for tool in flat_tools(body):
            if tool.get("name") == call.name:
                parameters = tool.get("parameters")
                return parameters if isinstance(parameters, Mapping) else {}
        return None

    def max_output_tokens(self, body: Mapping[str, Any]) -> int | None:
        limit = body.get("max_output_tokens")
        return limit if isinstance(limit, int) else None

    def for_model(self, body: Mapping[str, Any], model: str) -> dict[str, Any]:
        sent = {**body, "model": model}
        given = body.get("input")
        if isinstance(given, list) and any(_is_foreign(item) for item in given):
            sent["input"] = [item for item in given if not _is_foreign(item)]
        return sent

    def read_request(self, body: Mapping[str, Any], target: str) -> Request:
        return read_request(body, target)

    def write_request(self, request: Request) -> dict[str, Any]:
        return write_request(request)

    def read_answer(self, body: Mapping[str, Any]) -> Completion:
        return read_answer(body)

    def write_answer(self, completion: Completion, frame: Frame) -> dict[str, Any]:
        return write_answer(completion, frame)

    def is_answer(self, body: Mapping[str, Any]) -> bool:
        return isinstance(body.get("output"), list)

    def reader(self) -> Reader:
        return Reader()

    def writer(self, frame: Frame) -> Writer:
        return Writer(frame)

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
        if event.get("type") == "error":
            return {"error": event.get("error") or {name: event.get(name) for name in ("message", "code", "param")}}
        if event.get("type") == "response.failed":
            response = event.get("response")
            return {"error": response.get("error") or {}} if isinstance(response, Mapping) else {"error": {}}
        return event if event.get("error") and "type" not in event else None

    def error_body(self, trouble: Trouble) -> dict[str, Any]:
        return error_body(trouble)

    def broken_off(self, body: Mapping[str, Any], frame: Frame) -> bytes:
        error = body.get("error")
        error = error if isinstance(error, Mapping) else {}
        return Writer(frame).failed(str(error.get("message")), str(error.get("code") or "server_error"))


def _is_foreign(item: object) -> bool:
    """Thought that was sealed for another protocol's provider."""
    return isinstance(item, Mapping) and is_sealed_by_us(item.get("encrypted_content"))
