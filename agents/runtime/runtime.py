"""Plan and execute: a strong model plans, cheap ones do the steps, the strong one repairs and writes the answer."""

import time
from collections.abc import Callable

from tierwise.agents.attempts import Allowance, AttemptLoop, Verifier
from tierwise.agents.runtime.execution import EXHAUSTED, execute
from tierwise.agents.runtime.planning import make_first_plan, repair_plan
from tierwise.agents.runtime.prompts import synthesis_prompt
from tierwise.agents.runtime.run import Run, RunStoppedError, stop_for
from tierwise.agents.runtime.settings import RuntimeSettings, VerifierFor
from tierwise.agents.runtime.trace import Role, RunResult


class Runtime:
    """Runs goals with ``loop`` making every call: each is routed, verified, escalated and logged like any step.

    ``verifier_for`` gives the verifier of a plan's step, beside its response schema.
    """

    def __init__(
        self,
        loop: AttemptLoop,
        settings: RuntimeSettings | None = None,
        verifier_for: VerifierFor = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings or RuntimeSettings()
        self.settings.check(loop.upstreams.catalogue)
        loop.upstreams.check()
        self._loop = loop
        self._verifier_for = verifier_for
        self._clock = clock

    async def run(
        self,
        goal: str,
        *,
        task_id: str | None = None,
        session_id: str | None = None,
        budget_usd: float | None = None,
        deadline_seconds: float | None = None,
        verifier: Verifier | None = None,
    ) -> RunResult:
        """Plans, executes, recovers, synthesises. What goes wrong is in the result; ``verifier`` judges the answer.

        Raises ``TierwiseError`` only for what no run could do, such as a budget over models without prices.
        """
        allowance = Allowance(budget_usd, deadline_seconds, self._clock)
        run = Run(goal, self._loop, self.settings, allowance, self._clock, session_id)
        if task_id is not None:
            run.task_id = task_id
        try:
            await make_first_plan(run)
            await self._execute(run)
            answer = await self._synthesise(run, verifier)
        except RunStoppedError as stopped:
            return run.result(None, stopped.failure)
        return run.result(answer, None)

    async def _execute(self, run: Run) -> None:
        """Until every step of the plan has an answer; a branch that fails goes back to the planner."""
        n_repairs = 0
        while failures := await execute(run, self._verifier_for):
            spent = [trace for trace in failures.values() if trace.failure and trace.failure.code in EXHAUSTED]
            if spent or n_repairs == self.settings.max_repairs:
                raise stop_for((spent or list(failures.values()))[0])
            n_repairs += 1
            await repair_plan(run, failures, n_repairs)

    async def _synthesise(self, run: Run, verifier: Verifier | None) -> str:
        """The answer, from what the plan's last steps came to."""
        last = run.plan.last_steps
        trace = await run.ask(
            Role.SYNTHESISE,
            f"{run.task_id}.answer",
            synthesis_prompt(run.goal, {name: run.outputs[name] for name in last}),
            depends_on=[run.log_id(name) for name in last],
            verifier=verifier,
            min_tier=self.settings.human_visible_tier or self._loop.upstreams.catalogue.top.name,
        )
        if trace.output is None:
            raise stop_for(trace)
        return trace.output
