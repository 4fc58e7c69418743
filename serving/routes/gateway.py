"""What clients of models ask: chat completions, responses, messages, and which models there are."""

from typing import Any

from fastapi import APIRouter, Request, Response

from tierwise.agents.protocols import CHAT, COMPLETIONS, MESSAGES, RESPONSES
from tierwise.serving.gateway.counting import count_tokens
from tierwise.serving.gateway.embeddings import embed
from tierwise.serving.gateway.gateway import Gateway
from tierwise.serving.gateway.model_list import anthropic_list, anthropic_model, openai_list, openai_model
from tierwise.serving.http.gateway_schemas import ChatBody, EmbeddingsBody, LegacyBody, MessagesBody, ResponsesBody
from tierwise.serving.http.problems import model_unknown
from tierwise.serving.routes.answers import json_answer, json_body

router = APIRouter(prefix="/v1", tags=["gateway"])

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": "An error in the protocol's form."}
    for status in (400, 401, 403, 404, 408, 413, 415, 502, 503)
}


def gateway_of(request: Request) -> Gateway:
    """The gateway that answers ``request``."""
    gateway: Gateway = request.app.state.gateway
    return gateway


@router.post("/chat/completions", openapi_extra=json_body(ChatBody), responses=_ERRORS)
async def chat_completions(request: Request) -> Response:
    """A chat completion by the model of the tier that the router picks, or by the model that is named."""
    return await gateway_of(request).complete(request, CHAT)


@router.post("/responses", openapi_extra=json_body(ResponsesBody), responses=_ERRORS)
async def responses(request: Request) -> Response:
    """The same in OpenAI's Responses API."""
    return await gateway_of(request).complete(request, RESPONSES)


@router.post("/messages", openapi_extra=json_body(MessagesBody), responses=_ERRORS)
async def messages(request: Request) -> Response:
    """The same in Anthropic's Messages API."""
    return await gateway_of(request).complete(request, MESSAGES)


@router.post("/messages/count_tokens", openapi_extra=json_body(MessagesBody), responses=_ERRORS)
async def count_message_tokens(request: Request) -> Response:
    """The tokens of a prompt: counted by a provider that can, else estimated from its length."""
    return await count_tokens(gateway_of(request), request)


@router.post("/completions", openapi_extra=json_body(LegacyBody), responses=_ERRORS)
async def completions(request: Request) -> Response:
    """OpenAI's older completions, for models whose ``protocols`` name them; nothing is translated."""
    return await gateway_of(request).complete(request, COMPLETIONS)


@router.post("/embeddings", openapi_extra=json_body(EmbeddingsBody), responses=_ERRORS)
async def embeddings(request: Request) -> Response:
    """Embeddings by the model that is named; nothing is decided, nothing is recorded."""
    return await embed(gateway_of(request), request)


@router.get("/models", responses=_ERRORS)
async def list_models(request: Request) -> Response:
    """The automatic models, every model that can be called, and aliases; in Anthropic's form for its clients."""
    names = gateway_of(request).model_names()
    return json_answer(anthropic_list(names) if _is_anthropic(request) else openai_list(names))


@router.get("/models/{name:path}", responses=_ERRORS)
async def read_model(request: Request, name: str) -> Response:
    """One of them."""
    gateway = gateway_of(request)
    if not gateway.knows(name):
        raise model_unknown(name, gateway.model_names())
    return json_answer(anthropic_model(name) if _is_anthropic(request) else openai_model(name))


def _is_anthropic(request: Request) -> bool:
    return "anthropic-version" in request.headers
