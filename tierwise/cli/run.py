"""``tierwise run``: a goal, planned by a strong model and carried out by cheap ones, with tools."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from tierwise.agents.attempts import AttemptLoop, AttemptSettings
from tierwise.agents.attempts.verifiers import schema_check
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.plan_store import PlanStore
from tierwise.agents.runtime import PlanStep, RunResult, Runtime, RuntimeSettings
from tierwise.agents.runtime.run import ENDED, new_task_id
from tierwise.agents.tools import AgentTool, Approval, ApprovalRequest, Approve
from tierwise.agents.upstreams import Upstreams
from tierwise.cli import run_options as options
from tierwise.cli.console import fail, say
from tierwise.cli.run_parts import (
    approval,
    catalogue_at,
    check_by,
    decider_of,
    effects_of,
    log_for,
    server_tools,
    tools_in,
)
from tierwise.cli.run_view import Expected, RunView, print_expected, print_spending, printable
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.data.records import Step
from tierwise.router_model.decider import Decider

_INTERRUPTED = 130
_CHARS_PER_TOKEN = 3.0
_SHORT_TOKENS = 200.0
_USUAL_TURNS = 3


def run(
    goal: options.Goal = None,
    tools: options.Tools = None,
    mcp: options.Mcp = None,
    effect: options.Effects = None,
    tiers: options.Tiers = Path("tiers.toml"),
    bundle: options.Bundle = None,
    budget_usd: options.BudgetUsd = None,
    deadline_seconds: options.DeadlineSeconds = None,
    planner_tier: options.PlannerTier = None,
    check: options.Check = None,
    plans: options.Plans = None,
    dry_run: options.DryRun = False,
    resume: options.Resume = None,
    tasks: options.Tasks = Path(".tierwise/tasks"),
    log_url: options.LogUrl = "sqlite:///.tierwise/decisions.db",
    yes: options.Yes = False,
    max_tokens: options.MaxTokens = 1024,
    json_file: options.JsonFile = None,
) -> None:
    """Reach a goal: a strong model plans, cheap ones do the steps, with tools."""
    asked = _goal(goal, resume)
    schema_check({})  # plans may need it: what is not installed is said before anything is paid for
    catalogue = catalogue_at(tiers)
    job = _Job(
        asked,
        resume,
        catalogue,
        decider_of(bundle, catalogue),
        RuntimeSettings(planner_tier=planner_tier),
        AttemptSettings(max_tokens=max_tokens),
        [] if tools is None else tools_in(tools),
        list(mcp or []),
        effects_of(effect or []),
        None if plans is None else PlanStore(plans),
        tasks,
        None if dry_run else log_for(log_url),
        yes,
    )
    if dry_run:
        asyncio.run(job.show_plan(budget_usd, deadline_seconds))
        return
    try:
        result = asyncio.run(job.carry_out(budget_usd, deadline_seconds, check))
    except KeyboardInterrupt:
        say(f"the task goes on with: tierwise run --resume {job.task_id}")
        raise typer.Exit(_INTERRUPTED) from None
    _tell(result, json_file)


@dataclass(slots=True)
class _Job:
    """All that was asked for."""

    goal: str
    resume: str | None
    catalogue: TierCatalogue
    decider: Decider
    settings: RuntimeSettings
    attempts: AttemptSettings
    tools: list[AgentTool]
    servers: list[str]
    effects: dict[str, str]
    plans: PlanStore | None
    tasks: Path
    log_url: str | None
    says_yes: bool
    task_id: str = ""

    def __post_init__(self) -> None:
        self.task_id = self.resume or new_task_id()

    async def carry_out(self, budget_usd: float | None, deadline_seconds: float | None, check: str | None) -> RunResult:
        view, verifier = RunView(self.task_id, self.goal or self.task_id), check_by(check)

        async def work(runtime: Runtime) -> RunResult:
            with view:
                if self.resume is not None:
                    return await runtime.resume(
                        self.resume, budget_usd=budget_usd, deadline_seconds=deadline_seconds, verifier=verifier
                    )
                return await runtime.run(
                    self.goal,
                    task_id=self.task_id,
                    budget_usd=budget_usd,
                    deadline_seconds=deadline_seconds,
                    verifier=verifier,
                )

        return await self._with_runtime(work, view)

    async def show_plan(self, budget_usd: float | None, deadline_seconds: float | None) -> None:
        async def work(runtime: Runtime) -> RunResult:
            return await runtime.plan(self.goal, budget_usd=budget_usd, deadline_seconds=deadline_seconds)

        result = await self._with_runtime(work, None)
        if not result.plans:
            failure = result.failure
            fail(f"there is no plan: {printable(failure.text) if failure else 'nobody answered'}")
        plan = result.plans[0]
        print_expected(plan, [self._expected(step) for step in plan.steps])
        say(f"the plan itself cost {result.cost_usd:.5f} USD; no step was taken")

    def _expected(self, one: PlanStep) -> Expected:
        """Where a step would begin, and what it may cost there: the router's estimate, or that of a short answer."""
        step = Step(
            text=one.instruction,
            task_type=one.task_type,
            input_complexity=one.input_complexity,
            requires_judgment=one.requires_judgment,
            human_visible=one.human_visible,
            response_schema=one.response_schema,
        )
        decision = self.decider.decide(step)
        tier = self.catalogue.top.name if one.human_visible else decision.tier
        model = self.catalogue.tiers[self.catalogue.index(tier)].model
        if model is None or not model.has_prices:
            return Expected(tier, None, None)
        longest = float(self.attempts.max_tokens)
        short = min(longest, _SHORT_TOKENS)
        n_in, n_waits = len(one.instruction) / _CHARS_PER_TOKEN, len(one.depends_on)
        about = decision.expected_cost_usd.get(tier) or model.cost_usd(n_in + short * n_waits, short)
        most = model.cost_usd(n_in + longest * n_waits, longest)
        n_turns = (_USUAL_TURNS, self.settings.max_turns) if one.tools else (1, 1)
        return Expected(tier, about * n_turns[0], most * n_turns[1])

    async def _with_runtime(self, work: Callable[[Runtime], Awaitable[RunResult]], view: RunView | None) -> RunResult:
        client = AsyncLocalClient(self.decider, log_url=self.log_url)
        async with AsyncExitStack() as stack:
            tools = [*self.tools, *await server_tools(self.servers, self.effects, stack)]
            upstreams = await stack.enter_async_context(Upstreams(self.catalogue))
            await stack.enter_async_context(client)
            runtime = Runtime(
                AttemptLoop(client, upstreams, self.attempts),
                self.settings,
                tools=tools,
                approve=_between(view, approval(self.says_yes)),
                journal_folder=self.tasks,
                plan_store=self.plans,
                watch=view,
            )
            return await work(runtime)


def _goal(goal: str | None, resume: str | None) -> str:
    if (goal is None) == (resume is None):
        raise TierwiseError("say what is to be reached, or name a task with --resume; not both")
    text = typer.get_text_stream("stdin").read() if goal == "-" else goal or ""
    if resume is None and not text.strip():
        raise TierwiseError("the goal is empty; say what is to be reached")
    return text.strip()


def _between(view: RunView | None, approve: Approve | None) -> Approve | None:
    """A question has the screen for itself."""
    if view is None or approve is None:
        return approve

    def ask(request: ApprovalRequest) -> Approval | bool:
        view.pause()
        try:
            said = approve(request)
            return said if isinstance(said, Approval | bool) else False
        finally:
            view.go_on()

    return ask


def _tell(result: RunResult, json_file: Path | None) -> None:
    print_spending(result)
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if result.failure is None:
        typer.echo(result.answer or "")
        return
    failure = result.failure
    again = f"; go on with tierwise run --resume {result.task_id}" if failure.code in ENDED else ""
    fail(f"the task ended without an answer ({failure.code}, {failure.origin}): {printable(failure.text)}{again}")
