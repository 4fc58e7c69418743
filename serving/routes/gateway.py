"""What OpenAI clients ask: chat completions, and which models there are."""

from typing import Any

from fastapi import APIRouter, Request, Response

from tierwise.serving.gateway.gateway import Gateway
from tierwise.serving.problems import model_unknown
from tierwise.serving.routes.answers import json_answer, json_body
from tierwise.serving.schemas import ChatBody

router = APIRouter(prefix="/v1", tags=["gateway"])

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": "An error in OpenAI's form."} for status in (400, 401, 403, 404, 408, 413, 415, 502, 503)
}
_OWNER = "tierwise"


def gateway_of(request: Request) -> Gateway:
    """The gateway that answers ``request``."""
    gateway: Gateway = request.app.state.gateway
    return gateway


@router.post("/chat/completions", openapi_extra=json_body(ChatBody), responses=_ERRORS)
async def chat_completions(request: Request) -> Response:
    """A chat completion by the model of the tier that the router picks, or by the model that is named."""
    return await gateway_of(request).complete(request)


@router.get("/models", responses=_ERRORS)
async def list_models(request: Request) -> Response:
    """The automatic models, and every model that can be called."""
    names = gateway_of(request).model_names()
    return json_answer({"object": "list", "data": [_model(name) for name in names]})


@router.get("/models/{name:path}", responses=_ERRORS)
async def read_model(request: Request, name: str) -> Response:
    """One of them."""
    names = gateway_of(request).model_names()
    if name not in names:
        raise model_unknown(name, names)
    return json_answer(_model(name))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": _OWNER}
