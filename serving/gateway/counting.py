"""Counting a prompt's tokens before it is sent, as clients of the Messages protocol do."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json

from tierwise.agents.protocols import MESSAGES
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.serving.gateway.calls.asked import BEST, PROFILES, parse_request
from tierwise.serving.gateway.calls.line_up import BYTES_PER_TOKEN
from tierwise.serving.gateway.gateway import Gateway
from tierwise.serving.http.bodies import read_json

_COUNTED = ("system", "messages", "tools")
PATH = f"{MESSAGES.path}/count_tokens"


async def count_tokens(gateway: Gateway, request: Request) -> Response:
    """By the model that is named, or by the cheapest that speaks Messages; else estimated, which a header tells.

    Raises ``Problem``.
    """
    settings = gateway.settings
    raw = await read_json(request, settings, settings.chat_max_body_bytes)
    asked = parse_request(MESSAGES, raw, request.headers)
    is_automatic = asked.model in PROFILES or asked.model == BEST
    endpoints = gateway.endpoints() if is_automatic else gateway.named(asked.model)
    if not is_automatic and not gateway.knows(asked.model):
        raise gateway.unknown(asked.model)
    for endpoint in (each for each in endpoints if each.speaks(MESSAGES)):
        body = MESSAGES.for_model(asked.body, endpoint.model.provider_name or endpoint.model.name)
        headers = {**asked.headers, **MESSAGES.headers(endpoint.key)}
        with suppress(ProviderError):
            posted = await gateway.transport.post_any(endpoint, PATH, body, headers)
            return Response(to_json(posted.body), media_type="application/json", headers=dict(posted.headers))
    counted = {"input_tokens": estimated_tokens(asked.body)}
    return Response(to_json(counted), media_type="application/json", headers={"x-tierwise-estimate": "true"})


def estimated_tokens(body: Mapping[str, Any]) -> int:
    """By the length of what a model reads, images not counted."""
    n_bytes = sum(len(to_json(_without_data(body[name]))) for name in _COUNTED if body.get(name))
    return max(1, round(n_bytes / BYTES_PER_TOKEN))


def _without_data(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_data(each) for name, each in value.items() if name != "source"}
    return [_without_data(each) for each in value] if isinstance(value, list) else value
