"""Money and time hold, whatever runs side by side."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.agents.attempts.conftest import EXTRACT, IS_RIGHT, QUICK, Runner
from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.attempts import (
    Allowance,
    AttemptLoop,
    StepResult,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


def test_the_budget_holds(runner: Callable[..., Runner]) -> None:
    replies = {name: completion("wrong", (40, 50)) for name in ("small-1", "mid-1", "frontier-1")}
    running = runner(replies)
    allowance = Allowance(budget_usd=0.0012)
    result = running.run(EXTRACT, verifier=IS_RIGHT, allowance=allowance)
    assert result.failure is not None
    assert result.failure.code == "budget"
    assert "of 0.0012 USD" in result.failure.text
    assert running.asked() == ["small-1", "mid-1"], "the frontier's hundred tokens of output would cost too much"
    assert result.cost_usd == allowance.spent_usd == pytest.approx((40 + 100) * 5 / 1e6)


def test_steps_side_by_side_share_a_budget(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    server = stub(lambda *_: Reply(completion("right", (30, 100)).content, delay_seconds=0.1))
    tiers = tiers_at(server.address)
    allowance = Allowance(budget_usd=0.001)

    async def work() -> list[StepResult]:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            return await asyncio.gather(*(loop.run(EXTRACT, allowance=allowance) for _ in range(20)))

    results = asyncio.run(work())
    n_paid = sum(result.reply is not None for result in results)
    assert n_paid == len(server.requests) == 4
    assert allowance.spent_usd == pytest.approx(n_paid * 230 / 1e6)


def test_a_budget_needs_prices(stub: StartStub) -> None:
    address = stub(lambda *_: completion("right")).address
    tiers = [{"name": name, "models": [{"name": "nobody-lists-it", "base_url": address}]} for name in ("a", "b")]
    catalogue = TierCatalogue.from_mapping({"tiers": tiers})

    async def work(allowance: Allowance) -> StepResult:
        async with AsyncLocalClient(RulesRouter(catalogue)) as client, Upstreams(catalogue) as upstreams:
            return await AttemptLoop(client, upstreams).run(EXTRACT, allowance=allowance)

    assert asyncio.run(work(Allowance())).text == "right"
    with pytest.raises(CatalogueError, match="model 'nobody-lists-it' has no price"):
        asyncio.run(work(Allowance(budget_usd=1)))


def test_the_deadline_holds_and_the_attempt_that_met_it_is_recorded(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": Reply(completion("late").content, delay_seconds=3)})
    started = time.perf_counter()
    result = running.run(EXTRACT, verifier=IS_RIGHT, allowance=Allowance(deadline_seconds=0.4))
    assert time.perf_counter() - started < 2
    assert result.failure is not None
    assert result.failure.code == "deadline"
    (attempt,) = running.logged()[0].attempts
    assert attempt.success is None
    assert "timeout" in (attempt.error or "")
