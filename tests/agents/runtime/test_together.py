"""Tasks side by side under one budget, and tasks that are cancelled."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub
from tests.agents.runtime.forty_calls import N_STEPS, PLAN, World, carry_out, work
from tests.agents.runtime.script import Script, Workshop, entry, plan_of
from tierwise.agents.attempts import Allowance
from tierwise.agents.runtime import GoalToRun, RunResult, RuntimeSettings, run_together
from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import TierwiseError

ITEMS = sorted(f"s{i}" for i in range(N_STEPS))


def together(bench: Workshop, goals: list[GoalToRun | str], **options: Any) -> list[RunResult]:
    async def run() -> list[RunResult]:
        settings = RuntimeSettings(max_plan_tokens=500)
        async with bench.runtime((), settings=settings, journal_folder=bench.journals) as runtime:
            return await run_together(runtime, goals, **options)

    return asyncio.run(run())


@pytest.mark.slow
def test_tasks_share_one_budget_and_none_overspends(workshop: Callable[..., Workshop]) -> None:
    bench = workshop(plan_of(*(entry(f"s{i}") for i in range(4))))
    goals: list[GoalToRun | str] = [GoalToRun("Reach it.", f"t-{i}") for i in range(8)]
    whole = sum(result.cost_usd for result in together(bench, goals))
    again: list[GoalToRun | str] = [GoalToRun("Reach it.", f"u-{i}") for i in range(8)]
    results = together(bench, again, budget_usd=whole / 2 + 0.04, n_at_once=3)
    assert 0 < sum(result.cost_usd for result in results) <= whole / 2 + 0.04
    codes = [result.failure.code if result.failure else "answered" for result in results]
    assert set(codes) == {"answered", "budget"}
    assert [result.task_id for result in results] == [f"u-{i}" for i in range(8)]


def test_a_task_has_a_budget_of_its_own_too(workshop: Callable[..., Workshop]) -> None:
    bench = workshop(plan_of(entry("a")))
    poor = GoalToRun("Reach it.", "t-1", budget_usd=0.0001)
    one, other = together(bench, [poor, GoalToRun("Reach it.", "t-2")], budget_usd=10.0)
    assert (one.failure and one.failure.code, other.answer) == ("budget", "the answer")


@pytest.mark.slow
def test_a_task_that_cannot_begin_stops_no_other(workshop: Callable[..., Workshop]) -> None:
    bench = workshop(plan_of(entry("a")))
    together(bench, [GoalToRun("Reach it.", "t-1")])
    again, new = together(bench, [GoalToRun("Reach it.", "t-1"), "Reach it."])
    assert again.failure is not None
    assert (again.failure.code, new.answer) == ("refused", "the answer")
    assert "was begun before" in again.failure.text
    with pytest.raises(TierwiseError, match="n_at_once is 0"):
        together(bench, [], n_at_once=0)


def test_an_allowance_within_another_takes_from_both() -> None:
    shared = Allowance(1.0)
    one, other = Allowance(0.8, within=shared), Allowance(within=shared)
    with one.reserve(0.5) as reservation:
        assert (one.left_usd, other.left_usd) == (pytest.approx(0.3), pytest.approx(0.5))
        reservation.cost_usd = 0.4
    assert (shared.spent_usd, one.spent_usd, other.spent_usd) == (0.4, 0.4, 0.0)
    with pytest.raises(TierwiseError, match=r"of 1 USD are 0\.6 left"), other.reserve(0.7):
        pass
    with pytest.raises(TierwiseError, match=r"of 0\.8 USD are 0\.4 left"), one.reserve(0.5):
        pass
    assert Allowance(within=Allowance(None, -1.0)).left_seconds < 0


class Cancelling:
    """The scripted models; the task is cancelled when they are asked for the ``n``-th time."""

    def __init__(self, n: int) -> None:
        self.script = Script([PLAN], work)
        self.n = n
        self.cancel: Callable[[], object] = lambda: None

    def __call__(self, path: str, body: Any) -> Reply:
        reply = self.script(path, body)
        if len(self.script.bodies) == self.n:
            self.cancel()
        return reply


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_cancelled_task_leaves_a_log_that_holds_and_can_be_resumed(
    seed: int, stub: Callable[[Answer], Stub], tmp_path: Path
) -> None:
    models = Cancelling(random.Random(seed).randint(1, 39))
    address = stub(models).address

    async def run() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.create_task(carry_out(tmp_path, address, False))
        models.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    with DecisionLog.open(f"sqlite:///{tmp_path}/log.db") as log:
        steps = list(log.logged_steps())
    assert all(step.attempts for step in steps), "every decision has an outcome"
    cancelled = [a for step in steps for a in step.attempts if a.error == "cancelled"]
    assert cancelled
    assert {(a.success, a.cost_usd) for a in cancelled} == {(None, None)}
    records = [json.loads(line) for line in (tmp_path / "tasks" / "t-1.jsonl").read_text().splitlines()]
    begun = [record["call_id"] for record in records if record["record"] == "begun"]
    assert len(begun) == len(set(begun))
    assert asyncio.run(carry_out(tmp_path, address, True)) == "the answer"
    assert World(tmp_path / "world").state() == (ITEMS, ITEMS)
