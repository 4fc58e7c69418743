"""``client.run``: side by side, judged by the real service, reported, and safe without it."""

import asyncio
import threading

import pytest

from tests.agents.conftest import Service
from tierwise.agents.client.clients import AsyncClient, Client
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Step
from tierwise.router_model.router import Router

STEP = Step("How many? (7)", task_type="count")
SAME = {"small": "The answer is 7.", "mid": "7", "frontier": "7"}
UNLIKE = {"small": "The answer is 7.", "mid": "812", "frontier": "8"}


def made(service: Service, catalogue: TierCatalogue) -> Client:
    return Client(service.address, tiers=catalogue, deadline_ms=5000, spool=None)


def test_two_tiers_are_asked_side_by_side_and_every_call_is_reported(
    service: Service, answered: Router, catalogue: TierCatalogue
) -> None:
    service.start(answered)
    both = threading.Barrier(2, timeout=60)

    def ask(tier: str, model: str | None) -> str:
        assert model == f"{tier}-1"
        both.wait()
        return SAME[tier]

    with made(service, catalogue) as client:
        found = client.run(STEP, ask, max_quality_loss=0.05)
        assert found.asked == ("small", "mid")
        assert found.reply == SAME[found.tier]
        assert client.flush()
        with DecisionLog.open(service.log_url, must_exist=True) as log:
            stored = log.get_decision(found.decision.decision_id)
        assert stored is not None
        attempts = [one.outcome.attempt for one in stored.outcomes]
        assert [(one.tier, one.success, one.output) for one in attempts] == [
            ("small", None, SAME["small"]),
            ("mid", None, SAME["mid"]),
        ]


def test_answers_that_differ_go_on_and_a_tier_that_fails_is_no_answer(
    service: Service, answered: Router, catalogue: TierCatalogue
) -> None:
    service.start(answered)
    with made(service, catalogue) as client:
        found = client.run(STEP, lambda tier, _: UNLIKE[tier], max_quality_loss=0.05)
        assert (found.tier, found.reply, found.asked) == ("frontier", "8", ("small", "mid", "frontier"))

        def fails(tier: str, _: str | None) -> str:
            if tier == "mid":
                raise ConnectionError("away")
            return SAME[tier]

        assert client.run(STEP, fails, max_quality_loss=0.05).tier == "frontier"
        with pytest.raises(TypeError, match="ask returned int; a text or a mapping"):
            client.run(STEP, lambda *_: 7, max_quality_loss=0.05)


def test_without_the_service_the_top_tier_is_asked_once(service: Service, catalogue: TierCatalogue) -> None:
    with made(service, catalogue) as client:
        found = client.run(STEP, lambda tier, _: SAME[tier])
        assert (found.tier, found.asked) == ("frontier", ("frontier",))

        def away(*_: object) -> str:
            raise ConnectionError("away")

        with pytest.raises(ConnectionError, match="away"):
            client.run(STEP, away)


def test_async_calls_overlap_and_are_cancelled_together(
    service: Service, answered: Router, catalogue: TierCatalogue
) -> None:
    service.start(answered)
    cancelled: list[str] = []

    async def play() -> None:
        async with AsyncClient(service.address, tiers=catalogue, deadline_ms=5000, spool=None) as client:
            both = asyncio.Barrier(2)

            async def ask(tier: str, _: str | None) -> dict[str, str]:
                await both.wait()
                return {"output": SAME[tier]}

            found = await client.run(STEP, ask, max_quality_loss=0.05)
            assert found.asked == ("small", "mid")

            hanging = asyncio.Barrier(3)

            async def hang(tier: str, _: str | None) -> str:
                try:
                    await hanging.wait()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled.append(tier)
                    raise
                return ""

            running = asyncio.create_task(client.run(STEP, hang, max_quality_loss=0.05))
            await hanging.wait()
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()

    asyncio.run(play())
    assert sorted(cancelled) == ["mid", "small"]
