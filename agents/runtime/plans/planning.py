"""Asking the planner: a plan for a goal, and other steps for a branch that failed."""

from collections.abc import Callable, Mapping, Sequence

from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.runtime.plans.compact import PlanFrame
from tierwise.agents.runtime.plans.difference import is_difference, repaired
from tierwise.agents.runtime.plans.plan import Plan, PlanStep, check_tools, decode_plan, make_plan, parse_steps
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.plans.plan_score import how_hard, score_plan
from tierwise.agents.runtime.plans.reuse import Reuse
from tierwise.agents.runtime.prompts import Prompt, plan_prompt, repair_prompt
from tierwise.agents.runtime.run import Run, stop_for
from tierwise.agents.runtime.trace import Role, StepTrace
from tierwise.agents.upstreams import CacheHints, Reply


async def make_first_plan(run: Run, reuse: Reuse | None = None) -> None:
    """Adds a plan to the run: one that was kept, or the planner's. Stops the run when there is none that can be run."""
    frame, name = frame_of(run), f"{run.task_id}.plan"

    def read(text: str) -> Plan:
        return make_plan(_steps_in(text, run, frame), run.settings.max_steps)

    if reuse is not None and run.journal.step_of(name) is None:
        kept = await reuse.plan(run, read)
        if kept is not None:
            await run.take_over(name, *kept)
            run.adopt(read(kept[0]), is_reused=True)
            return
    tools = list(run.toolbox.tools.values())
    prompt = plan_prompt(run.goal, tools, list(run.templates.values()), asks_slots=reuse is not None)
    floor = run.settings.planner_tier or run.top
    if reuse is not None and not await reuse.trusts(run, floor):
        floor = run.top
    hard = None if floor == run.top else how_hard(run.goal, len(tools))
    await _ask_planner(run, Role.PLAN, name, prompt, read, floor=floor, hard=hard)


async def repair_plan(run: Run, failures: Mapping[str, StepTrace], n_repairs: int) -> None:
    """Replaces the branches of the failed steps. Stops the run when the planner has nothing that can be run."""
    used = {step.step_id for plan in run.plans for step in plan.steps}
    frame = frame_of(run)

    def read(text: str) -> Plan:
        raw = decode_plan(text)
        if is_difference(raw):
            plan = repaired(run.plan, failures.keys(), raw, frame, n_repairs)
            steps = [step for step in plan.steps if step.step_id not in run.plan.by_id]
            check_tools(steps, run.toolbox.tools)
        else:
            steps = _steps_in(text, run, frame)
            plan = run.plan.with_branch(failures.keys(), steps, run.settings.max_steps)
        again = [step.step_id for step in steps if step.step_id in used]
        if again:
            raise PlanError(f"the id '{again[0]}' was used before; give new steps new ids")
        return plan

    reasons = {name: trace.failure.text for name, trace in failures.items() if trace.failure is not None}
    tools, templates = list(run.toolbox.tools.values()), list(run.templates.values())
    prompt = repair_prompt(run.goal, run.plan, run.outputs, reasons, tools, templates)
    depends_on = [trace.step_id for trace in failures.values()]
    await _ask_planner(run, Role.REPAIR, f"{run.task_id}.repair{n_repairs}", prompt, read, depends_on)


def frame_of(run: Run) -> PlanFrame:
    """What a plan of the run may refer to."""
    return PlanFrame(run.goal, run.templates, run.settings.max_steps)


def _steps_in(text: str, run: Run, frame: PlanFrame) -> list[PlanStep]:
    steps = parse_steps(text, frame)
    check_tools(steps, run.toolbox.tools)
    return steps


async def _ask_planner(
    run: Run,
    role: Role,
    name: str,
    prompt: Prompt,
    read: Callable[[str], Plan],
    depends_on: Sequence[str] = (),
    *,
    floor: str | None = None,
    hard: float | None = None,
) -> None:
    """``hard`` tells the router that a tier below the top may do; its plan then has to look good enough."""
    from_top = {model.name for model in run.loop.upstreams.catalogue.top.models}

    def can_be_run(reply: Reply) -> bool | str:
        plan = read(reply.text)
        if hard is None or reply.model in from_top:
            return True
        found = score_plan(run.goal, plan)
        return found.score >= run.settings.min_plan_score or found.text

    trace = await run.ask(
        role,
        name,
        prompt.text,
        depends_on=depends_on,
        verifier=FunctionVerifier(can_be_run, "plan"),
        min_tier=floor or run.settings.planner_tier or run.top,
        max_tokens=run.settings.max_plan_tokens,
        hints=CacheHints(prompt.n_stable),
        hard=hard,
    )
    if trace.output is None:
        is_bad_plan = trace.failure is not None and trace.failure.code == "verification"
        raise stop_for(trace, "plan" if is_bad_plan else None)
    run.adopt(read(trace.output), is_reused=trace.reused is not None)
