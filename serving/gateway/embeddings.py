"""Embeddings: passed through to the model that is named. There is nothing to decide about them."""

from fastapi import Request, Response

from tierwise.agents.protocols import CHAT
from tierwise.agents.protocols.protocol import Trouble
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.data.errors import RecordError
from tierwise.data.replies.json_text import write_json
from tierwise.serving.gateway.calls.asked import EXTENSION
from tierwise.serving.gateway.gateway import Gateway
from tierwise.serving.http.bodies import read_json
from tierwise.serving.http.problems import invalid_field, upstream_failed

NAME, PATH = "embeddings", "/embeddings"


async def embed(gateway: Gateway, request: Request) -> Response:
    """The provider's answer as it is. Raises ``Problem``."""
    raw = await read_json(request, gateway.settings, gateway.settings.chat_max_body_bytes)
    if not isinstance(raw, dict) or not isinstance(raw.get("model"), str):
        raise invalid_field(RecordError("model", "is missing; name a model whose protocols hold 'embeddings'"))
    endpoints = [each for each in gateway.named(raw["model"]) if NAME in each.model.protocols]
    if not endpoints:
        if gateway.knows(raw["model"]):
            problem = f"is '{raw['model']}', which makes no embeddings; name one whose protocols hold 'embeddings'"
            raise invalid_field(RecordError("model", problem))
        raise gateway.unknown(raw["model"])
    failure: ProviderError | None = None
    for endpoint in endpoints:
        model = endpoint.model.provider_name or endpoint.model.name
        body = {name: value for name, value in raw.items() if name != EXTENSION} | {"model": model}
        try:
            posted = await gateway.transport.post_any(endpoint, PATH, body, CHAT.headers(endpoint.key))
        except ProviderError as error:
            failure = error
            if error.is_callers_fault or error.is_about_model:
                break
        else:
            return Response(write_json(posted.body), media_type="application/json", headers=dict(posted.headers))
    return _refused(failure)


def _refused(error: ProviderError | None) -> Response:
    if error is not None and (error.is_callers_fault or error.is_about_model) and error.status is not None:
        body = CHAT.error_body(Trouble(error.status, error.error.message, error.error.code or "upstream_failed"))
        return Response(write_json(body), error.status, dict(error.headers), "application/json")
    status = (error.status if error is not None else None) or 502
    raise upstream_failed(status, "the provider of embeddings did not answer", dict(error.headers) if error else {})
