"""The body of a chat completion: what of it decides the tier, and what goes to the provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.serving.problems import invalid_field

EXTENSION = "tierwise"
AUTO = "auto"
PROFILES: Mapping[str, Mapping[str, object]] = {
    AUTO: {},
    f"{AUTO}:cheap": {"max_quality_loss": 0.10},
    f"{AUTO}:balanced": {"max_quality_loss": 0.03},
}
BEST = f"{AUTO}:best"  # the dearest tier that can be called

HEADER_FIELDS = {"x-tierwise-task-id": "task_id", "x-tierwise-session-id": "session_id"}
HEADER_STEP_FIELDS = {
    "x-tierwise-task-type": "task_type",
    "x-tierwise-agent": "agent",
    "x-tierwise-node": "node",
}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call. ``body`` goes to the provider, ``route`` to the router's desk; ``needs`` are capabilities."""

    body: Mapping[str, Any]
    model: str
    route: Mapping[str, Any]
    needs: frozenset[str]
    is_stream: bool
    wants_usage: bool

    @property
    def adds_options(self) -> bool:
        """Whether ``for_model`` adds ``stream_options`` that the caller did not ask for."""
        return self.is_stream and not self.body.get("stream_options")

    def for_model(self, name: str) -> dict[str, Any]:
        """The body for a provider. A stream always reports its usage there, whether the caller asked or not."""
        body = {**self.body, "model": name}
        if self.is_stream:
            body["stream_options"] = {**(self.body.get("stream_options") or {}), "include_usage": True}
        return body


def parse_chat(raw: object, headers: Mapping[str, str]) -> ChatRequest:
    """The request in a decoded body. Raises ``Problem`` naming the field; fields not known here are kept."""
    try:
        record = _object(raw, "body")
        model = record.get("model")
        if not isinstance(model, str) or not model:
            raise RecordError("model", f"is {model!r:.60}; name one, or '{AUTO}' to have it picked")
        if not isinstance(record.get("messages"), list) or not record["messages"]:
            raise RecordError("messages", "is missing or empty; at least one message is needed")
        stream_options = _object(record.get("stream_options") or {}, "stream_options")
        is_stream = record.get("stream") or False
        if not isinstance(is_stream, bool):
            raise RecordError("stream", f"is {is_stream!r:.60}; true or false is needed")
        return ChatRequest(
            body={name: value for name, value in record.items() if name != EXTENSION},
            model=model,
            route=_route_body(record, headers),
            needs=_needs(record),
            is_stream=is_stream,
            wants_usage=bool(stream_options.get("include_usage")),
        )
    except RecordError as error:
        raise invalid_field(error) from None


def response_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must have, None when none is asked for."""
    wanted = body.get("response_format")
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
        return None
    inner = wanted.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def _route_body(record: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """What ``POST /route`` would have been asked; the body's own word wins over headers."""
    given = _object(record.get(EXTENSION) or {}, EXTENSION)
    said = {field: headers[name] for name, field in HEADER_FIELDS.items() if name in headers}
    step: dict[str, Any] = {field: headers[name] for name, field in HEADER_STEP_FIELDS.items() if name in headers}
    step |= _object(given.get("step") or {}, f"{EXTENSION}.step")
    step["messages"] = record["messages"]
    step["tools"] = _functions(record.get("tools"))
    schema = response_schema(record)
    if schema is not None:
        step["response_schema"] = schema
    return {**said, **given, "step": step}


def _functions(tools: object) -> object:
    """The function tools; those that the provider runs itself have no schema to learn from."""
    if not isinstance(tools, list):
        return tools
    return [tool for tool in tools if not isinstance(tool, Mapping) or tool.get("type", "function") == "function"]


def _needs(record: Mapping[str, Any]) -> frozenset[str]:
    needs = {"tools"} if record.get("tools") else set()
    wanted = record.get("response_format")
    if isinstance(wanted, Mapping) and wanted.get("type") in ("json_schema", "json_object"):
        needs.add("json")
    contents = [each.get("content") for each in record["messages"] if isinstance(each, Mapping)]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    if any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in parts):
        needs.add("vision")
    return frozenset(needs)


def _object(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecordError(where, "is no JSON object")
    return raw
