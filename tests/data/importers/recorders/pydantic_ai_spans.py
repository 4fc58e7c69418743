"""Spans of PydanticAI's own instrumentation: agent runs, with chat spans and tool spans inside."""

from pathlib import Path

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from scenario import TASKS
from spans import provider_to
from upstream import upstream


def record(folder: Path) -> None:
    provider = provider_to(folder / "pydantic_ai.jsonl")
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    tracer = provider.get_tracer("application")
    with upstream() as base_url:
        client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
        for task in TASKS:
            with tracer.start_as_current_span(task.name):
                for call in task.calls:
                    if call.options.get("tools"):
                        continue
                    model = OpenAIChatModel(call.model, provider=OpenAIProvider(openai_client=client))
                    try:
                        Agent(model, name=call.node).run_sync(call.messages[-1]["content"])
                    except AgentRunError:
                        continue
    provider.shutdown()
