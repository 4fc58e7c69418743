"""Running the steps of a plan: whatever waits for nothing runs, side by side, until nothing more can."""

import asyncio

from tierwise.agents.attempts import AllOf, Verifier
from tierwise.agents.attempts.verifiers import SchemaVerifier
from tierwise.agents.runtime.plans.plan import Plan, PlanStep, resolve_inputs
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.prompts import step_prompt
from tierwise.agents.runtime.run import ENDED, Run
from tierwise.agents.runtime.settings import VerifierFor
from tierwise.agents.runtime.trace import Role, StepTrace
from tierwise.agents.runtime.turns import take_turns


async def execute(run: Run, verifier_for: VerifierFor) -> dict[str, StepTrace]:
    """Runs every step of the run's plan that has no answer yet and whose dependencies have one.

    Returns the traces of the steps that failed; what depends on them was not started. Once money or time is out, or an
    interrupted write is unsettled, nothing more is started.
    """
    failures: dict[str, StepTrace] = {}
    started: set[str] = set(run.outputs)
    running: dict[asyncio.Task[StepTrace], str] = {}
    try:
        while True:
            if not any(_ends_run(trace) for trace in failures.values()):
                for step in _ready(run.plan, run, started)[: run.settings.max_concurrency - len(running)]:
                    started.add(step.step_id)
                    running[asyncio.create_task(_run_step(run, step, verifier_for(step)))] = step.step_id
            if not running:
                return failures
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _settle(run, running.pop(task), task.result(), failures)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _ready(plan: Plan, run: Run, started: set[str]) -> list[PlanStep]:
    return [s for s in plan.steps if s.step_id not in started and all(name in run.outputs for name in s.depends_on)]


def _settle(run: Run, step_id: str, trace: StepTrace, failures: dict[str, StepTrace]) -> None:
    if trace.output is None:
        failures[step_id] = trace
    else:
        run.outputs[step_id] = trace.output


def _ends_run(trace: StepTrace) -> bool:
    return trace.failure is not None and trace.failure.code in ENDED


async def _run_step(run: Run, step: PlanStep, verifier: Verifier | None) -> StepTrace:
    depends_on = [run.log_id(name) for name in step.depends_on]
    results = {name: run.outputs[name] for name in step.depends_on}
    try:
        inputs = resolve_inputs(step, results)
    except PlanError as error:
        return await run.hand_over_failed(step, depends_on, str(error))
    prompt, verifier = step_prompt(step, results, inputs), _with_schema(step, verifier)
    if step.tools:
        return await take_turns(run, step, prompt, depends_on, verifier, _floor(run) if step.human_visible else None)
    return await run.ask(
        Role.EXECUTE,
        run.log_id(step.step_id),
        prompt,
        plan_step=step,
        depends_on=depends_on,
        verifier=verifier,
        min_tier=_floor(run) if step.human_visible else None,
    )


def _with_schema(step: PlanStep, verifier: Verifier | None) -> Verifier | None:
    """The caller's verifier does not replace the plan's schema: both must be content."""
    if verifier is None or step.response_schema is None:
        return verifier
    return AllOf([SchemaVerifier(step.response_schema), verifier])


def _floor(run: Run) -> str:
    return run.settings.human_visible_tier or run.loop.upstreams.catalogue.top.name
