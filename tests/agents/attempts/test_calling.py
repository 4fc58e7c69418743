"""Calling a tier: its models in order, retries, breakers, windows, and what a call that fails costs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.agents.attempts.conftest import EXTRACT, IS_RIGHT, QUICK, Runner
from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.attempts import Allowance, AttemptLoop, AttemptSettings, StepResult
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.agents.upstreams.upstream import Upstream
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Step
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


def test_a_success_ends_the_count_of_failures(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    """Three failures in a row leave a model alone; two, a success and two more do not."""
    replies = [Reply({}, 500), Reply({}, 500), completion("right")] * 2
    server = stub(lambda _, body: replies.pop(0) if body["model"] == "small-1" else completion("right"))
    tiers = tiers_at(server.address)

    async def work() -> None:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, replace(QUICK, n_retries=0))
            for _ in range(6):
                await loop.run(EXTRACT, verifier=IS_RIGHT)

    asyncio.run(work())
    assert [body["model"] for _, body in server.requests].count("small-1") == 6


def test_trouble_that_nobody_foresaw_counts_as_a_failure(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three in a row leave the model alone, whatever they are."""
    tiers, n_asked = tiers_at(stub(lambda *_: completion("right")).address), 0
    complete = Upstream.complete

    async def broken(upstream: Upstream, *given: Any) -> Any:
        nonlocal n_asked
        if upstream.model.name != "small-1":
            return await complete(upstream, *given)
        n_asked += 1
        raise RuntimeError("broken")

    monkeypatch.setattr(Upstream, "complete", broken)

    async def work() -> None:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            for _ in range(5):
                await AttemptLoop(client, upstreams, replace(QUICK, n_retries=0)).run(EXTRACT, verifier=IS_RIGHT)

    asyncio.run(work())
    assert n_asked == 3


@pytest.mark.parametrize("status", [500, 429, 400])
def test_a_call_that_was_not_answered_costs_nothing(runner: Callable[..., Runner], status: int) -> None:
    running = runner({name: Reply({}, status) for name in ("small-1", "mid-1", "frontier-1")})
    allowance = Allowance(budget_usd=1.0)
    running.run(EXTRACT, replace(QUICK, n_retries=0), verifier=IS_RIGHT, allowance=allowance)
    assert allowance.spent_usd == 0.0
    assert allowance.left_usd == 1.0


def test_a_call_that_timed_out_may_have_been_charged(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": Reply({}, delay_seconds=2.0)})
    allowance = Allowance(budget_usd=1.0)
    settings = replace(QUICK, n_retries=0, escalates=False, call_timeout_seconds=0.2)
    running.run(EXTRACT, settings, verifier=IS_RIGHT, allowance=allowance)
    assert allowance.spent_usd > 0


def paused(tiers: TierCatalogue, **options: Any) -> list[float]:
    """The seconds between the tries of a step that does not go up."""
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    async def work() -> None:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, replace(QUICK, escalates=False, backoff_seconds=0.5), note)
            await loop.run(EXTRACT, verifier=IS_RIGHT, **options)

    asyncio.run(work())
    return pauses


@pytest.mark.parametrize(("wish", "slept"), [("60", []), ("3", [3.0, 3.0])])
def test_it_waits_as_long_as_the_provider_asks_and_never_past_the_deadline(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue], wish: str, slept: list[float]
) -> None:
    tiers = tiers_at(stub(lambda *_: Reply({}, 429, {"retry-after": wish})).address)
    pauses = paused(tiers, allowance=Allowance(deadline_seconds=30))
    assert pauses == slept


def test_each_wait_is_twice_the_one_before(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiers = tiers_at(stub(lambda *_: Reply({}, 503)).address)
    monkeypatch.setattr("random.random", lambda: 0.5)
    assert paused(tiers) == [0.5, 1.0]


def test_a_call_that_was_not_answered_took_its_time(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": Reply({}, 404, delay_seconds=0.05)})
    running.run(EXTRACT, replace(QUICK, n_retries=0, escalates=False), verifier=IS_RIGHT)
    (attempt,) = running.logged()[0].attempts
    assert attempt.latency_ms is not None
    assert attempt.latency_ms >= 40


def test_a_model_that_refuses_a_request_is_well_and_asked_again(
    stub: StartStub, tiers_at: Callable[..., TierCatalogue]
) -> None:
    server = stub(lambda _, body: Reply({}, 400) if body["model"] == "small-1" else completion("right"))
    tiers = tiers_at(server.address)

    async def work() -> None:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            for _ in range(6):
                assert (await loop.run(EXTRACT, verifier=IS_RIGHT)).tier == "mid"

    asyncio.run(work())
    assert [body["model"] for _, body in server.requests] == ["small-1", "mid-1"] * 6


def test_passing_trouble_is_tried_again_and_is_no_failure_of_the_tier(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": [Reply({}, 503), Reply({}, 429, {"retry-after": "0"}), completion("right")]})
    result = running.run(EXTRACT, verifier=IS_RIGHT)
    assert (result.success, len(result.attempts)) == (True, 1)


def test_the_next_model_of_the_tier_stands_in(runner: Callable[..., Runner]) -> None:
    running = runner({"a": Reply({"error": "no such model"}, 404), "b": completion("right")}, small=["a", "b"])
    result = running.run(EXTRACT, verifier=IS_RIGHT)
    assert (running.asked(), result.tier) == (["a", "b"], "small")
    failed, passed = running.logged()[0].attempts
    assert (failed.model, failed.success, passed.model, passed.success) == ("a", None, "b", True)
    assert failed.error is not None
    assert failed.error.startswith("refused: ")


def test_a_model_that_keeps_failing_is_left_alone(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    server = stub(lambda _, body: Reply({}, 500) if body["model"] == "small-1" else completion("right"))
    tiers = tiers_at(server.address)

    async def work() -> None:
        async with AsyncLocalClient(RulesRouter(tiers)) as client, Upstreams(tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, AttemptSettings(n_retries=0))
            for _ in range(6):
                assert (await loop.run(EXTRACT, verifier=IS_RIGHT)).tier == "mid"

    asyncio.run(work())
    models = [body["model"] for _, body in server.requests]
    assert (models.count("small-1"), models.count("mid-1")) == (3, 6)


def test_small_context_windows_are_passed_over(stub: StartStub) -> None:
    server = stub(lambda *_: completion("right"))
    tiers = [
        {"name": name, "models": [{"name": name, "base_url": server.address, "context_window": window}]}
        for name, window in (("small", 200), ("large", 20_000))
    ]
    catalogue = TierCatalogue.from_mapping({"tiers": tiers})

    async def work() -> StepResult:
        async with AsyncLocalClient(RulesRouter(catalogue)) as client, Upstreams(catalogue) as upstreams:
            return await AttemptLoop(client, upstreams, QUICK).run(Step(text="word " * 200, task_type="extract"))

    assert asyncio.run(work()).tier == "large"


@pytest.mark.parametrize(("window", "tier"), [(120, "large"), (400, "small")])
def test_a_window_must_hold_the_answer_too(stub: StartStub, window: int, tier: str) -> None:
    """Forty words and room for a hundred tokens of answer."""
    server = stub(lambda *_: completion("right"))
    tiers = [
        {"name": name, "models": [{"name": name, "base_url": server.address, "context_window": size}]}
        for name, size in (("small", window), ("large", 20_000))
    ]
    catalogue = TierCatalogue.from_mapping({"tiers": tiers})

    async def work() -> StepResult:
        async with AsyncLocalClient(RulesRouter(catalogue)) as client, Upstreams(catalogue) as upstreams:
            return await AttemptLoop(client, upstreams, QUICK).run(Step(text="word " * 40, task_type="extract"))

    assert asyncio.run(work()).tier == tier


def test_what_was_tried_is_reported_also_when_the_money_ends_with_it(runner: Callable[..., Runner]) -> None:
    """The first model timed out and may have been charged; nothing is left for the second."""
    running = runner({"a": Reply({}, delay_seconds=2.0), "b": completion("right")}, small=["a", "b"])
    settings = replace(QUICK, n_retries=0, call_timeout_seconds=0.2)
    result = running.run(EXTRACT, settings, verifier=IS_RIGHT, allowance=Allowance(budget_usd=0.0003))
    assert result.failure is not None
    assert result.failure.code == "budget"
    assert running.asked() == ["a"]
    assert [attempt.model for attempt in result.attempts] == ["a"]
    assert [attempt.model for attempt in running.logged()[0].attempts] == ["a"]
