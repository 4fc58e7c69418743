"""A CrewAI crew whose every call is routed. Needs ``tierwise[serve,crewai]``:

python examples/crewai_routed.py
"""

import os

from local_stack import local_stack

from tierwise.agents.client import Client

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}


def main() -> None:
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    from tierwise.agents.adapters.crewai import routed_llm

    @tool("weather")
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        return f"sunny in {city}"

    with local_stack() as stack, Client(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client:
        tasks = []
        for task_type in ("extract", "plan"):
            llms = {
                tier: LLM(model=f"openai/stub-{tier}", base_url=stack.provider, api_key="unused")
                for tier in client.catalogue.names
            }
            llm = routed_llm(client, llms, task_type=task_type)
            agent = Agent(role=task_type, goal="Answer.", backstory="Brief.", llm=llm, tools=[weather])
            tasks.append(Task(description="What is the weather?", expected_output="One sentence.", agent=agent))
        result = Crew(agents=[task.agent for task in tasks], tasks=tasks).kickoff()
        print(result.raw)
        client.flush()
        stack.print_log(n_attempts=4)


if __name__ == "__main__":
    main()
