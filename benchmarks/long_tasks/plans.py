"""Plan-and-execute on the study's tasks: an arm is who decides, with what."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.long_tasks.loops import Ran
from benchmarks.long_tasks.tiers import Desk, three_tiers
from benchmarks.long_tasks.work import TEMPLATES, Job
from tierwise.agents.attempts import AttemptLoop, AttemptSettings, FunctionVerifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.plan_store import PlanStore
from tierwise.agents.runtime import Role, RunResult, Runtime, RuntimeSettings
from tierwise.agents.upstreams import Upstreams
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter
from tools.long_tasks.models import Asked, NotRecordedError
from tools.long_tasks.task import LongTask

STUCK = Guardrails(stuck_min_tier="frontier")
SETTINGS = RuntimeSettings(max_concurrency=1)
_PLANNING = (Role.PLAN, Role.REPAIR, Role.FILL)


@dataclass(frozen=True, slots=True)
class PlanArm:
    """``decider`` None: the hand-written rules. All are within the same guardrails. ``log_url`` names the decision log
    that keeps all, ``plans`` the file of kept plans. With ``courses`` no step has a verifier: the router judges what
    cheap tiers answer."""

    decider: Router | None = None
    courses: bool = False
    plans: Path | None = None
    log_url: str | None = None


def run_plans(tasks: Sequence[LongTask], arm: PlanArm, models: Asked) -> list[Ran]:
    """Every task, one after the other."""
    return asyncio.run(_run_all(tasks, arm, models))


async def _run_all(tasks: Sequence[LongTask], arm: PlanArm, models: Asked) -> list[Ran]:
    desk, found = Desk(models), []
    with three_tiers(desk) as tiers:
        decider = RulesRouter(tiers, STUCK) if arm.decider is None else arm.decider.guarded(STUCK)
        client = AsyncLocalClient(decider, log_url=arm.log_url, redaction="full")
        store = None if arm.plans is None else PlanStore(arm.plans)
        async with client, Upstreams(tiers) as upstreams:
            settings = AttemptSettings(max_tokens=32, n_repairs=0, courses=arm.courses, call_timeout_seconds=300)
            loop = AttemptLoop(client, upstreams, settings)
            for task in tasks:
                job = desk.job = Job.of(task)
                desk.seconds = 0.0
                runtime = Runtime(
                    loop,
                    SETTINGS,
                    (lambda _: None) if arm.courses else job.verifier_of,
                    tools=job.tools(),
                    approve=job.approves,
                    templates=[TEMPLATES[task.kind]],
                    plan_store=store,
                )
                done = FunctionVerifier(lambda _, job=job: job.is_done(), "world")  # type: ignore[misc]
                result = await runtime.run(job.goal, task_id=task.task_id, verifier=done)
                if desk.missing:
                    raise NotRecordedError(desk.missing)
                if result.failure is not None and result.failure.code == "providers":
                    raise RuntimeError(f"{task.task_id}: {result.failure.text}")
                found.append(_ran(task, job, result, desk.seconds))
    return found


def _ran(task: LongTask, job: Job, result: RunResult, seconds: float) -> Ran:
    ran = Ran(task.task_id, task.kind, job.is_done(), result.cost_usd, seconds=seconds)
    ran.planning_usd = sum(step.cost_usd for step in result.steps if step.role in _PLANNING)
    for tier, spent in result.by_tier().items():
        ran.calls[tier] += spent.n_calls
    return ran
