"""One run under way: its names, what it may spend, what it has so far, and the one place that makes its calls."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tierwise.agents.attempts import Allowance, AttemptLoop, Failure, StepResult, Verifier
from tierwise.agents.client import RouteFields
from tierwise.agents.runtime.journal import NoJournal, Progress
from tierwise.agents.runtime.plans.plan import Plan, PlanStep
from tierwise.agents.runtime.plans.template import StepTemplate
from tierwise.agents.runtime.settings import RuntimeSettings
from tierwise.agents.runtime.trace import Origin, Role, RunFailure, RunResult, StepTrace
from tierwise.agents.runtime.watching import Ended, Planned, Started, Watch, tell
from tierwise.agents.tools import Toolbox, ToolTrace
from tierwise.agents.upstreams import NO_HINTS, CacheHints, Reply
from tierwise.data.records import Message, Step, Tool

ENDED = frozenset({"budget", "deadline", "unsettled"})
"""Failures that end a run and not its task: resumed with more money, time or somebody to ask, it goes on."""

_ORIGINS = {
    Role.PLAN: Origin.PLANNER,
    Role.FILL: Origin.PLANNER,
    Role.REPAIR: Origin.PLANNER,
    Role.EXECUTE: Origin.EXECUTOR,
    Role.SYNTHESISE: Origin.EXECUTOR,
}


class RunStoppedError(Exception):
    """The run cannot go on."""

    def __init__(self, failure: RunFailure) -> None:
        super().__init__(failure.text)
        self.failure = failure


@dataclass(slots=True)
class Run:
    """``outputs`` holds the accepted answers by plan step; ``clock`` gives seconds, monotonic. Steps that the journal
    holds are taken from it, not made again."""

    goal: str
    loop: AttemptLoop
    settings: RuntimeSettings
    allowance: Allowance
    clock: Callable[[], float]
    session_id: str | None
    task_id: str
    toolbox: Toolbox
    journal: NoJournal
    templates: Mapping[str, StepTemplate] = field(default_factory=dict)
    watch: Watch | None = None
    plans: list[Plan] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    traces: list[StepTrace] = field(default_factory=list)
    last_turns: dict[str, str] = field(default_factory=dict)
    n_steps: int = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock() - self.journal.progress.elapsed_seconds
        self.n_steps = self.journal.n_steps
        self.journal.measure = self._progress

    @property
    def plan(self) -> Plan:
        return self.plans[-1]

    @property
    def top(self) -> str:
        return self.loop.upstreams.catalogue.top.name

    @property
    def below_top(self) -> str:
        """The dearest tier but one."""
        return self.loop.upstreams.catalogue.names[-2]

    def log_id(self, plan_step: str) -> str:
        """The name of a plan's step in the log: that of its last turn, where it has several."""
        return self.last_turns.get(plan_step, f"{self.task_id}/{plan_step}")

    async def ask(
        self,
        role: Role,
        name: str,
        prompt: str | Sequence[Message],
        *,
        plan_step: PlanStep | None = None,
        tools: Sequence[Tool] = (),
        depends_on: Sequence[str] = (),
        verifier: Verifier | None = None,
        min_tier: str | None = None,
        max_tier: str | None = None,
        max_tokens: int | None = None,
        hints: CacheHints = NO_HINTS,
        hard: float | None = None,
        origin: Origin | None = None,
    ) -> StepTrace:
        """Makes one step of the run, and keeps its trace. ``depends_on`` are names in the log; ``hard`` says that the
        step needs no judgment, and how hard it is from 1 to 10; ``origin`` is who failed if no reply passes."""
        if (known := self._known(name)) is not None:
            return known
        step = replace(self._step(role, prompt, plan_step, depends_on), tools=tuple(tools))
        if hard is not None:
            step = replace(step, requires_judgment=False, input_complexity=hard)
        parameters = dict(self.settings.parameters) | ({} if max_tokens is None else {"max_tokens": max_tokens})
        started_ms = self._now_ms()
        tell(self.watch, Started(name, role, None if plan_step is None else plan_step.step_id))
        result = await self.loop.run(
            step,
            verifier=verifier,
            allowance=self.allowance,
            parameters=parameters,
            report_extra={"failure_origin": (origin or _ORIGINS[role]).value},
            n_repairs=max(1, self.loop.settings.n_repairs) if role in (Role.PLAN, Role.REPAIR) else None,
            hints=hints,
            **RouteFields(**{**self._names(name), "min_tier": min_tier, "max_tier": max_tier}),
        )
        return await self._keep(role, name, plan_step, depends_on, result, started_ms, origin)

    async def hand_over_failed(self, step: PlanStep, depends_on: Sequence[str], reason: str) -> StepTrace:
        """Records a step that could not even be asked: what was handed over is not what it needs.

        The log gets a decision with an outcome that says so; no model was called, so success is unknown.
        """
        name = self.log_id(step.step_id)
        if (known := self._known(name)) is not None:
            return known
        client = self.loop.client
        decision = await client.route(self._step(Role.EXECUTE, step.instruction, step, depends_on), **self._names(name))
        client.outcome(decision, error=f"handoff: {reason}", extra={"failure_origin": Origin.HANDOFF.value})
        result = StepResult(decision, (), failure=Failure("handoff", reason))
        return await self._keep(Role.EXECUTE, name, step, depends_on, result, self._now_ms())

    async def take_over(self, name: str, text: str, recipe: str) -> StepTrace:
        """Keeps a plan that nobody was asked for, like one that somebody was."""
        now_ms = self._now_ms()
        trace = StepTrace(name, Role.PLAN, None, (), "", (), text, now_ms, now_ms, reused=recipe)
        self.traces.append(trace)
        await self.journal.keep(trace)
        tell(self.watch, Ended(trace))
        return trace

    def adopt(self, plan: Plan, is_reused: bool = False) -> None:
        """Goes on with ``plan``."""
        self.plans.append(plan)
        tell(self.watch, Planned(plan, is_reused))

    def result(self, answer: str | None, failure: RunFailure | None) -> RunResult:
        return RunResult(
            self.task_id, self.goal, answer, failure, tuple(self.plans), tuple(self.traces), self._now_ms()
        )

    def note(self, trace: StepTrace, **changes: Any) -> StepTrace:
        """The trace with what came of it after its reply was accepted, also among the run's own."""
        noted = replace(trace, **changes)
        place = next(i for i in reversed(range(len(self.traces))) if self.traces[i] is trace)
        self.traces[place] = noted
        return noted

    def _known(self, name: str) -> StepTrace | None:
        """The step of that name, where the journal holds it."""
        known = self.journal.step_of(name)
        if known is not None:
            self.traces.append(known)
            tell(self.watch, Ended(known))
        return known

    def _progress(self) -> Progress:
        return Progress(self.allowance.used_usd, self._now_ms() / 1000)

    def _step(
        self, role: Role, prompt: str | Sequence[Message], plan_step: PlanStep | None, depends_on: Sequence[str]
    ) -> Step:
        self.n_steps += 1
        extra: dict[str, Any] = {"role": role.value, "depends_on": list(depends_on)}
        step = Step(
            text=prompt if isinstance(prompt, str) else "",
            messages=() if isinstance(prompt, str) else tuple(prompt),
            step_index=self.n_steps - 1,
            agent=self.settings.agent,
            node=role.value,
        )
        if role is Role.FILL:
            return replace(step, task_type="extract", input_complexity=2.0, requires_judgment=False, extra=extra)
        if plan_step is None:
            is_visible = role is Role.SYNTHESISE
            return replace(step, task_type=role.value, requires_judgment=True, human_visible=is_visible, extra=extra)
        return replace(
            step,
            task_type=plan_step.task_type,
            response_schema=plan_step.response_schema,
            input_complexity=plan_step.input_complexity,
            requires_judgment=plan_step.requires_judgment,
            human_visible=plan_step.human_visible,
            extra=extra | {"plan_step": plan_step.step_id},
        )

    def _names(self, name: str) -> RouteFields:
        return RouteFields(task_id=self.task_id, session_id=self.session_id, step_id=name)

    async def _keep(
        self,
        role: Role,
        name: str,
        plan_step: PlanStep | None,
        depends_on: Sequence[str],
        result: StepResult,
        started_ms: float,
        blamed: Origin | None = None,
    ) -> StepTrace:
        origin = _ORIGINS[role]
        if blamed is not None and result.failure is not None and result.failure.code == "verification":
            origin = blamed
        if result.failure is not None and result.failure.code == Origin.HANDOFF:
            origin = Origin.HANDOFF
        trace = StepTrace(
            step_id=name,
            role=role,
            plan_step=None if plan_step is None else plan_step.step_id,
            depends_on=tuple(depends_on),
            tier=result.tier,
            attempts=result.attempts,
            output=None if result.reply is None else result.text,
            started_ms=started_ms,
            finished_ms=self._now_ms(),
            failure=result.failure,
            origin=None if result.failure is None else origin,
            tool_calls=() if result.reply is None else calls_of(name, result.reply),
        )
        self.traces.append(trace)
        if not _may_go_on(trace):
            await self.journal.keep(trace)
        tell(self.watch, Ended(trace))
        return trace

    def _now_ms(self) -> float:
        return (self.clock() - self.started) * 1000


def new_task_id() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def _may_go_on(trace: StepTrace) -> bool:
    """Whether a resumed task makes the step again. A failed step of the plan stays failed: its repair is under way."""
    code = None if trace.failure is None else trace.failure.code
    return code in ENDED or (code == "providers" and trace.role is not Role.EXECUTE)


def calls_of(name: str, reply: Reply) -> tuple[ToolTrace, ...]:
    """The calls of a reply, under names that stay the same when the task is resumed."""
    return tuple(ToolTrace(f"{name}#{i}", call.name, call.arguments) for i, call in enumerate(reply.tool_calls))


def stop_for(trace: StepTrace, code: str | None = None) -> RunStoppedError:
    """The end of a run whose step has failed for good."""
    failure = trace.failure or Failure("verification", "no reply")
    origin = trace.origin or Origin.EXECUTOR
    return RunStoppedError(RunFailure(code or failure.code, failure.text, origin, trace.step_id))
