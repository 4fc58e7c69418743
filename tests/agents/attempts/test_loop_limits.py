"""What the attempt loop asks of the router, and how far the answer binds it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.agents.attempts.conftest import EXTRACT, IS_RIGHT, QUICK, Noting, Runner, run_with
from tests.agents.conftest import Answer, Stub, completion
from tierwise.agents.attempts import (
    Allowance,
    AttemptLoop,
    AttemptSettings,
    FunctionVerifier,
    Verifier,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue

StartStub = Callable[[Answer], Stub]


def test_a_known_catch_rate_and_the_money_left_reach_the_router(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue]
) -> None:
    router = Noting(tiers_at(stub(lambda *_: completion("right")).address))

    async def work() -> None:
        async with AsyncLocalClient(router) as client, Upstreams(router.catalogue) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            sure: Verifier = FunctionVerifier(lambda _: True, catch_rate=0.9)
            await loop.run(EXTRACT, verifier=sure, allowance=Allowance(budget_usd=1.0))
            await loop.run(EXTRACT, verifier=IS_RIGHT)
            alone = AttemptLoop(client, upstreams, AttemptSettings(escalates=False))
            await alone.run(EXTRACT, verifier=sure)

    asyncio.run(work())
    assert [(options.catch_rate, options.max_cost_usd) for options in router.seen] == [
        (0.9, 1.0),
        (None, None),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("budget_usd", "asked_usd", "expected"), [(0.5, 2.0, 0.5), (2.0, 0.5, 0.5), (0.5, None, 0.5), (None, 2.0, 2.0)]
)
def test_the_router_hears_of_the_smaller_of_limit_and_money_left(
    stub: StartStub,
    tiers_at: Callable[..., TierCatalogue],
    budget_usd: float | None,
    asked_usd: float | None,
    expected: float,
) -> None:
    router = Noting(tiers_at(stub(lambda *_: completion("right")).address))
    limit = {} if asked_usd is None else {"max_cost_usd": asked_usd}
    run_with(router, QUICK, allowance=Allowance(budget_usd=budget_usd), **limit)
    assert [options.max_cost_usd for options in router.seen] == [expected]


def test_overspent_money_is_no_negative_limit(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    router = Noting(tiers_at(stub(lambda *_: completion("right")).address))
    allowance = Allowance(budget_usd=0.1)
    allowance.spent_usd = 0.3
    assert run_with(router, QUICK, allowance=allowance).failure is not None
    assert [options.max_cost_usd for options in router.seen] == [0.0]


def test_a_decision_above_the_callers_limit_is_run_there_and_goes_no_further(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue]
) -> None:
    """A fallback may have to ignore the limit; the step is still tried, once."""
    server = stub(lambda *_: completion("wrong"))
    router = Noting(tiers_at(server.address), tier="mid")
    result = run_with(router, QUICK, verifier=IS_RIGHT, max_tier="small")
    assert [body["model"] for _, body in server.requests] == ["mid-1"]
    assert [attempt.tier for attempt in result.attempts] == ["mid"]


def test_a_repair_is_decided_for_the_same_tier_whatever_the_router_would_like(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue]
) -> None:
    replies = [completion("wrong"), completion("right")]
    router = Noting(tiers_at(stub(lambda *_: replies.pop(0)).address), tier="mid")
    result = run_with(router, AttemptSettings(), verifier=IS_RIGHT, min_tier="small", step_id="s-1")
    assert [(options.min_tier, options.max_tier) for options in router.seen] == [("small", None), ("mid", "mid")]
    assert [attempt.tier for attempt in result.attempts] == ["mid", "mid"]


def test_each_repair_counts_up_from_the_steps_own_retries(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": [completion("wrong"), completion("wrong"), completion("right")]})
    settings = AttemptSettings(n_repairs=2)
    running.run(replace(EXTRACT, retry=3), settings, verifier=IS_RIGHT, step_id="s-1", max_tier="small")
    logged = {step.step_id: step.step.retry for step in running.logged()}
    assert logged == {"s-1": 3, "s-1.retry4": 4, "s-1.retry5": 5}
