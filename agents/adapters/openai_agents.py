"""OpenAI Agents SDK: a model provider whose model ``auto`` picks the tier of every turn."""

from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any, Unpack

from tierwise.agents.adapters.fields import merged
from tierwise.agents.adapters.goals import reached
from tierwise.agents.client import AsyncClient, RouteFields
from tierwise.agents.runtime import Runtime
from tierwise.data.errors import MissingExtraError
from tierwise.data.program.extras import needs_extra

with needs_extra("openai-agents"):
    sdk: Any = import_module("agents")  # by name: the SDK is called what a folder of this repository is called
    if not hasattr(sdk, "ModelProvider"):
        raise MissingExtraError("openai-agents", "openai-agents")

AUTO = "auto"


class RoutedModel(sdk.Model):
    """Delegates each turn to the model of the tier that was decided for it."""

    def __init__(self, client: AsyncClient, models: Mapping[str, Any], fields: RouteFields) -> None:
        self._client, self._models, self._fields = client, models, fields

    async def get_response(
        self, system_instructions: str | None, input: Any, model_settings: Any, tools: Any, *rest: Any, **named: Any
    ) -> Any:
        async with self._client.attempt(**self._fields_of(system_instructions, input, tools)) as attempt:
            model = attempt.pick(self._models, self._client.catalogue)
            return attempt.observe(
                await model.get_response(system_instructions, input, model_settings, tools, *rest, **named)
            )

    async def stream_response(
        self, system_instructions: str | None, input: Any, model_settings: Any, tools: Any, *rest: Any, **named: Any
    ) -> AsyncIterator[Any]:
        async with self._client.attempt(**self._fields_of(system_instructions, input, tools)) as attempt:
            model = attempt.pick(self._models, self._client.catalogue)
            async for event in model.stream_response(system_instructions, input, model_settings, tools, *rest, **named):
                if event.type == "response.completed":
                    attempt.observe(event.response)
                yield event

    def _fields_of(self, system_instructions: str | None, input: Any, tools: Any) -> RouteFields:
        system = [{"role": "system", "content": system_instructions}] if system_instructions else []
        items = [{"role": "user", "content": input}] if isinstance(input, str) else [_message(item) for item in input]
        found: dict[str, Any] = {
            "messages": [*system, *items],
            "tools": [
                {"name": tool.name, "description": tool.description, "parameters": tool.params_json_schema}
                for tool in tools
                if hasattr(tool, "params_json_schema")
            ],
        }
        return merged(found, self._fields)


class RouterProvider(sdk.ModelProvider):
    """For ``Runner.run(agent, text, run_config=RunConfig(model_provider=RouterProvider(client, models)))``.

    ``models`` holds a ``Model`` for every tier. An agent without a model, or with the model ``auto``, is routed; the
    name of a tier is that tier's model.
    """

    def __init__(self, client: AsyncClient, models: Mapping[str, Any], **fields: Unpack[RouteFields]) -> None:
        self._models = models
        self._routed = RoutedModel(client, models, fields)

    def get_model(self, model_name: str | None) -> Any:
        if model_name is None or model_name == AUTO:
            return self._routed
        if model_name not in self._models:
            raise ValueError(f"the model is '{model_name}'; known are {', '.join([AUTO, *self._models])}")
        return self._models[model_name]


def goal_tool(
    runtime: Runtime,
    name: str = "reach_goal",
    description: str = "Plans and carries out a goal of several steps, and gives the answer.",
    **options: Any,
) -> Any:
    """The runtime as a tool: ``Agent(name="clerk", tools=[goal_tool(runtime, budget_usd=0.50)])``.

    ``options`` are those of ``Runtime.run``, and hold for every call. What goes wrong is what the tool says.
    """

    async def invoke(context: Any, arguments: str) -> str:
        del context
        return await reached(runtime, arguments, **options)

    schema = {
        "type": "object",
        "properties": {"goal": {"type": "string", "description": "What is to be reached, with all that is needed."}},
        "required": ["goal"],
        "additionalProperties": False,
    }
    return sdk.FunctionTool(name=name, description=description, params_json_schema=schema, on_invoke_tool=invoke)


def _message(item: Any) -> dict[str, Any]:
    """An item of the Responses format as a chat message; content parts keep their texts."""
    if item.get("type") == "function_call_output":
        return {"role": "tool", "content": str(item.get("output", ""))}
    if item.get("type") == "function_call":
        return {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": item.get("name")}}]}
    content = item.get("content")
    return {"role": item.get("role", "assistant"), "content": content if isinstance(content, str | list) else None}
