"""LangChain and LangGraph: a middleware that picks the model of every call, and a decorator that does so per node."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.adapters.threads import attempt_in_thread
from tierwise.agents.client import Client, Measured, RouteFields
from tierwise.agents.usage import Usage
from tierwise.data.extras import needs_extra

with needs_extra("langchain"):
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.callbacks import get_usage_metadata_callback
    from langchain_core.messages import convert_to_openai_messages
    from langchain_core.runnables.config import ensure_config
    from langchain_core.utils.function_calling import convert_to_openai_tool


class RouterMiddleware(AgentMiddleware):
    """For ``create_agent(models["frontier"], tools, middleware=[RouterMiddleware(client, models)])``.

    ``models`` holds a chat model for every tier; ``fields`` are those of ``client.route`` that hold for every call,
    such as ``agent="clerk"``. The thread of a checkpointed graph becomes the session.
    """

    def __init__(self, client: Client, models: Mapping[str, Any], **fields: Unpack[RouteFields]) -> None:
        super().__init__()
        self._client, self._models, self._fields = client, models, fields

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        with self._client.attempt(**self._fields_of(request)) as attempt:
            return _noted(attempt, handler(request.override(model=self._models[attempt.tier])))

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        async with attempt_in_thread(self._client, **self._fields_of(request)) as attempt:
            return _noted(attempt, await handler(request.override(model=self._models[attempt.tier])))

    def _fields_of(self, request: Any) -> RouteFields:
        system = [request.system_message] if request.system_message else []
        tools = [convert_to_openai_tool(tool) for tool in request.tools]
        return _step_fields([*system, *request.messages], tools, self._fields)


def routed_node(
    client: Client, models: Mapping[str, Any], **fields: Unpack[RouteFields]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a node of a LangGraph graph, ``node(state, model)``: it gets the chat model of the decided tier.

    The step is made of ``state["messages"]``; what all model calls inside the node used is counted together.
    """

    def decorate(node: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(node)
        def call(state: Mapping[str, Any]) -> Any:
            named = merged({"node": node.__name__}, fields)
            with client.attempt(**_step_fields(state["messages"], [], named)) as attempt:
                with get_usage_metadata_callback() as counted:
                    result = node(state, models[attempt.tier])
                attempt.usage = _sum(counted.usage_metadata.values())
                return result

        return call

    return decorate


def _step_fields(messages: Any, tools: list[Any], fields: RouteFields) -> RouteFields:
    session = (ensure_config().get("configurable") or {}).get("thread_id")
    found = {"messages": convert_to_openai_messages(messages), "tools": tools, "session_id": session and str(session)}
    return merged(found, fields)


def _noted(attempt: Measured, response: Any) -> Any:
    """``response`` as it came, its usage counted."""
    answer = next((each for each in reversed(response.result) if getattr(each, "usage_metadata", None)), None)
    if answer is not None:
        attempt.usage = _sum([answer.usage_metadata])
    return response


def _sum(usages: Any) -> Usage:
    """Tokens over several calls; nothing counted is unknown, not 0."""
    counted = list(usages)
    if not counted:
        return Usage()
    cached = sum((each.get("input_token_details") or {}).get("cache_read") or 0 for each in counted)
    return Usage(sum(each["input_tokens"] for each in counted), sum(each["output_tokens"] for each in counted), cached)
