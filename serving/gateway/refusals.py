"""When nobody answers: the last provider's error where it is the caller's to know, else one of our own."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from tierwise.agents.protocols import Trouble, WireProtocol
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.data.replies.json_text import write_json
from tierwise.serving.gateway.calls.call import Call
from tierwise.serving.http.problems import upstream_failed

_PASSED_ON = frozenset({408, 429})
TOO_LONG = "context_length_exceeded"


def refused(call: Call, failure: tuple[Endpoint, ProviderError] | None) -> Response:
    """Raises ``Problem`` where the error is our own."""
    if failure is None:
        raise upstream_failed(503, "no model is open to this call", {})
    endpoint, error = failure
    headers = {**error.headers, **call.headers(endpoint)}
    status = _status(error)
    is_for_the_caller = (
        error.is_callers_fault or error.is_about_model or status in _PASSED_ON or (status is not None and status >= 500)
    )
    if is_for_the_caller and status is not None and error.error.message:
        body = error_body(error, endpoint, call.request.protocol, status)
        return Response(write_json(body), status, headers, "application/json")
    raise upstream_failed(error.status or 502, f"no provider answered: {', '.join(call.failures)}", headers)


def error_body(error: ProviderError, endpoint: Endpoint, protocol: WireProtocol, status: int) -> Mapping[str, Any]:
    """The provider's error as it is where it has the caller's form, else what it says, so that the reason is kept."""
    body, found = error.body, error.error
    if endpoint.speaks(protocol) and isinstance(body, dict) and isinstance(body.get("error"), dict):
        extra = ("choices",)
        return {name: value for name, value in body.items() if name not in extra}
    code = TOO_LONG if error.is_too_long else found.code or "upstream_failed"
    return protocol.error_body(Trouble(status, found.message or "the provider failed", code))


def _status(error: ProviderError) -> int | None:
    """A prompt that is too long is a bad request, whatever the provider calls it: clients try others again."""
    return 400 if error.is_too_long else error.status
