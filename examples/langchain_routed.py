"""A LangChain agent whose every call is routed. Needs ``tierwise[serve,langchain]``:

python examples/langchain_routed.py
"""

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from local_stack import local_stack

from tierwise.agents.adapters.langchain import RouterMiddleware
from tierwise.agents.client import Client


@tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"sunny in {city}"


def main() -> None:
    with local_stack() as stack, Client(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client:
        models = {
            tier: ChatOpenAI(model=f"stub-{tier}", base_url=stack.provider, api_key="unused", stream_usage=True)
            for tier in client.catalogue.names
        }
        for task_type in ("extract", "plan"):
            router = RouterMiddleware(client, models, task_type=task_type)
            agent = create_agent(models["frontier"], [weather], middleware=[router])
            for token, _ in agent.stream(
                {"messages": [{"role": "user", "content": "What is the weather?"}]}, stream_mode="messages"
            ):
                print(token.content, end="")
            print()
        client.flush()
        stack.print_log(n_attempts=4)


if __name__ == "__main__":
    main()
