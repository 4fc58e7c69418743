"""Several tasks at once, under one budget and one deadline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.agents.attempts import Allowance, Verifier
from tierwise.agents.runtime.run import new_task_id
from tierwise.agents.runtime.runtime import Runtime
from tierwise.agents.runtime.trace import Origin, RunFailure, RunResult
from tierwise.data.errors import TierwiseError


@dataclass(frozen=True, slots=True)
class GoalToRun:
    """A goal with what its own task may spend, beside what all may spend together."""

    goal: str
    task_id: str | None = None
    budget_usd: float | None = None
    deadline_seconds: float | None = None
    verifier: Verifier | None = None


async def run_together(
    runtime: Runtime,
    goals: Sequence[GoalToRun | str],
    *,
    budget_usd: float | None = None,
    deadline_seconds: float | None = None,
    n_at_once: int = 4,
) -> list[RunResult]:
    """Runs ``goals``, at most ``n_at_once`` side by side; the results stand in their order.

    A task that cannot even be begun has the failure ``refused`` and stops no other. Where the money or the time of all
    is gone, the tasks that are left end with the failure ``budget`` or ``deadline``, and can be resumed. Raises
    ``TierwiseError`` for ``n_at_once`` below 1.
    """
    if n_at_once < 1:
        raise TierwiseError(f"n_at_once is {n_at_once}; at least 1 is needed")
    shared, turns = Allowance(budget_usd, deadline_seconds), asyncio.Semaphore(n_at_once)

    async def one(goal: GoalToRun) -> RunResult:
        task_id = goal.task_id or new_task_id()
        async with turns:
            try:
                return await runtime.run(
                    goal.goal,
                    task_id=task_id,
                    budget_usd=goal.budget_usd,
                    deadline_seconds=goal.deadline_seconds,
                    verifier=goal.verifier,
                    within=shared,
                )
            except TierwiseError as error:
                failure = RunFailure("refused", str(error), Origin.EXECUTOR, task_id)
                return RunResult(task_id, goal.goal, None, failure, (), (), 0.0)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one(GoalToRun(g) if isinstance(g, str) else g)) for g in goals]
    return [task.result() for task in running]
