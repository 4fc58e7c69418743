"""Running goals through the runtime, and what came of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.plans.goals import Goal
from tierwise.agents.attempts import AttemptKind, AttemptLoop, AttemptSettings, FunctionVerifier, Verifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.runtime import PlanStep, Role, RunResult, Runtime, RuntimeSettings
from tierwise.agents.runtime.settings import VerifierFor
from tierwise.agents.upstreams import Reply, Upstreams
from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.samples.verifiers import verify
from tierwise.router_model.decider import Decider

Trace = dict[str, Any]

SETTINGS = RuntimeSettings(max_concurrency=2)
ATTEMPTS = AttemptSettings(max_tokens=96, n_repairs=0, call_timeout_seconds=300)


async def run_goals(
    goals: Sequence[Goal],
    decider: Decider,
    catalogue: TierCatalogue,
    log_url: str,
    n_at_once: int = 1,
    with_courses: bool = False,
) -> AsyncIterator[RunResult]:
    """Each goal's result as it comes; decisions and outcomes go to the decision log at ``log_url``.

    ``with_courses``: no step has a verifier, the router judges cheap answers instead.
    """
    settings = replace(ATTEMPTS, courses=with_courses)
    client, turns = AsyncLocalClient(decider, log_url=log_url), asyncio.Semaphore(n_at_once)

    async with client, Upstreams(catalogue) as upstreams:

        async def run_one(goal: Goal) -> RunResult:
            async with turns:
                of_step: VerifierFor = (lambda _: None) if with_courses else verifier_for(goal)
                runtime = Runtime(AttemptLoop(client, upstreams, settings), SETTINGS, of_step)
                answer = FunctionVerifier(lambda reply: goal.row in reply.text, "row")
                return await runtime.run(goal.text, task_id=goal.name, verifier=answer)

        for next_result in asyncio.as_completed([run_one(goal) for goal in goals]):
            yield await next_result


def cost_table(traces: Sequence[Trace], tiers: Sequence[str]) -> str:
    """Calls, failures, tokens and cost by tier."""
    lines = ["| tier | calls | failed | input tokens | output tokens | USD |", "|---|---:|---:|---:|---:|---:|"]
    attempts = [attempt for trace in traces for step in trace["steps"] for attempt in step["attempts"]]
    for tier in tiers:
        own = [attempt for attempt in attempts if attempt["tier"] == tier]
        n_failed = sum(attempt["success"] is False for attempt in own)
        tokens = [sum(attempt["usage"][f"{end}_tokens"] or 0 for attempt in own) for end in ("input", "output")]
        cost_usd = sum(attempt["cost_usd"] or 0.0 for attempt in own)
        lines.append(f"| {tier} | {len(own)} | {n_failed} | {tokens[0]} | {tokens[1]} | {cost_usd:.6f} |")
    lines.append(f"| all | {len(attempts)} | | | | {sum(trace['cost_usd'] for trace in traces):.6f} |")
    return "\n".join(lines)


def role_table(traces: Sequence[Trace], top: Model) -> str:
    """Cost by role, and what the accepted answers of the steps would have cost on the top tier alone: the tokens of
    the attempt that was accepted, at the top tier's prices."""
    lines = ["| role | steps | USD | USD at the top tier alone |", "|---|---:|---:|---:|"]
    steps = [step for trace in traces for step in trace["steps"]]
    for role in Role:
        own = [step for step in steps if step["role"] == role]
        accepted = [step["attempts"][-1] for step in own if step["attempts"]]
        usages = [attempt["usage"] for attempt in accepted]
        alone = sum(top.cost_usd(usage["input_tokens"] or 0, usage["output_tokens"] or 0) for usage in usages)
        spent = sum(attempt["cost_usd"] or 0.0 for step in own for attempt in step["attempts"])
        lines.append(f"| {role} | {len(own)} | {spent:.6f} | {alone:.6f} |")
    return "\n".join(lines)


def course_table(traces: Sequence[Trace], goals: Sequence[Goal], top: str) -> str:
    """Executed steps by whose answer was used, and how many of those answers are right by the sample's verifiers, which
    nobody asked during the run."""
    specs = {(goal.name, step.entry["id"]): step.verify for goal in goals for step in goal.steps}
    found: dict[str, list[bool]] = {}
    for trace in traces:
        for step in trace["steps"]:
            spec = specs.get((trace["task_id"], (step["plan_step"] or "").removesuffix("-again")))
            if step["role"] != Role.EXECUTE or spec is None or step["output"] is None:
                continue
            asked = [attempt for attempt in step["attempts"] if attempt["kind"] == AttemptKind.OPINION]
            how = "" if not asked else ", after opinions" if step["tier"] == top else ", accepted"
            way = f"{step['tier']}{how}"
            found.setdefault(way, []).append(verify(spec, step["output"]))
    lines = ["| whose answer | steps | right |", "|---|---:|---:|"]
    return "\n".join(lines + [f"| {way} | {len(right)} | {sum(right)} |" for way, right in sorted(found.items())])


def trace_table(trace: Trace) -> str:
    """One run, a line a step."""
    lines = ["| step | role | waits for | attempts | USD |", "|---|---|---|---|---:|"]
    marks = {True: "passed", False: "failed", None: "unknown"}
    for step in trace["steps"]:
        attempts = [f"{attempt['tier']} {marks[attempt['success']]}" for attempt in step["attempts"]]
        waits = ", ".join(name.rpartition("/")[2] for name in step["depends_on"])
        name = step["step_id"].removeprefix(trace["task_id"]).lstrip("./")
        cost_usd = sum(attempt["cost_usd"] or 0.0 for attempt in step["attempts"])
        lines.append(
            f"| {name} | {step['role']} | {waits} | {', '.join(attempts) or step['origin']} | {cost_usd:.6f} |"
        )
    return "\n".join(lines)


def append_trace(path: Path, result: RunResult) -> None:
    """Adds a trace as a JSON line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result.to_dict()) + "\n")


def read_traces(path: Path) -> list[Trace]:
    """The traces of earlier runs; none where there is no file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def verifier_for(goal: Goal) -> VerifierFor:
    """The sample's verifiers for the steps of a goal's plan."""
    specs = {step.entry["id"]: step.verify for step in goal.steps}

    def of_step(step: PlanStep) -> Verifier:
        spec = specs[step.step_id.removesuffix("-again").removesuffix("-r1")]

        def is_right(reply: Reply) -> bool:
            return verify(spec, reply.text)

        return FunctionVerifier(is_right, "programmatic")

    return of_step
