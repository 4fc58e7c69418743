"""Errors in OpenAI's form, which chat completions and the Responses API share."""

from typing import Any

from tierwise.agents.protocols.protocol import Trouble

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_body(trouble: Trouble) -> dict[str, Any]:
    kind = _TYPES.get(trouble.status, "server_error" if trouble.status >= 500 else "invalid_request_error")
    return {"error": {"message": trouble.message, "type": kind, "param": trouble.field, "code": trouble.code}}
