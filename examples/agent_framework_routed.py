"""An agent of the Microsoft Agent Framework whose every call is routed. Needs ``tierwise[serve,agent-framework]``:

python examples/agent_framework_routed.py
"""

import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from local_stack import LocalStack, local_stack

from tierwise.agents.adapters.agent_framework import RouterMiddleware
from tierwise.agents.client import AsyncClient


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


async def run(stack: LocalStack) -> None:
    async with AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client:
        chat = OpenAIChatCompletionClient(model="stub-frontier", api_key="unused", base_url=stack.provider)
        models = {tier: f"stub-{tier}" for tier in client.catalogue.names}
        for task_type in ("extract", "plan"):
            router = RouterMiddleware(client, models, task_type=task_type)
            agent = Agent(client=chat, tools=[weather], middleware=[router])
            async for update in agent.run("What is the weather?", stream=True):
                print(update.text, end="")
            print()
        await asyncio.to_thread(client.flush)


def main() -> None:
    with local_stack() as stack:
        asyncio.run(run(stack))
        stack.print_log(n_attempts=4)


if __name__ == "__main__":
    main()
