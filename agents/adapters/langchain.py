"""LangChain and LangGraph: a middleware that picks the model of every call, and a decorator that does so per node."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.adapters.threads import attempt_in_thread
from tierwise.agents.client import Client, Measured, RouteFields
from tierwise.agents.usage import Usage
from tierwise.data.program.extras import needs_extra

with needs_extra("langchain"):
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.callbacks import UsageMetadataCallbackHandler
    from langchain_core.messages import convert_to_openai_messages
    from langchain_core.runnables.config import ensure_config
    from langchain_core.tracers.context import register_configure_hook
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
            return _noted(attempt, handler(request.override(model=attempt.pick(self._models, self._client.catalogue))))

    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        async with attempt_in_thread(self._client, **self._fields_of(request)) as attempt:
            return _noted(
                attempt, await handler(request.override(model=attempt.pick(self._models, self._client.catalogue)))
            )

    def _fields_of(self, request: Any) -> RouteFields:
        system = [request.system_message] if request.system_message else []
        tools = [convert_to_openai_tool(tool) for tool in request.tools]
        return _step_fields([*system, *request.messages], tools, self._fields)


def routed_node(
    client: Client, models: Mapping[str, Any], **fields: Unpack[RouteFields]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a node of a LangGraph graph, ``node(state, model)``, ``async`` or not: it gets the chat model of the
    decided tier. Whatever else LangGraph gives it (``config``, ``runtime``, ...) comes by name, as always.

    The step is made of ``state["messages"]``; what all model calls inside the node used is counted together. A node
    that calls no model has made no attempt, and none is reported.
    """

    def decorate(node: Callable[..., Any]) -> Callable[..., Any]:
        named = merged({"node": node.__name__}, fields)

        def call(state: Mapping[str, Any], **given: Any) -> Any:
            with client.attempt(**_step_fields(state["messages"], [], named)) as attempt, _counted(attempt):
                return node(state, attempt.pick(models, client.catalogue), **given)

        async def acall(state: Mapping[str, Any], **given: Any) -> Any:
            async with attempt_in_thread(client, **_step_fields(state["messages"], [], named)) as attempt:
                with _counted(attempt):
                    return await node(state, attempt.pick(models, client.catalogue), **given)

        return _without_model(acall if inspect.iscoroutinefunction(node) else call, node)

    return decorate


def _without_model(call: Callable[..., Any], node: Callable[..., Any]) -> Callable[..., Any]:
    """``call`` under the name of ``node`` and with its parameters, but for the model: LangGraph looks at both."""
    wrapped = functools.wraps(node)(call)
    state, _, *rest = inspect.signature(node).parameters.values()
    wrapped.__signature__ = inspect.Signature([state, *(each.replace(kind=each.KEYWORD_ONLY) for each in rest)])  # type: ignore[attr-defined]
    return wrapped


class _Calls(UsageMetadataCallbackHandler):
    """Counts what models use, and notes whether one was called at all."""

    has_begun = False

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.has_begun = True

    def on_llm_start(self, *_: Any, **__: Any) -> None:
        self.has_begun = True


_CALLS: ContextVar[_Calls | None] = ContextVar("tierwise_calls", default=None)
register_configure_hook(_CALLS, inheritable=True)


@contextmanager
def _counted(attempt: Measured) -> Iterator[None]:
    """Counts the calls of models inside towards ``attempt``."""
    calls = _Calls()
    token = _CALLS.set(calls)
    try:
        yield
    finally:
        _CALLS.reset(token)
        attempt.is_made = calls.has_begun
        attempt.usage = _sum(calls.usage_metadata.values())


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
