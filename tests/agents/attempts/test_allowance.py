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
from tierwise.agents.attempts.allowance import AllowanceError
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


@pytest.mark.slow
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


@pytest.mark.parametrize(("cost_usd", "spent_usd"), [(None, 0.4), (0.0, 0.0), (0.1, 0.1), (0.7, 0.7)])
def test_a_call_counts_with_its_cost_or_as_long_as_nobody_knows_with_its_estimate(
    cost_usd: float | None, spent_usd: float
) -> None:
    allowance = Allowance(budget_usd=1.0)
    with allowance.reserve(0.4) as reservation:
        assert allowance.left_usd == pytest.approx(0.6)
        reservation.cost_usd = cost_usd
    assert allowance.spent_usd == pytest.approx(spent_usd)
    assert allowance.left_usd == pytest.approx(1.0 - spent_usd)


def test_money_is_given_back_and_counted_when_a_call_breaks() -> None:
    allowance = Allowance(budget_usd=1.0)
    with pytest.raises(ZeroDivisionError, match="broke"), allowance.reserve(0.4):
        raise ZeroDivisionError("broke")
    assert (allowance.left_usd, allowance.spent_usd) == (pytest.approx(0.6), 0.4)


def test_a_price_that_is_just_there_may_be_paid() -> None:
    allowance = Allowance(budget_usd=1.0)
    assert allowance.affords(1.0)
    with pytest.raises(AllowanceError, match=r"may cost 1.5 USD, and of 1 USD are 1 left") as refused:
        allowance.reserve(1.5).__enter__()
    assert refused.value.code == "budget"


def test_the_deadline_is_the_moment_at_which_nothing_is_left() -> None:
    now = [10.0]
    allowance = Allowance(deadline_seconds=2.0, clock=lambda: now[0])
    now[0] = 11.5
    allowance.check_time()
    assert allowance.left_seconds == 0.5
    now[0] = 12.0
    with pytest.raises(AllowanceError, match="the deadline has passed"):
        allowance.check_time()


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
    running = runner({"small-1": Reply(completion("late").content, delay_seconds=60)})
    started = time.perf_counter()
    result = running.run(EXTRACT, verifier=IS_RIGHT, allowance=Allowance(deadline_seconds=0.4))
    assert time.perf_counter() - started < 30
    assert result.failure is not None
    assert result.failure.code == "deadline"
    (attempt,) = running.logged()[0].attempts
    assert attempt.success is None
    assert "timeout" in (attempt.error or "")
