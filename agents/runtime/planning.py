"""Asking the planner: a plan for a goal, and other steps for a branch that failed."""

from collections.abc import Callable, Mapping, Sequence

from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.runtime.compact import PlanFrame
from tierwise.agents.runtime.difference import is_difference, repaired
from tierwise.agents.runtime.plan import Plan, PlanStep, check_tools, decode_plan, make_plan, parse_steps
from tierwise.agents.runtime.plan_error import PlanError
from tierwise.agents.runtime.prompts import Prompt, plan_prompt, repair_prompt
from tierwise.agents.runtime.run import Run, stop_for
from tierwise.agents.runtime.trace import Role, StepTrace
from tierwise.agents.upstreams import CacheHints, Reply


async def make_first_plan(run: Run) -> None:
    """Adds the planner's plan to the run. Stops the run when there is none that can be run."""
    frame = frame_of(run)

    def read(text: str) -> Plan:
        return make_plan(_steps_in(text, run, frame), run.settings.max_steps)

    prompt = plan_prompt(run.goal, list(run.toolbox.tools.values()), list(run.templates.values()))
    await _ask_planner(run, Role.PLAN, f"{run.task_id}.plan", prompt, read, ())


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
    run: Run, role: Role, name: str, prompt: Prompt, read: Callable[[str], Plan], depends_on: Sequence[str]
) -> None:
    def can_be_run(reply: Reply) -> bool:
        read(reply.text)
        return True

    catalogue = run.loop.upstreams.catalogue
    trace = await run.ask(
        role,
        name,
        prompt.text,
        depends_on=depends_on,
        verifier=FunctionVerifier(can_be_run, "plan"),
        min_tier=run.settings.planner_tier or catalogue.top.name,
        max_tokens=run.settings.max_plan_tokens,
        hints=CacheHints(prompt.n_stable),
    )
    if trace.output is None:
        is_bad_plan = trace.failure is not None and trace.failure.code == "verification"
        raise stop_for(trace, "plan" if is_bad_plan else None)
    run.plans.append(read(trace.output))
