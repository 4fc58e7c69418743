"""Plan and execute: a strong model plans, cheap ones do the steps, the strong one repairs and writes the answer."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tierwise.agents.attempts import Allowance, AttemptLoop, Verifier
from tierwise.agents.plan_store import PlanStore
from tierwise.agents.runtime.execution import execute
from tierwise.agents.runtime.journal import NoJournal, TaskHead, TaskJournal
from tierwise.agents.runtime.plans.planning import make_first_plan, repair_plan
from tierwise.agents.runtime.plans.reuse import Reuse
from tierwise.agents.runtime.plans.template import StepTemplate, by_name
from tierwise.agents.runtime.prompts import synthesis_prompt
from tierwise.agents.runtime.run import ENDED, Run, RunStoppedError, new_task_id, stop_for
from tierwise.agents.runtime.settings import RuntimeSettings, VerifierFor
from tierwise.agents.runtime.trace import Role, RunResult
from tierwise.agents.runtime.watching import Watch
from tierwise.agents.tools import AgentTool, Approve, Toolbox
from tierwise.data.errors import TierwiseError


class Runtime:
    """Runs goals with ``loop`` making every call: each is routed, verified, escalated and logged like any step.

    ``verifier_for`` gives the verifier of a plan's step, beside its response schema. A step may call those of ``tools``
    that the plan gives it; ``approve`` is asked about calls that cannot be taken back. Plans may refer to
    ``templates``. With a ``journal_folder`` tasks survive their process: see :meth:`resume`.
    With a ``plan_store`` plans that did well are used again for goals of the same kind.
    ``watch`` is told of plans and calls as they come.
    """

    def __init__(
        self,
        loop: AttemptLoop,
        settings: RuntimeSettings | None = None,
        verifier_for: VerifierFor = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        *,
        tools: Sequence[AgentTool] = (),
        approve: Approve | None = None,
        journal_folder: str | Path | None = None,
        templates: Sequence[StepTemplate] = (),
        plan_store: PlanStore | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings or RuntimeSettings()
        self.settings.check(loop.upstreams.catalogue)
        loop.upstreams.check()
        self._loop = loop
        self._verifier_for = verifier_for
        self._clock = clock
        self._toolbox = Toolbox(tools, approve)
        self._templates = by_name(templates)
        self._watch = watch
        self._reuse = None if plan_store is None else Reuse(plan_store)
        self._folder = None if journal_folder is None else Path(journal_folder)

    async def run(
        self,
        goal: str,
        *,
        task_id: str | None = None,
        session_id: str | None = None,
        budget_usd: float | None = None,
        deadline_seconds: float | None = None,
        verifier: Verifier | None = None,
        within: Allowance | None = None,
    ) -> RunResult:
        """Plans, executes, recovers, synthesises. What goes wrong is in the result; ``verifier`` judges the answer.

        ``within`` is an allowance that other tasks spend from as well. A run that is cancelled can be resumed.

        Raises ``TierwiseError`` only for what no run could do, such as a budget over models without prices, a task that
        was begun before, or a journal that cannot be written.
        """
        head = TaskHead(task_id or new_task_id(), goal, session_id, budget_usd, deadline_seconds)
        journal = NoJournal(head.task_id) if self._folder is None else TaskJournal.create(self._folder, head)
        allowance = Allowance(budget_usd, deadline_seconds, self._clock, within)
        return await self._carry_out(head, journal, allowance, verifier)

    async def resume(
        self,
        task_id: str,
        *,
        budget_usd: float | None = None,
        deadline_seconds: float | None = None,
        verifier: Verifier | None = None,
        within: Allowance | None = None,
    ) -> RunResult:
        """Goes on with a task that was begun, from what its journal holds: nothing that has ended is done again.

        A write that was under way is made again only where its tool takes a key, or ``approve`` says so. The budget is
        that of the whole task, the deadline counts the seconds in which it ran; both are as they were unless given, and
        a new deadline counts from now. Raises ``TierwiseError`` for a task that is not there, or that runs.
        """
        if self._folder is None:
            raise TierwiseError(
                "this runtime keeps no journal; give it the journal_folder that the task was begun with"
            )
        journal = TaskJournal.reopen(self._folder, task_id)
        head, used = journal.head, journal.progress
        if deadline_seconds is None and head.deadline_seconds is not None:
            deadline_seconds = head.deadline_seconds - used.elapsed_seconds
        own_usd = head.budget_usd if budget_usd is None else budget_usd
        allowance = Allowance(own_usd, deadline_seconds, self._clock, within)
        allowance.spent_usd = used.spent_usd
        return await self._carry_out(head, journal, allowance, verifier)

    async def plan(
        self, goal: str, *, budget_usd: float | None = None, deadline_seconds: float | None = None
    ) -> RunResult:
        """Only plans: ``plans`` of the result holds the plan, no step of it is taken, nothing goes to a journal."""
        head = TaskHead(new_task_id(), goal, None, budget_usd, deadline_seconds)
        run = self._run(head, NoJournal(head.task_id), Allowance(budget_usd, deadline_seconds, self._clock))
        try:
            await make_first_plan(run, self._reuse)
        except RunStoppedError as stopped:
            return run.result(None, stopped.failure)
        return run.result(None, None)

    async def _carry_out(
        self, head: TaskHead, journal: NoJournal, allowance: Allowance, verifier: Verifier | None
    ) -> RunResult:
        run = self._run(head, journal, allowance)
        try:
            await make_first_plan(run, self._reuse)
            await self._execute(run)
            result = run.result(await self._synthesise(run, verifier), None)
        except RunStoppedError as stopped:
            result = run.result(None, stopped.failure)
        finally:
            journal.close()
        if self._reuse is not None:
            await self._reuse.conclude(run, result)
        return result

    def _run(self, head: TaskHead, journal: NoJournal, allowance: Allowance) -> Run:
        return Run(
            head.goal,
            self._loop,
            self.settings,
            allowance,
            self._clock,
            head.session_id,
            head.task_id,
            self._toolbox,
            journal,
            self._templates,
            self._watch,
        )

    async def _execute(self, run: Run) -> None:
        """Until every step of the plan has an answer; a branch that fails goes back to the planner."""
        n_repairs = 0
        while failures := await execute(run, self._verifier_for):
            spent = [trace for trace in failures.values() if trace.failure and trace.failure.code in ENDED]
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
