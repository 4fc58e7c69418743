"""A PydanticAI agent whose every request is routed. Needs ``tierwise[serve,pydantic-ai]``:

python examples/pydantic_ai_routed.py
"""

import asyncio

from local_stack import LocalStack, local_stack
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from tierwise.agents.adapters.pydantic_ai import RouterCapability
from tierwise.agents.client import AsyncClient


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


async def run(stack: LocalStack) -> None:
    async with AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client:
        provider = OpenAIProvider(base_url=stack.provider, api_key="unused")
        models = {tier: OpenAIChatModel(f"stub-{tier}", provider=provider) for tier in client.catalogue.names}
        for task_type in ("extract", "plan"):
            router = RouterCapability(client, models, task_type=task_type)
            agent = Agent(models["frontier"], tools=[weather], capabilities=[router])
            async with agent.run_stream("What is the weather?") as result:
                async for piece in result.stream_text(delta=True):
                    print(piece, end="")
            print()
        await asyncio.to_thread(client.flush)


def main() -> None:
    with local_stack() as stack:
        asyncio.run(run(stack))
        stack.print_log(n_attempts=4)


if __name__ == "__main__":
    main()
