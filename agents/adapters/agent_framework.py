"""Microsoft Agent Framework: a chat middleware that names the model of every call."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.client import AsyncClient, Measured, RouteFields
from tierwise.agents.usage import Usage
from tierwise.data.program.extras import needs_extra

with needs_extra("agent-framework"):
    from agent_framework import ChatMiddleware


class RouterMiddleware(ChatMiddleware):
    """For ``Agent(client=chat_client, middleware=[RouterMiddleware(client, {"small": "gpt-5-nano", ...})])``.

    ``models`` names a model of the agent's own chat client for every tier; other providers need clients, and so agents,
    of their own.
    """

    def __init__(self, client: AsyncClient, models: Mapping[str, str], **fields: Unpack[RouteFields]) -> None:
        self._client, self._models, self._fields = client, models, fields

    async def process(self, context: Any, call_next: Callable[[], Awaitable[None]]) -> None:
        async with AsyncExitStack() as stack:
            attempt = await stack.enter_async_context(self._client.attempt(**self._fields_of(context)))
            context.options = {**(context.options or {}), "model": attempt.pick(self._models, self._client.catalogue)}
            if context.stream:
                context.stream_result_hooks.append(lambda response: _count(attempt, response))
            await call_next()
            if not context.stream:
                _count(attempt, context.result)
                return
            context.result.with_cleanup_hook(stack.pop_all().aclose)  # a stream is an attempt until it is consumed

    def _fields_of(self, context: Any) -> RouteFields:
        options = context.options or {}
        found: dict[str, Any] = {
            "messages": [{"role": str(each.role), "content": each.text or ""} for each in context.messages],
            "tools": [_tool(tool) for tool in options.get("tools") or () if hasattr(tool, "parameters")],
        }
        if options.get("instructions"):
            found["messages"].insert(0, {"role": "system", "content": str(options["instructions"])})
        return merged(found, self._fields)


def _tool(tool: Any) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters()}


def _count(attempt: Measured, response: Any) -> None:
    used = response.usage_details or {}
    attempt.usage = Usage(
        used.get("input_token_count"), used.get("output_token_count"), used.get("cache_read_input_token_count")
    )
