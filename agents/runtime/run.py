"""One run under way: its names, what it may spend, what it has so far, and the one place that makes its calls."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.attempts import Allowance, AttemptLoop, Failure, StepResult, Verifier
from tierwise.agents.client import RouteFields
from tierwise.agents.runtime.plan import Plan, PlanStep
from tierwise.agents.runtime.settings import RuntimeSettings
from tierwise.agents.runtime.trace import Origin, Role, RunFailure, RunResult, StepTrace
from tierwise.data.records import Step

_ORIGINS = {
    Role.PLAN: Origin.PLANNER,
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
    """``outputs`` holds the accepted answers by plan step; ``clock`` gives seconds, monotonic."""

    goal: str
    loop: AttemptLoop
    settings: RuntimeSettings
    allowance: Allowance
    clock: Callable[[], float]
    session_id: str | None = None
    task_id: str = field(default_factory=lambda: f"t-{uuid.uuid4().hex[:12]}")
    plans: list[Plan] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    traces: list[StepTrace] = field(default_factory=list)
    n_steps: int = 0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def plan(self) -> Plan:
        return self.plans[-1]

    def log_id(self, plan_step: str) -> str:
        """The name of a plan's step in the log."""
        return f"{self.task_id}/{plan_step}"

    async def ask(
        self,
        role: Role,
        name: str,
        prompt: str,
        *,
        plan_step: PlanStep | None = None,
        depends_on: Sequence[str] = (),
        verifier: Verifier | None = None,
        min_tier: str | None = None,
        max_tokens: int | None = None,
    ) -> StepTrace:
        """Makes one step of the run, and keeps its trace. ``depends_on`` are names in the log."""
        step = self._step(role, prompt, plan_step, depends_on)
        parameters = dict(self.settings.parameters) | ({} if max_tokens is None else {"max_tokens": max_tokens})
        started_ms = self._now_ms()
        result = await self.loop.run(
            step,
            verifier=verifier,
            allowance=self.allowance,
            parameters=parameters,
            report_extra={"failure_origin": _ORIGINS[role].value},
            n_repairs=max(1, self.loop.settings.n_repairs) if role in (Role.PLAN, Role.REPAIR) else None,
            **RouteFields(**{**self._names(name), "min_tier": min_tier}),
        )
        return self._keep(role, name, plan_step, depends_on, result, started_ms)

    async def hand_over_failed(self, step: PlanStep, depends_on: Sequence[str], reason: str) -> StepTrace:
        """Records a step that could not even be asked: what was handed over is not what it needs.

        The log gets a decision with an outcome that says so; no model was called, so success is unknown.
        """
        name = self.log_id(step.step_id)
        client = self.loop.client
        decision = await client.route(self._step(Role.EXECUTE, step.instruction, step, depends_on), **self._names(name))
        client.outcome(decision, error=f"handoff: {reason}", extra={"failure_origin": Origin.HANDOFF.value})
        result = StepResult(decision, (), failure=Failure("handoff", reason))
        return self._keep(Role.EXECUTE, name, step, depends_on, result, self._now_ms())

    def result(self, answer: str | None, failure: RunFailure | None) -> RunResult:
        return RunResult(
            self.task_id, self.goal, answer, failure, tuple(self.plans), tuple(self.traces), self._now_ms()
        )

    def _step(self, role: Role, prompt: str, plan_step: PlanStep | None, depends_on: Sequence[str]) -> Step:
        self.n_steps += 1
        extra: dict[str, Any] = {"role": role.value, "depends_on": list(depends_on)}
        if plan_step is None:
            return Step(
                text=prompt,
                task_type=role.value,
                requires_judgment=True,
                human_visible=role is Role.SYNTHESISE,
                step_index=self.n_steps - 1,
                agent=self.settings.agent,
                node=role.value,
                extra=extra,
            )
        return Step(
            text=prompt,
            task_type=plan_step.task_type,
            response_schema=plan_step.response_schema,
            input_complexity=plan_step.input_complexity,
            requires_judgment=plan_step.requires_judgment,
            human_visible=plan_step.human_visible,
            step_index=self.n_steps - 1,
            agent=self.settings.agent,
            node=role.value,
            extra=extra | {"plan_step": plan_step.step_id},
        )

    def _names(self, name: str) -> RouteFields:
        return RouteFields(task_id=self.task_id, session_id=self.session_id, step_id=name)

    def _keep(
        self,
        role: Role,
        name: str,
        plan_step: PlanStep | None,
        depends_on: Sequence[str],
        result: StepResult,
        started_ms: float,
    ) -> StepTrace:
        origin = _ORIGINS[role]
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
        )
        self.traces.append(trace)
        return trace

    def _now_ms(self) -> float:
        return (self.clock() - self.started) * 1000


def stop_for(trace: StepTrace, code: str | None = None) -> RunStoppedError:
    """The end of a run whose step has failed for good."""
    failure = trace.failure or Failure("verification", "no reply")
    origin = trace.origin or Origin.EXECUTOR
    return RunStoppedError(RunFailure(code or failure.code, failure.text, origin, trace.step_id))
