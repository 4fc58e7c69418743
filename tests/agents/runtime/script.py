"""A model that follows a script, and a runtime with tools around it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.agents.conftest import Reply, completion
from tierwise.agents.attempts import AttemptLoop, AttemptSettings
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.runtime import RunResult, Runtime
from tierwise.agents.tools import AgentTool
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.router_model.rules import RulesRouter

QUICK = AttemptSettings(backoff_seconds=0.01, n_repairs=0, n_retries=0, max_tokens=50)

Messages = list[dict[str, Any]]
Turn = str | list[tuple[str, Any]]
"""A text to answer with, or tools to call with their arguments."""


def plan_of(*entries: dict[str, Any]) -> str:
    return json.dumps({"steps": list(entries)})


def entry(step_id: str, *tools: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "instruction": f"do {step_id}!", "task_type": "extract", "tools": list(tools)} | more


def calls(*asked: tuple[str, Any]) -> Reply:
    """A reply that calls tools; arguments that are text go out as they are."""
    made = [
        {
            "id": "same",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for name, given in asked
    ]
    return completion("", tool_calls=made)


def results_in(messages: Messages) -> list[dict[str, Any]]:
    """What the tools gave back so far, decoded."""
    return [json.loads(message["content"]) for message in messages if message["role"] == "tool"]


class Script:
    """Plans by ``plans``, one after the other, and works by ``work(step, n_turn, messages)``, which is asked with the
    name of the step in its prompt and the number of the turn, from 0."""

    def __init__(self, plans: Sequence[str], work: Callable[[str, int, Messages], Turn]) -> None:
        self.plans = list(plans)
        self.work = work
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, _: str, body: Any) -> Reply:
        self.bodies.append(body)
        messages: Messages = body["messages"]
        prompt = messages[0]["content"]
        if prompt.startswith(("Plan how", "A plan has failed")):
            return completion(self.plans.pop(0) if len(self.plans) > 1 else self.plans[0])
        if prompt.startswith("Write the final answer"):
            return completion("the answer")
        asked = next(m["content"] for m in messages if m["role"] == "user")
        step = asked.removeprefix("do ").partition("!")[0]
        turn = self.work(step, sum(m["role"] == "assistant" for m in messages), messages)
        return completion(turn) if isinstance(turn, str) else calls(*turn)

    def prompts(self, start: str) -> list[str]:
        """The prompts that begin so."""
        return [b["messages"][0]["content"] for b in self.bodies if b["messages"][0]["content"].startswith(start)]

    def turns_of(self, step: str) -> list[Messages]:
        """The messages of every turn of a step."""
        found = [b["messages"] for b in self.bodies]
        return [m for m in found if any(each["content"].startswith(f"do {step}!") for each in m)]


class Workshop:
    """Runs goals with ``script`` answering; the folder holds log and journals."""

    def __init__(self, script: Script, tiers: TierCatalogue, folder: Path) -> None:
        self.script = script
        self.tiers = tiers
        self.log_url = f"sqlite:///{folder}/log.db"
        self.journals = folder / "tasks"

    def run(self, tools: Sequence[AgentTool] = (), **options: Any) -> RunResult:
        return self._work(tools, lambda runtime, given: runtime.run("Reach the goal.", task_id="t-1", **given), options)

    def resume(self, tools: Sequence[AgentTool] = (), **options: Any) -> RunResult:
        return self._work(tools, lambda runtime, given: runtime.resume("t-1", **given), options)

    def logged(self) -> dict[str, LoggedStep]:
        with DecisionLog.open(self.log_url) as log:
            return {step.step_id: step for step in log.logged_steps()}

    @asynccontextmanager
    async def runtime(self, tools: Sequence[AgentTool], **options: Any) -> AsyncIterator[Runtime]:
        """A runtime with all that it needs around it."""
        client = AsyncLocalClient(RulesRouter(self.tiers), log_url=self.log_url)
        attempts = options.pop("attempts", QUICK)
        async with client, Upstreams(self.tiers) as upstreams:
            yield Runtime(AttemptLoop(client, upstreams, attempts), tools=tools, **options)

    def _work(self, tools: Sequence[AgentTool], start: Any, options: dict[str, Any]) -> RunResult:
        made_with = ("settings", "approve", "journal_folder", "verifier_for", "attempts", "clock", "templates")
        known = {name: options.pop(name) for name in made_with if name in options}

        async def work() -> RunResult:
            async with self.runtime(tools, **known) as runtime:
                result: RunResult = await start(runtime, options)
                return result

        return asyncio.run(work())
