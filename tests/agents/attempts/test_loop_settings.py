"""How settings, the caller's words and a verifier's verdict steer the attempt loop."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.attempts.conftest import EXTRACT, QUICK, Noting, Runner, run_with
from tests.agents.conftest import Answer, Stub, completion
from tierwise.agents.attempts import (
    AttemptLoop,
    AttemptSettings,
    FunctionVerifier,
    JudgeVerifier,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError

StartStub = Callable[[Answer], Stub]


def test_a_catch_rate_that_the_caller_names_stands(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    router = Noting(tiers_at(stub(lambda *_: completion("right")).address))
    sure = FunctionVerifier(lambda _: True, catch_rate=0.9)
    run_with(router, QUICK, verifier=sure, catch_rate=0.3)
    assert [options.catch_rate for options in router.seen] == [0.3]


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        ({}, {"max_tokens": 100}),
        ({"max_tokens": 7}, {"max_tokens": 7}),
        ({"max_completion_tokens": 7}, {"max_completion_tokens": 7}),
        ({"max_tokens": None, "temperature": 0}, {"max_tokens": None}),
    ],
)
def test_the_settings_bound_the_answer_unless_the_call_does(
    runner: Callable[..., Runner], parameters: dict[str, Any], sent: dict[str, Any]
) -> None:
    running = runner({"small-1": completion("right")})
    running.run(EXTRACT, parameters=parameters)
    body = running.server.requests[0][1]
    assert {key: body[key] for key in body if key.startswith("max_")} == sent


def test_a_judge_is_asked_on_its_tier_or_dearer(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    """Whatever the router thinks of judging: a cheap judge would wave its own mistakes through."""
    passed = completion('{"passed": true, "reason": ""}')
    router = Noting(tiers_at(stub(lambda *_: passed).address))

    async def work() -> None:
        async with AsyncLocalClient(router) as client, Upstreams(router.catalogue) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            for tier in (None, "mid"):
                await loop.run(EXTRACT, verifier=JudgeVerifier(loop, "Decline.", "It is polite.", tier))

    asyncio.run(work())
    assert [options.min_tier for options in router.seen] == [None, "frontier", None, "mid"]


@pytest.mark.parametrize("name", ["max_tokens", "call_timeout_seconds", "backoff_seconds"])
def test_settings_that_make_no_sense_are_refused(name: str) -> None:
    for value in (0, -1, float("nan")):
        with pytest.raises(TierwiseError, match=f"{name} is {value}; a number above 0 is needed"):
            AttemptSettings(**{name: value})
    assert getattr(AttemptSettings(**{name: 1}), name) == 1


@pytest.mark.parametrize("name", ["n_retries", "n_repairs"])
def test_no_retries_are_fine_and_fewer_are_not(name: str) -> None:
    assert getattr(AttemptSettings(**{name: 0}), name) == 0
    with pytest.raises(TierwiseError, match=f"{name} is -1; it cannot be below 0"):
        AttemptSettings(**{name: -1})
