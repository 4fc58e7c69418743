"""An agent of the OpenAI Agents SDK whose every turn is routed. Needs ``tierwise[serve,openai-agents]``:

python examples/openai_agents_routed.py
"""

import asyncio

from local_stack import LocalStack, local_stack
from openai import AsyncOpenAI

from agents import (  # noqa: TID251 - the SDK, not our folder
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    RunConfig,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from tierwise.agents.adapters.openai_agents import RouterProvider
from tierwise.agents.client import AsyncClient


@function_tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


async def run(stack: LocalStack) -> None:
    async with (
        AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client,
        AsyncOpenAI(base_url=stack.provider, api_key="unused") as provider,
    ):
        models = {tier: OpenAIChatCompletionsModel(f"stub-{tier}", provider) for tier in client.catalogue.names}
        settings = ModelSettings(include_usage=True)  # otherwise a stream does not tell its tokens
        agent = Agent(name="clerk", tools=[weather], model="auto", model_settings=settings)
        for task_type in ("extract", "plan"):
            config = RunConfig(model_provider=RouterProvider(client, models, task_type=task_type))
            result = Runner.run_streamed(agent, "What is the weather?", run_config=config)
            async for _ in result.stream_events():
                pass
            print(result.final_output)
        await asyncio.to_thread(client.flush)


def main() -> None:
    set_tracing_disabled(True)
    with local_stack() as stack:
        asyncio.run(run(stack))
        stack.print_log(n_attempts=4)


if __name__ == "__main__":
    main()
