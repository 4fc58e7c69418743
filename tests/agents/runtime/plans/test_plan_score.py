"""A plan from below the top tier is compared with its goal, in time that grows with the goal; none comes from below the
tier of the planner."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.agents.attempts.conftest import Noting
from tests.agents.conftest import Answer, Stub
from tests.agents.runtime.script import QUICK, Script, entry, plan_of
from tests.pace import processor_time_below
from tierwise.agents.attempts import AttemptLoop, FunctionVerifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.plan_store.skeleton import skeleton_of
from tierwise.agents.runtime import Runtime, RuntimeSettings
from tierwise.agents.runtime.plans.plan import Plan, make_plan, parse_steps
from tierwise.agents.runtime.plans.plan_score import how_hard, score_plan
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue

GOAL = """Settle case K-17 for "Lamp and Sons":
- refund the order 23
- write to ada@example.org
- summarise the complaint"""


def plan(*instructions: str) -> Plan:
    steps = [{"id": f"s{i}", "instruction": text} for i, text in enumerate(instructions)]
    return make_plan(parse_steps(json.dumps({"steps": steps})), 500)


def test_a_plan_that_speaks_of_everything_is_whole() -> None:
    whole = plan('Refund 23 of case K-17 for "Lamp and Sons"', "write ada@example.org", "summarise it")
    assert score_plan(GOAL, whole).score == 1.0
    assert score_plan("Do what is right.", plan("anything")).score == 1.0


def test_what_is_left_out_is_counted_and_named() -> None:
    found = score_plan(GOAL, plan("Refund 23 of case K-17", "summarise it"))
    assert found.score == pytest.approx(1 - 3 / 7)
    assert set(found.missing) == {'"Lamp and Sons"', "ada@example.org", "write to ada@example.org"}
    assert "leaves out what the goal asks for" in found.text


def test_planning_looks_harder_with_more_to_plan() -> None:
    assert how_hard("Do it.", 0) < how_hard(GOAL, 0) < how_hard(GOAL, 20) <= 10
    assert how_hard("- a\n" * 1000, 1000) == 10


@pytest.mark.parametrize("piece", ["-.", "\n", "a", " ", '"', "1,", "@", "- a\n", "a@"])
def test_a_hostile_goal_takes_no_longer_than_another(piece: str) -> None:
    goal = piece * (100_000 // len(piece))
    with processor_time_below(2.0):
        score_plan(goal, plan("do"))
        how_hard(goal, 1)
        cut = goal[:20_000]
        skeleton_of(cut, {"one": "1", "a": "Ada", "x": "a"}).match(cut)
        skeleton_of(f"{cut}Ada, 1", {"one": "1", "a": "Ada"}).match(f"{cut}Bob, 2")


@pytest.mark.parametrize(("planner_tier", "floor"), [(None, "frontier"), ("mid", "mid")])
def test_no_plan_and_no_repair_comes_from_below_the_planners_tier(
    stub: Callable[[Answer], Stub],
    tiers_at: Callable[..., TierCatalogue],
    planner_tier: str | None,
    floor: str,
) -> None:
    """Whatever router decides: it is told of the floor. The first plan fails, and the planner mends it."""
    script = Script([plan_of(entry("a")), plan_of(entry("b"))], lambda step, *_: step)
    tiers = tiers_at(stub(script).address)
    router = Noting(tiers)

    async def work() -> None:
        async with AsyncLocalClient(router) as client, Upstreams(tiers) as upstreams:
            settings = RuntimeSettings(planner_tier=planner_tier)
            loop = AttemptLoop(client, upstreams, QUICK)
            is_b = FunctionVerifier(lambda reply: reply.text == "b", "is_b")
            assert (await Runtime(loop, settings, lambda _: is_b).run("Reach the goal.")).failure is None

    asyncio.run(work())
    planned = [options.min_tier for options in router.seen if options.min_tier is not None]
    assert len(script.prompts("Plan how")) + len(script.prompts("A plan has failed")) == 2
    assert planned[:2] == [floor, floor]
