"""Plans that served before: found for a goal, filled, checked, and judged by how the whole task ended."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeVar

from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.plan_store import EndedTask, Found, PlanStore, Recipe, Record, Standing, draw, recipe_of
from tierwise.agents.plan_store.skeleton import kinds_of
from tierwise.agents.runtime.plans.compact import slots_of
from tierwise.agents.runtime.plans.plan import Plan, PlanStep, decode_plan
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.prompts import fill_prompt, fit_prompt
from tierwise.agents.runtime.run import Run
from tierwise.agents.runtime.trace import Role, RunResult, StepTrace
from tierwise.agents.upstreams import Reply, unfenced
from tierwise.data.errors import TierwiseError

_LOGGER = logging.getLogger(__name__)
_MAX_FILLED = 2
"""Recipes that a cheap model is asked about, for one goal."""
_T = TypeVar("_T")


@dataclass(slots=True)
class Reuse:
    """What one task has to do with the store. Trouble with the file costs a plan, never the task."""

    store: PlanStore
    tools: str = field(default="", init=False)

    async def plan(self, run: Run, read: Callable[[str], Plan]) -> tuple[str, str] | None:
        """A kept plan, filled for the run's goal, and its recipe; None where a fresh one is needed.

        Used is the first that says the same goal or has slots that a cheap model fills, that is a plan for the tools of
        today, and whose turn it is: some tasks are planned afresh all the same, to have something to compare with.
        """
        nothing: list[Found] = []
        tools = self._tools_of(run)
        found = await self._quietly(lambda: self.store.find(run.goal, run.settings.agent, tools), nothing)
        n_filled = 0
        for each in found:
            if draw(run.task_id) >= self.store.gate.share(each.p_not_worse):
                return None
            if each.values is None and n_filled == _MAX_FILLED:
                break
            n_filled += each.values is None
            values = await self._values(run, each)
            if values is None or not each.recipe.takes(values):
                continue
            text = each.recipe.filled(values)
            try:
                plan = read(text)
            except PlanError:
                continue
            if not each.recipe.has_free_text or await self._fits(run, each.recipe, plan):
                return text, each.recipe.recipe_id
        return None

    async def trusts(self, run: Run, tier: str) -> bool:
        """Whether tasks that ``tier`` planned are not known to go worse than those that the top tier did."""

        def judge() -> bool:
            own, top = (self.store.tier_record(run.settings.agent, name) for name in (tier, run.top))
            gate = self.store.gate
            return gate.standing(gate.p_not_worse(own, Record(), top, top)) is not Standing.RETIRED

        return tier == run.top or await self._quietly(judge, True)

    async def conclude(self, run: Run, result: RunResult) -> None:
        """Notes how the task ended, and keeps a fresh plan that did well as it was."""
        await self._quietly(lambda: self._note(run, result), None)

    def _note(self, run: Run, result: RunResult) -> None:
        first = next((trace for trace in run.traces if trace.role is Role.PLAN), None)
        recipe = None if first is None or first.output is None else self._recipe(run, first)
        if first is None or recipe is None:
            return
        is_kept = first.reused is None and len(result.plans) == 1 and result.success is not False
        if is_kept or (first.reused is not None and result.success):
            self.store.keep(recipe)
        ended = EndedTask(
            run.task_id,
            run.settings.agent,
            result.success,
            recipe.kind_id,
            first.reused or (recipe.recipe_id if is_kept else None),
            first.reused is not None,
            first.tier or None,
        )
        self.store.note(ended)

    def _recipe(self, run: Run, first: StepTrace) -> Recipe | None:
        try:
            raw = decode_plan(first.output or "")
            slots = slots_of(raw, run.goal)
        except PlanError:
            return None
        if first.reused is None:
            return recipe_of(run.settings.agent, run.goal, raw, slots, self._tools_of(run))
        for found in self.store.find(run.goal, run.settings.agent, self._tools_of(run)):
            if found.recipe.recipe_id == first.reused:
                return replace(found.recipe, kinds=kinds_of(slots, run.goal.strip()))
        return recipe_of(run.settings.agent, run.goal, raw, slots, self._tools_of(run))

    async def _values(self, run: Run, found: Found) -> Mapping[str, str] | None:
        """The words of the goal that stand in the slots: read off it, or found by a cheap model and checked."""
        if found.values is not None:
            return found.values
        recipe = found.recipe
        if not recipe.kinds:
            return None  # it is for one goal, and this is another

        def is_filled(reply: Reply) -> bool | str:
            values = _values_in(reply.text)
            return (
                recipe.skeleton.accepts(run.goal, values)
                or "These words are not what the goals differ in; copy them from the goal, all of them."
            )

        trace = await run.ask(
            Role.FILL,
            f"{run.task_id}.fill-{recipe.recipe_id[:8]}",
            fill_prompt(recipe.skeleton.shown(), run.goal),
            verifier=FunctionVerifier(is_filled, "slots"),
            max_tier=run.below_top,
            max_tokens=run.settings.max_plan_tokens,
        )
        return None if trace.output is None else _values_in(trace.output)

    async def _fits(self, run: Run, recipe: Recipe, plan: Plan) -> bool:
        """Whether a model below the top says that the plan is one for this goal."""
        trace = await run.ask(
            Role.FILL,
            f"{run.task_id}.fit-{recipe.recipe_id[:8]}",
            fit_prompt(run.goal, [_told(step) for step in plan.steps]),
            verifier=FunctionVerifier(lambda reply: _word(reply.text) in ("yes", "no"), "yes-or-no"),
            min_tier=run.below_top,
            max_tier=run.below_top,
        )
        return trace.output is not None and _word(trace.output) == "yes"

    def _tools_of(self, run: Run) -> str:
        """Stands for the tools and templates of the run: a plan made with others is none here."""
        if not self.tools:
            tools = {name: [str(tool.effect), tool.parameters] for name, tool in run.toolbox.tools.items()}
            templates = {name: template.to_entry() for name, template in run.templates.items()}
            content = json.dumps([tools, templates], sort_keys=True, default=str)
            self.tools = sha256(content.encode()).hexdigest()[:24]
        return self.tools

    async def _quietly(self, work: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return await asyncio.to_thread(work)
        except Exception as error:
            told = str(error) if isinstance(error, TierwiseError) else type(error).__name__
            _LOGGER.warning("the plan store was passed over: %s", told)
            return otherwise


def _values_in(text: str) -> dict[str, str]:
    try:
        raw: Any = json.loads(unfenced(text))
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in raw.items()} if isinstance(raw, dict) else {}


def _told(step: PlanStep) -> str:
    tools = f" [{', '.join(step.tools)}]" if step.tools else ""
    return f"{step.step_id}{tools}: {step.instruction}"


def _word(text: str) -> str:
    return text.strip().strip(".!*\"'").casefold()
