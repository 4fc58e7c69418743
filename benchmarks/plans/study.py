"""Running goals through the runtime, and what came of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.plans.goals import Goal
from tierwise.agents.attempts import AttemptLoop, AttemptSettings, FunctionVerifier, Verifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.runtime import PlanStep, RunResult, Runtime, RuntimeSettings
from tierwise.agents.upstreams import Reply, Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.samples.verifiers import verify
from tierwise.router_model.decider import Decider

SETTINGS = RuntimeSettings(max_concurrency=2)
ATTEMPTS = AttemptSettings(max_tokens=96, n_repairs=0, call_timeout_seconds=300)


async def run_goals(
    goals: Sequence[Goal], decider: Decider, catalogue: TierCatalogue, log_url: str, n_at_once: int = 1
) -> AsyncIterator[RunResult]:
    """Each goal's result as it comes; decisions and outcomes go to the decision log at ``log_url``."""
    client, turns = AsyncLocalClient(decider, log_url=log_url), asyncio.Semaphore(n_at_once)

    async with client, Upstreams(catalogue) as upstreams:

        async def run_one(goal: Goal) -> RunResult:
            async with turns:
                runtime = Runtime(AttemptLoop(client, upstreams, ATTEMPTS), SETTINGS, _verifier_for(goal))
                answer = FunctionVerifier(lambda reply: goal.row in reply.text, "row")
                return await runtime.run(goal.text, task_id=goal.name, verifier=answer)

        for next_result in asyncio.as_completed([run_one(goal) for goal in goals]):
            yield await next_result


def cost_table(results: Sequence[RunResult], catalogue: TierCatalogue) -> str:
    """Calls, failures, tokens and cost by tier, and what the same answers would have cost at the top alone."""
    lines = ["| tier | calls | failed | input tokens | output tokens | USD |", "|---|---:|---:|---:|---:|---:|"]
    for tier in catalogue.names:
        spent = [result.by_tier()[tier] for result in results if tier in result.by_tier()]
        counts = [sum(getattr(each, name) for each in spent) for name in ("n_calls", "n_failed")]
        tokens = [sum(getattr(each, name) for each in spent) for name in ("input_tokens", "output_tokens")]
        cells = [*counts, *tokens, f"{sum(each.cost_usd for each in spent):.6f}"]
        lines.append(f"| {tier} | " + " | ".join(map(str, cells)) + " |")
    total = sum(result.cost_usd for result in results)
    lines.append(f"| all | {sum(result.n_calls for result in results)} | | | | {total:.6f} |")
    return "\n".join(lines)


def trace_table(result: RunResult) -> str:
    """One run, a line a step."""
    lines = ["| step | role | waits for | attempts | USD | ms |", "|---|---|---|---|---:|---:|"]
    for step in result.steps:
        marks = {True: "passed", False: "failed", None: "unknown"}
        attempts = ", ".join(f"{attempt.tier} {marks[attempt.success]}" for attempt in step.attempts) or str(
            step.origin
        )
        waits = ", ".join(name.rpartition("/")[2] for name in step.depends_on)
        name = step.step_id.removeprefix(result.task_id).lstrip("./")
        took = step.finished_ms - step.started_ms
        lines.append(f"| {name} | {step.role} | {waits} | {attempts} | {step.cost_usd:.6f} | {took:.0f} |")
    return "\n".join(lines)


def append_trace(path: Path, result: RunResult) -> None:
    """Adds a trace as a JSON line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result.to_dict()) + "\n")


def _verifier_for(goal: Goal) -> Any:
    specs = {step.entry["id"]: step.verify for step in goal.steps}

    def verifier_for(step: PlanStep) -> Verifier:
        spec = specs[step.step_id.removesuffix("-again")]

        def is_right(reply: Reply) -> bool:
            return verify(spec, reply.text)

        return FunctionVerifier(is_right, "programmatic")

    return verifier_for
