"""Chat completions as a protocol."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Request, ToolCall
from tierwise.agents.protocols.chat.answer import Draft, read_answer, write_answer
from tierwise.agents.protocols.chat.request import NAME, read_request
from tierwise.agents.protocols.chat.stream import DONE, Reader, Writer
from tierwise.agents.protocols.chat.whole import chunks_of
from tierwise.agents.protocols.chat.written import write_request
from tierwise.agents.protocols.fields import mapping, word
from tierwise.agents.protocols.openai_errors import error_body
from tierwise.agents.protocols.protocol import Frame, Trouble
from tierwise.data.errors import RecordError
from tierwise.data.replies.json_text import write_json

_MEDIA = {"image_url": "vision", "input_audio": "audio", "file": "files"}


class Chat:
    """``POST /chat/completions``."""

    name = NAME
    path = "/chat/completions"
    id_prefix = "chatcmpl-"
    keeps_answers = False

    def check(self, body: Mapping[str, Any]) -> None:
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            raise RecordError("messages", "is missing or empty; at least one message is needed")
        mapping(body.get("stream_options") or {}, "stream_options")

    def answered_call(self, body: Mapping[str, Any]) -> str | None:
        last = body["messages"][-1]
        call_id = last.get("tool_call_id") if isinstance(last, Mapping) and last.get("role") == "tool" else None
        return call_id if isinstance(call_id, str) else None

    def has_sealed_thought(self, body: Mapping[str, Any]) -> bool:
        del body
        return False

    def headers(self, key: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def step_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"messages": body["messages"], "tools": _functions(body.get("tools"))}
        schema = self.response_schema(body)
        return fields if schema is None else {**fields, "response_schema": schema}

    def needs(self, body: Mapping[str, Any]) -> frozenset[str]:
        needs = {"tools"} if body.get("tools") else set()
        wanted = body.get("response_format")
        if isinstance(wanted, Mapping) and wanted.get("type") in ("json_schema", "json_object"):
            needs.add("json")
        contents = [each.get("content") for each in body["messages"] if isinstance(each, Mapping)]
        for part in (part for content in contents if isinstance(content, list) for part in content):
            if isinstance(part, Mapping) and word(part.get("type")) in _MEDIA:
                needs.add(_MEDIA[part["type"]])
        return frozenset(needs)

    def response_schema(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        wanted = body.get("response_format")
        if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
            return None
        inner = wanted.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else None
        return schema if isinstance(schema, Mapping) else None

    def parameters(self, body: Mapping[str, Any], call: ToolCall) -> Mapping[str, Any] | None:
        functions = [tool.get("function") for tool in body.get("tools") or () if isinstance(tool, Mapping)]
        for function in functions:
            if isinstance(function, Mapping) and function.get("name") == call.name:
                parameters = function.get("parameters")
                return parameters if isinstance(parameters, Mapping) else {}
        return None

    def max_output_tokens(self, body: Mapping[str, Any]) -> int | None:
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return limit if isinstance(limit, int) else None

    def for_model(self, body: Mapping[str, Any], model: str) -> dict[str, Any]:
        sent = {**body, "model": model}
        if body.get("stream"):
            options = body.get("stream_options")
            sent["stream_options"] = {**(options if isinstance(options, Mapping) else {}), "include_usage": True}
        return sent

    def read_request(self, body: Mapping[str, Any], target: str) -> Request:
        return read_request(body, target)

    def write_request(self, request: Request) -> dict[str, Any]:
        return write_request(request)

    def read_answer(self, body: Mapping[str, Any]) -> Completion:
        return read_answer(body)

    def write_answer(self, completion: Completion, frame: Frame) -> dict[str, Any]:
        return write_answer(completion, frame.answer_id, frame.created, frame.model)

    def is_answer(self, body: Mapping[str, Any]) -> bool:
        choices = body.get("choices")
        return isinstance(choices, list) and any(isinstance(choice, Mapping) for choice in choices)

    def reader(self) -> Reader:
        return Reader()

    def writer(self, frame: Frame) -> Writer:
        options = frame.asked.get("stream_options")
        wants_usage = isinstance(options, Mapping) and bool(options.get("include_usage"))
        return Writer(frame.answer_id, frame.created, frame.model, wants_usage)

    def draft(self) -> Draft:
        return Draft()

    def wire(self, data: bytes, event: Mapping[str, Any] | None) -> bytes:
        del event
        return b"data: " + data + b"\n\n"

    def streamed(self, body: Mapping[str, Any], completion: Completion, frame: Frame) -> bytes:
        del completion  # the body says more than that: choices beside the first, log-probabilities
        return b"".join(self.wire(write_json(chunk), None) for chunk in chunks_of(body, frame))

    ending = DONE

    def has_begun(self, event: Mapping[str, Any]) -> bool:
        return bool(event.get("choices"))

    def has_content(self, event: Mapping[str, Any]) -> bool:
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                delta = choice.get("delta")
                said = delta if isinstance(delta, Mapping) else {}
                if choice.get("finish_reason") or any(value for name, value in said.items() if name != "role"):
                    return True
        return False

    def has_only_usage(self, event: Mapping[str, Any]) -> bool:
        return event.get("usage") is not None and not event.get("choices")

    def failure(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        del event  # what is wrong stands in the chunk itself
        return None

    def error_body(self, trouble: Trouble) -> dict[str, Any]:
        return error_body(trouble)

    def broken_off(self, body: Mapping[str, Any], frame: Frame) -> bytes:
        del frame
        return b"data: " + write_json(body) + b"\n\n"


def _functions(tools: object) -> object:
    """The function tools; those that the provider runs itself have no schema to learn from."""
    if not isinstance(tools, list):
        return tools
    return [tool for tool in tools if not isinstance(tool, Mapping) or tool.get("type", "function") == "function"]
