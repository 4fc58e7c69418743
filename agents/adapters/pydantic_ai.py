"""PydanticAI: a capability that picks the model of every request of an agent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.client import AsyncClient, RouteFields
from tierwise.agents.usage import Usage
from tierwise.data.program.extras import needs_extra

with needs_extra("pydantic-ai"):
    from pydantic_ai.capabilities import AbstractCapability

_ROLES = {
    "system-prompt": "system",
    "user-prompt": "user",
    "tool-return": "tool",
    "retry-prompt": "tool",
    "text": "assistant",
}


class RouterCapability(AbstractCapability[Any]):
    """For ``Agent(models["frontier"], capabilities=[RouterCapability(client, models)])``.

    ``models`` holds a ``Model`` for every tier; ``fields`` are those of ``client.route`` that hold for every request.
    """

    def __init__(self, client: AsyncClient, models: Mapping[str, Any], **fields: Unpack[RouteFields]) -> None:
        self._client, self._models, self._fields = client, models, fields

    async def wrap_model_request(
        self, ctx: Any, *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        async with self._client.attempt(**self._fields_of(ctx, request_context)) as attempt:
            response = await handler(replace(request_context, model=attempt.pick(self._models, self._client.catalogue)))
            used = response.usage
            if used.total_tokens:  # PydanticAI has 0 where a provider told nothing
                attempt.usage = Usage(used.input_tokens, used.output_tokens, used.cache_read_tokens)
            return response

    def _fields_of(self, ctx: Any, request: Any) -> RouteFields:
        parts = [part for message in request.messages for part in message.parts]
        offered = request.model_request_parameters.function_tools
        found: dict[str, Any] = {
            "messages": [_message(part) for part in parts if part.part_kind in _ROLES],
            "tools": [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters_json_schema}
                for tool in offered
            ],
            "step_index": max(0, ctx.run_step - 1),
            "retry": ctx.retry or None,
        }
        schemas = request.model_request_parameters.output_tools
        if schemas:
            found["response_schema"] = schemas[0].parameters_json_schema
        return merged(found, self._fields)


def _message(part: Any) -> dict[str, Any]:
    content = part.content
    if isinstance(content, list | tuple):
        content = "\n".join(each for each in content if isinstance(each, str))
    return {"role": _ROLES[part.part_kind], "content": content if isinstance(content, str) else str(content)}
