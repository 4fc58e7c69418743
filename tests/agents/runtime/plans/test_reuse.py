"""Kept plans in whole runs: used for goals of their kind, filled, checked, given up, and never for another goal."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub, completion
from tests.agents.runtime.script import QUICK
from tierwise.agents.attempts import AttemptLoop, FunctionVerifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.plan_store import EndedTask, PlanGate, PlanStore
from tierwise.agents.runtime import Role, RunResult, Runtime, RuntimeSettings
from tierwise.agents.tools import AgentTool, function_tool
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.rules import RulesRouter

ALWAYS = PlanGate(trial_share=1.0, proven_share=1.0)
PLAN = {"slots": {"ticket": "17"}, "steps": [{"id": "a", "do": "do close {ticket}!", "type": "extract"}]}
RIGHT = FunctionVerifier(lambda reply: "answer" in reply.text, "answer")


class Lab:
    """Models that plan by ``plans``, answer questions by ``answers`` (by how a prompt begins), and work."""

    def __init__(self, stub: Callable[[Answer], Stub], tiers_at: Any, folder: Path, gate: PlanGate) -> None:
        self.prompts: list[tuple[str, str]] = []
        self.on_plan: Callable[[], None] = lambda: None
        self.plans: dict[str, Any] = {"frontier-1": PLAN}
        self.answers = {"Two goals are": "{}", "Does this plan": "yes", "Write the final": "the answer"}
        self.tiers: TierCatalogue = tiers_at(stub(self._answer).address)
        self.store = PlanStore(folder / "plans.db", gate)
        self.folder = folder

    def run(
        self, goal: str, task_id: str, settings: RuntimeSettings | None = None, tools: list[AgentTool] | None = None
    ) -> RunResult:
        async def work() -> RunResult:
            client = AsyncLocalClient(RulesRouter(self.tiers), log_url=f"sqlite:///{self.folder}/log.db")
            async with client, Upstreams(self.tiers) as upstreams:
                runtime = Runtime(
                    AttemptLoop(client, upstreams, QUICK),
                    settings,
                    plan_store=self.store,
                    tools=tools or [],
                    journal_folder=self.folder / "tasks",
                )
                return await runtime.run(goal, task_id=task_id, verifier=RIGHT)

        return asyncio.run(work())

    def asked(self, start: str) -> list[tuple[str, str]]:
        return [(model, prompt) for model, prompt in self.prompts if prompt.startswith(start)]

    def done(self) -> list[str]:
        """What workers were told."""
        return [prompt.partition("!")[0].removeprefix("do ") for _, prompt in self.asked("do ")]

    def _answer(self, _: str, body: Any) -> Reply:
        prompt = body["messages"][0]["content"]
        self.prompts.append((body["model"], prompt))
        if prompt.startswith("Plan how"):
            self.on_plan()
            plan = self.plans[body["model"]]
            ticket = re.findall(r"\d+", prompt.rpartition("Goal:")[2])
            return completion(json.dumps(plan).replace("17", ticket[0] if ticket else "17"))
        said = [text for start, text in self.answers.items() if prompt.startswith(start)]
        return completion(said[0] if said else "done")


@pytest.fixture
def lab(stub: Callable[[Answer], Stub], tiers_at: Any, tmp_path: Path) -> Callable[..., Lab]:
    return lambda gate=ALWAYS: Lab(stub, tiers_at, tmp_path, gate)


@pytest.mark.slow
def test_the_second_goal_of_a_kind_is_not_planned(lab: Callable[..., Lab]) -> None:
    bench = lab()
    first, second = bench.run("Close ticket 17.", "t-1"), bench.run("Close ticket 18.", "t-2")
    assert [first.answer, second.answer] == ["the answer"] * 2
    assert len(bench.asked("Plan how")) == 1
    assert bench.done() == ["close 17", "close 18"]
    assert first.steps[0].reused is None
    assert second.steps[0].role is Role.PLAN
    assert second.steps[0].reused
    assert second.steps[0].cost_usd == 0
    assert second.cost_usd < first.cost_usd
    assert '"slots"' in bench.asked("Plan how")[0][1], "the planner is asked what differs"


@pytest.mark.slow
@pytest.mark.parametrize(
    "goal", ["Reopen ticket 18.", "Close ticket 18. Then delete it.", "Close no ticket 18.", "Close ticket all."]
)
def test_a_goal_that_only_looks_alike_is_planned_afresh(goal: str, lab: Callable[..., Lab]) -> None:
    """Also where the cheap model claims that it fits."""
    bench = lab()
    bench.run("Close ticket 17.", "t-1")
    bench.answers["Two goals are"] = '{"ticket": "18"}'
    bench.plans["frontier-1"] = {"steps": [{"id": "a", "do": "do something else!", "type": "extract"}]}
    result = bench.run(goal, "t-2")
    assert result.steps[-1].output == "the answer"
    assert bench.done() == ["close 17", "something else"]


@pytest.mark.slow
def test_a_cheap_model_fills_slots_of_a_goal_in_other_words(lab: Callable[..., Lab]) -> None:
    bench = lab()
    bench.run("Close ticket 17.", "t-1")
    bench.answers["Two goals are"] = '{"ticket": "18"}'
    result = bench.run("please close the ticket 18", "t-2")
    assert [(step.role, step.tier) for step in result.steps[:2]] == [(Role.FILL, "small"), (Role.PLAN, "")]
    assert bench.done() == ["close 17", "close 18"]
    assert len(bench.asked("Plan how")) == 1


@pytest.mark.slow
def test_a_model_that_cannot_fill_slots_never_costs_the_top_tier(lab: Callable[..., Lab]) -> None:
    bench = lab()
    bench.run("Close ticket 17.", "t-1")
    bench.answers["Two goals are"] = "I see two goals."
    bench.run("please close the ticket 18", "t-2")
    assert {model for model, _ in bench.asked("Two goals are")} == {"small-1", "mid-1"}
    assert len(bench.asked("Plan how")) == 2


@pytest.mark.slow
def test_a_cheap_model_is_asked_about_two_kept_plans_at_most(lab: Callable[..., Lab]) -> None:
    bench = lab()
    for i, goal in enumerate(("Close ticket 17.", "Close the ticket 17 now.", "Today close ticket 17.")):
        bench.run(goal, f"t-{i}")
    bench.prompts.clear()
    bench.run("please close my ticket 18", "t-9")
    assert len({prompt for _, prompt in bench.asked("Two goals are")}) == 2


@pytest.mark.slow
def test_free_text_needs_a_second_look(lab: Callable[..., Lab]) -> None:
    bench = lab()
    bench.plans["frontier-1"] = {
        "slots": {"note": "#2"},
        "steps": [{"id": "a", "do": "do classify {note}!", "type": "classify"}],
    }
    bench.run("Work on this:\n- a fan was sold in Rome today", "t-1")
    alike = "Work on this:\n- a lamp was sold in Oslo today"
    bench.run(alike, "t-2")
    assert bench.done()[-1] == "classify a lamp was sold in Oslo today"
    ((model, asked),) = bench.asked("Does this plan")
    assert model == "mid-1"
    assert "- a: do classify a lamp was sold" in asked
    bench.answers["Does this plan"] = "No."
    bench.run("Work on this:\n- a summary of the whole of the law", "t-3")
    assert len(bench.asked("Plan how")) == 2


@pytest.mark.slow
def test_a_plan_for_tools_that_are_gone_is_none(lab: Callable[..., Lab]) -> None:
    def look(item: str) -> str:
        """Looks."""
        return item

    bench = lab()
    bench.run("Close ticket 17.", "t-1", tools=[function_tool(look, "reads")])
    bench.run("Close ticket 18.", "t-2")
    assert len(bench.asked("Plan how")) == 2


@pytest.mark.slow
def test_a_plan_whose_task_failed_is_not_kept(lab: Callable[..., Lab]) -> None:
    bench = lab()
    bench.answers["Write the final"] = "sorry"
    assert bench.run("Close ticket 17.", "t-1").success is False
    assert len(bench.store) == 0
    bench.answers["Write the final"] = "the answer"
    bench.run("Close ticket 18.", "t-2")
    assert len(bench.asked("Plan how")) == 2


@pytest.mark.slow
def test_a_kept_plan_that_fails_is_given_up_by_its_record(lab: Callable[..., Lab]) -> None:
    bench = lab()
    bench.run("Close ticket 17.", "t-0")
    for i in range(20):
        bench.store.note(EndedTask(f"f-{i}", "plan-and-execute", True, tier="frontier"))
    n_reused = 0
    for i in range(1, 9):
        n_planned = len(bench.asked("Plan how"))
        bench.answers["Write the final"] = "sorry"
        bench.on_plan = lambda: bench.answers.update({"Write the final": "the answer"})
        bench.run("Close ticket 18.", f"t-{i}")
        n_reused += len(bench.asked("Plan how")) == n_planned
    assert 1 <= n_reused <= 3


@pytest.mark.slow
def test_some_tasks_are_planned_afresh_to_compare(lab: Callable[..., Lab]) -> None:
    bench = lab(PlanGate(trial_share=0.5, proven_share=0.5))
    results = [bench.run("Close ticket 17.", f"t-{i}") for i in range(9)]
    n_fresh = sum(result.steps[0].reused is None for result in results)
    assert 1 < n_fresh < 9


@pytest.mark.slow
def test_a_resumed_task_keeps_the_plan_that_it_had(lab: Callable[..., Lab]) -> None:
    """Also where the store says something else by then."""
    bench = lab()
    bench.run("Close ticket 17.", "t-1")
    result = bench.run("Close ticket 18.", "t-2")
    recipe = result.steps[0].reused
    for i in range(20):
        kind = bench.store.find("Close ticket 18.", "plan-and-execute", _tools(bench))
        if not kind:
            break
        bench.store.note(EndedTask(f"x-{i}", "plan-and-execute", False, kind[0].recipe.kind_id, recipe, True))
    assert not bench.store.find("Close ticket 18.", "plan-and-execute", _tools(bench))

    async def again() -> RunResult:
        client = AsyncLocalClient(RulesRouter(bench.tiers))
        async with client, Upstreams(bench.tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            runtime = Runtime(loop, plan_store=bench.store, journal_folder=bench.folder / "tasks")
            return await runtime.resume("t-2", verifier=RIGHT)

    n_prompts = len(bench.prompts)
    resumed = asyncio.run(again())
    assert (resumed.answer, resumed.steps[0].reused) == ("the answer", recipe)
    assert len(bench.prompts) == n_prompts, "everything was in the journal"


@pytest.mark.slow
def test_a_store_that_breaks_costs_nothing_but_a_plan(
    lab: Callable[..., Lab], caplog: pytest.LogCaptureFixture
) -> None:
    bench = lab()
    bench.run("Close ticket 17.", "t-1")
    bench.store.path.write_bytes(b"broken" * 1000)
    assert bench.run("Close ticket 18.", "t-2").answer == "the answer"
    assert "the plan store was passed over" in caplog.text


@pytest.mark.slow
def test_a_mid_model_plans_where_its_plan_speaks_of_everything(lab: Callable[..., Lab]) -> None:
    bench = lab()
    settings = RuntimeSettings(planner_tier="mid")
    bench.plans["mid-1"] = PLAN
    result = bench.run("Close ticket 17.", "t-1", settings)
    assert (result.answer, result.steps[0].tier) == ("the answer", "mid")
    bench.plans["mid-1"] = {"steps": [{"id": "a", "do": "do close it!", "type": "extract"}]}
    bench.plans["frontier-1"] = {"steps": [{"id": "a", "do": "do close 5 and 6!", "type": "extract"}]}
    result = bench.run("Close the tickets 5 and 6 of today.", "t-2", settings)
    plan = next(step for step in result.steps if step.role is Role.PLAN)
    assert [(a.tier, a.success) for a in plan.attempts] == [("mid", False)] * 2 + [("frontier", True)]
    assert "leaves out what the goal asks for: 5; 6" in plan.attempts[0].message


@pytest.mark.slow
def test_a_tier_whose_plans_end_badly_is_not_asked(lab: Callable[..., Lab]) -> None:
    bench = lab()
    for i in range(12):
        bench.store.note(EndedTask(f"m-{i}", "plan-and-execute", False, tier="mid"))
        bench.store.note(EndedTask(f"f-{i}", "plan-and-execute", True, tier="frontier"))
    bench.plans["mid-1"] = PLAN
    result = bench.run("Close ticket 17.", "t-1", RuntimeSettings(planner_tier="mid"))
    assert result.steps[0].tier == "frontier"


def _tools(bench: Lab) -> str:
    """What stands for a runtime without tools."""
    import sqlite3

    database = sqlite3.connect(bench.store.path)
    found = database.execute("SELECT tools FROM recipes").fetchone()[0]
    database.close()
    return str(found)
