"""The attempt loop runs the course of a step: opinions side by side, judged, reported, or the next tier."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agents.attempts.conftest import QUICK, StartStub
from tests.agents.conftest import Reply
from tierwise.agents.attempts import Allowance, AttemptLoop, AttemptSettings, FunctionVerifier, StepResult
from tierwise.agents.attempts.together import all_or_none
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import Model, Tier, TierCatalogue
from tierwise.data.courses import ran_course
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep, Logprobs, Step
from tierwise.router_model.router import Router

STEP = Step("How many? (7)", task_type="count")
WITH_COURSES = replace(QUICK, courses=True)
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class World:
    """A loop with the learned router over one stub whose models say what ``says`` holds."""

    def __init__(self, router: Router, start: StartStub, log_url: str) -> None:
        self.says: dict[str, Any] = {"small-1": "It is 7.", "mid-1": "**7**", "frontier-1": "7"}
        self.refuses_logprobs = False
        self.server = start(self._answer)
        self._router, self._log_url = router, log_url
        address = f"{self.server.address}/v1"
        self._tiers = TierCatalogue(
            tuple(Tier(tier.name, (Model(f"{tier.name}-1", base_url=address),)) for tier in router.catalogue.tiers)
        )

    def run(
        self, settings: AttemptSettings = WITH_COURSES, client_class: Any = AsyncLocalClient, **options: Any
    ) -> StepResult:
        async def work() -> StepResult:
            client = client_class(self._router, log_url=self._log_url)
            async with client, Upstreams(self._tiers) as upstreams:
                loop = AttemptLoop(client, upstreams, settings)
                return await loop.run(STEP, max_quality_loss=0.05, **options)

        return asyncio.run(work())

    def asked(self) -> list[str]:
        return sorted(body["model"].removesuffix("-1") for _, body in self.server.requests)

    def logged(self) -> LoggedStep:
        with DecisionLog.open(self._log_url) as log:
            (step,) = log.logged_steps()
            return step

    def _answer(self, path: str, body: Any) -> Reply:
        del path
        said = self.says[body["model"]]
        if isinstance(said, int):
            return Reply({"error": {"message": "broken"}}, said)
        if isinstance(said, float):
            time.sleep(said)
        message = {"role": "assistant", "content": None} | (said if isinstance(said, dict) else {"content": str(said)})
        told = {"content": [{"token": "7", "logprob": -0.25}, {"token": ".", "logprob": -0.75}]}
        if body.get("logprobs") and self.refuses_logprobs:
            return Reply({"error": {"message": "unsupported parameter: logprobs", "param": "logprobs"}}, 400)
        logprobs = told if body.get("logprobs") else None
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": logprobs}
        return Reply({"id": "c", "choices": [choice], "usage": USAGE})


@pytest.fixture
def world(answered: Router, stub: StartStub, tmp_path: Path) -> World:
    return World(answered, stub, f"sqlite:///{tmp_path}/decisions.db")


@pytest.mark.slow
def test_opinions_that_agree_are_used(world: World) -> None:
    result = world.run()
    assert world.asked() == ["mid", "small"]
    assert result.reply is not None
    assert result.reply.model == result.attempts[-1].model
    assert {attempt.kind for attempt in result.attempts} == {"opinion"}
    logged = world.logged()
    assert ran_course(logged)
    assert sorted(bool(attempt.extra["is_used"]) for attempt in logged.attempts) == [False, True]


def test_what_an_opinion_said_and_how_sure_its_model_was_is_judged_and_logged(world: World) -> None:
    world.says["mid-1"] = "812"
    world.run()
    logged = {attempt.tier: attempt for attempt in world.logged().attempts}
    assert (logged["small"].output, logged["mid"].output, logged["frontier"].output) == ("It is 7.", "812", None)
    assert logged["small"].logprobs == logged["mid"].logprobs == Logprobs(-0.5, -0.75, 2)
    assert logged["frontier"].logprobs is None
    asked = {body["model"]: body.get("logprobs") for _, body in world.server.requests}
    assert asked == {"small-1": True, "mid-1": True, "frontier-1": None}


def test_a_model_that_gives_no_log_probabilities_is_asked_without(world: World) -> None:
    world.refuses_logprobs = True
    assert world.run().reply is not None
    assert [attempt.logprobs for attempt in world.logged().attempts] == [None, None]


def test_opinions_that_differ_go_on_to_the_top(world: World) -> None:
    world.says["mid-1"] = "812"
    result = world.run()
    assert (result.tier, result.text) == ("frontier", "7")
    assert [attempt.extra["course"]["otherwise"] for attempt in world.logged().attempts] == ["frontier"] * 3


def test_an_opinion_that_the_verifier_refuses_is_none(world: World) -> None:
    result = world.run(verifier=FunctionVerifier(lambda reply: reply.text != "**7**", "no_stars"))
    assert (world.asked(), result.tier) == (["frontier", "mid", "small"], "frontier")


def test_a_model_that_fails_sends_the_step_to_the_top(world: World) -> None:
    world.says["mid-1"] = 400
    result = world.run()
    assert (result.tier, result.success) == ("frontier", None)


@pytest.mark.parametrize(("settings", "options"), [(QUICK, {}), (WITH_COURSES, {"courses": False})])
def test_without_the_setting_or_against_the_callers_word_a_step_runs_once(
    world: World, settings: AttemptSettings, options: dict[str, Any]
) -> None:
    world.run(settings, **options)
    assert len(world.asked()) == 1
    assert not ran_course(world.logged())


class _Broken(AsyncLocalClient):
    async def accept(self, *_: Any, **__: Any) -> object:
        raise ValueError("odd")


class _Odd(AsyncLocalClient):
    async def accept(self, *_: Any, **__: Any) -> object:
        return {
            "accept": ["small"],
            "reason": {"code": {"a": 1}},
            "p_success": {"small": "x" * 100_000, "mid": 7, 5: 0.5},
        }


def test_a_judge_that_breaks_sends_the_step_to_the_top(world: World) -> None:
    assert world.run(client_class=_Broken).tier == "frontier"


def test_what_an_odd_judge_says_is_not_logged(world: World) -> None:
    assert world.run(client_class=_Odd).tier == "frontier"
    acceptances = [each.extra["acceptance"] for each in world.logged().attempts if "acceptance" in each.extra]
    assert acceptances == [{"accepted": None, "reason": None, "p_success": {}}] * 2


@pytest.mark.parametrize("name", ["", 5, "x" * 100_000])
@pytest.mark.parametrize("arguments", ["{", 5, [], "[" * 50_000])
def test_odd_calls_of_models_are_a_result(world: World, name: Any, arguments: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    world.says |= {"small-1": {"tool_calls": [call]}, "mid-1": {"tool_calls": [call, None, 5]}}
    assert world.run().reply is not None


def test_in_time_an_opinion_is_better_than_nothing(world: World) -> None:
    world.says["mid-1"] = 5.0
    result = world.run(allowance=Allowance(deadline_seconds=1.0))
    assert (result.tier, result.text, result.failure) == ("small", "It is 7.", None)


def test_where_one_of_several_raises_none_goes_on() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(5):  # what it has to put away takes a while
                await asyncio.sleep(0)
            ended.append("slow")

    async def broken() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    async def work() -> None:
        with pytest.raises(KeyError, match="x"):
            await all_or_none([slow(), broken()])
        assert ended == ["slow"]

    asyncio.run(work())
