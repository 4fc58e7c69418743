"""The measurements of plans: forms that mean the same, and recurring goals on scripted tiers."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.plans.forms import forms, table, with_templates
from benchmarks.plans.frontier import ScriptedFrontier
from benchmarks.plans.goals import Goal, make_goals
from benchmarks.plans.recurring import recurring_goals, run_form, scripted_tiers
from benchmarks.plans.recurring import table as recurring_table
from tierwise.agents.plan_store import PlanStore
from tierwise.agents.runtime import Role
from tierwise.agents.runtime.plans.compact import PlanFrame
from tierwise.agents.runtime.plans.plan import make_plan, parse_steps
from tierwise.agents.runtime.prompts import plan_prompt
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs


def logged() -> list[LoggedStep]:
    return list(load_step_logs([sample_log_path()]).steps)


def goals(n: int = 8) -> list[Goal]:
    return make_goals(logged(), n)


@pytest.mark.slow
def test_short_plans_and_differences_are_shorter() -> None:
    long, short, whole, difference = forms(goals())
    assert short.n_out < 0.8 * long.n_out
    assert difference.n_out < 0.4 * whole.n_out
    long, short, with_library = with_templates(recurring_goals(logged(), 2))
    assert with_library.n_out < 0.5 * short.n_out < 0.5 * long.n_out
    shown = table([long], TierCatalogue.load(sample_tiers_path()).top.models[0])
    assert shown.splitlines()[-1].startswith("| recurring, long | ")


@pytest.mark.slow
def test_the_script_of_the_frontier_plans_what_the_goals_need() -> None:
    found = goals()
    script = ScriptedFrontier(found)
    for goal in found[:3]:
        plan = script.complete(plan_prompt(goal.text).text, 100).output
        steps = make_plan(parse_steps(plan, PlanFrame(goal.text)), 9).by_id
        assert {name: step.instruction for name, step in steps.items()} == {
            step.entry["id"]: step.entry["instruction"] for step in goal.steps
        }


@pytest.mark.slow
def test_recurring_goals_are_planned_a_few_times(tmp_path: Path) -> None:
    recurring = recurring_goals(logged(), 5)
    assert len({goal.text for goal in recurring}) == len(recurring) == 15
    with scripted_tiers(recurring, logged(), "kept") as tiers:
        results = asyncio.run(run_form(recurring, tiers, PlanStore(tmp_path / "plans.db")))
    made = [s for result in results for s in result.steps if s.role is Role.PLAN and s.reused is None]
    assert len(made) <= 8
    assert sum(result.success is True for result in results) >= 13
    assert recurring_table({"kept": results * 3}).count("|") > 20
