"""The body of a call: what of it decides the tier, and what goes to the provider."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.protocols import WireProtocol
from tierwise.data.errors import RecordError
from tierwise.data.program.trouble import TroubleLog
from tierwise.serving.gateway.conversations.sessions import prefix_digest, session_of
from tierwise.serving.http.problems import invalid_field

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
ONCE_HEADER = "x-tierwise-once"
_FOR_PROVIDERS = ("anthropic-version", "anthropic-beta", "openai-beta")
_MEDIA = frozenset({"vision", "audio", "files"})
_TROUBLE = TroubleLog(logging.getLogger(__name__))


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """One call. ``body`` goes to the provider, ``route`` to the router's desk; ``needs`` are capabilities.

    ``n_bytes`` is how long the body is, None where that says nothing about its tokens; ``headers`` are those for
    providers of the caller's own protocol. ``session_key`` finds the conversation in the gateway's memory.
    ``is_once``: the caller says that the call must not run twice.
    """

    protocol: WireProtocol
    body: Mapping[str, Any]
    model: str
    route: Mapping[str, Any]
    needs: frozenset[str]
    is_stream: bool
    n_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    session_key: str | None = None
    is_once: bool = False


def parse_request(protocol: WireProtocol, raw: object, headers: Mapping[str, str]) -> GatewayRequest:
    """The request in a decoded body. Raises ``Problem`` naming the field; fields not known here are kept."""
    try:
        return _parsed(protocol, raw, headers)
    except RecordError as error:
        raise invalid_field(error) from None
    except Exception as error:  # a body can be odd in more ways than anybody lists
        _TROUBLE.tell("a body could not be read", error)
        problem = f"holds a value of a kind that cannot be read here ({type(error).__name__})"
        raise invalid_field(RecordError("body", problem)) from error


def _parsed(protocol: WireProtocol, raw: object, headers: Mapping[str, str]) -> GatewayRequest:
    record = _object(raw, "body")
    model = record.get("model")
    if not isinstance(model, str) or not model:
        raise RecordError("model", f"is {model!r:.60}; name one, or '{AUTO}' to have it picked")
    protocol.check(record)
    is_stream = record.get("stream") or False
    if not isinstance(is_stream, bool):
        raise RecordError("stream", f"is {is_stream!r:.60}; true or false is needed")
    needs = protocol.needs(record)
    route = _route_body(protocol, record, headers)
    length = headers.get("content-length", "")
    return GatewayRequest(
        protocol=protocol,
        body={name: value for name, value in record.items() if name != EXTENSION},
        model=model,
        route=route,
        needs=needs,
        is_stream=is_stream,
        n_bytes=int(length) if length.isdigit() and not needs & _MEDIA else None,
        headers={name: headers[name] for name in _FOR_PROVIDERS if name in headers},
        is_once=headers.get(ONCE_HEADER, "false").lower() not in ("false", "0", ""),
        session_key=_name(route.get("session_id")) or prefix_digest(route["step"].get("messages")),
    )


def _route_body(protocol: WireProtocol, record: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """What ``POST /route`` would have been asked; the body's own word wins over headers."""
    given = _object(record.get(EXTENSION) or {}, EXTENSION)
    said = {field: headers[name] for name, field in HEADER_FIELDS.items() if name in headers}
    step: dict[str, Any] = {field: headers[name] for name, field in HEADER_STEP_FIELDS.items() if name in headers}
    step |= _object(given.get("step") or {}, f"{EXTENSION}.step")
    step |= protocol.step_fields(record)
    session = None if "session_id" in said or "session_id" in given else session_of(record, headers)
    if session is not None:  # a harness's session is one goal, as far as anybody knows
        said |= {"session_id": session, "task_id": said.get("task_id", session)}
    return {**said, **given, "step": step}


def _name(raw: object) -> str | None:
    """A name that can be looked up; what is none is refused where the step is read."""
    return raw if isinstance(raw, str) else None


def _object(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecordError(where, "is no JSON object")
    return raw
