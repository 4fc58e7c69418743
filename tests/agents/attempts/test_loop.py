"""The attempt loop against real servers: escalation, repair, retries, breakers, budget, deadline, and the log."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.agents.attempts.conftest import EXTRACT, IS_RIGHT, QUICK, Runner
from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.attempts import (
    Allowance,
    AttemptLoop,
    AttemptSettings,
    BlockingAttemptLoop,
    FunctionVerifier,
    JudgeVerifier,
    StepResult,
    Verdict,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Reply as Answered
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.labels import outcome_table
from tierwise.data.records import Step
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


def test_a_reply_that_passes_is_accepted_and_recorded(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": completion("right", (1000, 500))})
    result = running.run(EXTRACT, verifier=IS_RIGHT, task_id="t-1")
    assert (result.text, result.tier, result.success, result.cost_usd) == ("right", "small", True, 0.002)
    (step,) = running.logged()
    (attempt,) = step.attempts
    assert (step.task_id, attempt.model, attempt.success, attempt.evaluator) == ("t-1", "small-1", True, "is_right")
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost_usd) == (1000, 500, 0.002)
    assert running.server.requests[0][1]["max_tokens"] == 100


def test_without_a_verifier_success_stays_unknown(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": completion("whatever")})
    assert running.run(EXTRACT).success is None
    assert running.logged()[0].attempts[0].evaluator is None


def test_failures_escalate_as_outcomes_of_one_decision(runner: Callable[..., Runner]) -> None:
    replies = {"small-1": completion("wrong"), "mid-1": completion("wrong"), "frontier-1": completion("right")}
    running = runner(replies)
    result = running.run(EXTRACT, verifier=IS_RIGHT, report_extra={"failure_origin": "executor"})
    assert (result.tier, result.success) == ("frontier", True)
    assert [attempt.kind for attempt in result.attempts] == ["first", "escalation", "escalation"]
    (step,) = running.logged()
    assert [(a.tier, a.success, a.extra.get("failure_origin")) for a in step.attempts] == [
        ("small", False, "executor"),
        ("mid", False, "executor"),
        ("frontier", True, None),
    ]
    table = outcome_table([step], running.tiers.names)
    assert (table.first[0], table.last[0], table.is_complete[0]) == (2, 2, True)


@pytest.mark.parametrize(
    ("of_the_top", "taken"), [("harmless", "harmless"), ("wrong", None), ("right", "right"), (None, "harmless")]
)
def test_a_failed_reply_that_stands_is_taken_where_no_tier_gives_a_better_one(
    runner: Callable[..., Runner], of_the_top: str | None, taken: str | None
) -> None:
    class Lenient:
        name, catch_rate = "lenient", None

        async def check(self, reply: Answered, _: Allowance) -> Verdict:
            return Verdict(reply.text == "right", "no", stands=reply.text == "harmless")

    top = (500, {}) if of_the_top is None else completion(of_the_top)
    running = runner({"small-1": completion("wrong"), "mid-1": completion("harmless"), "frontier-1": top})
    result = running.run(EXTRACT, replace(QUICK, n_retries=0), verifier=Lenient())
    assert (None if result.reply is None else result.text) == taken
    assert (result.failure is None) == (taken is not None)
    assert [attempt.success for attempt in running.logged()[0].attempts][:2] == [False, False]


def test_a_repair_is_a_step_of_its_own(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": [completion("wrong"), completion("right")]})
    verifier = FunctionVerifier(lambda reply: reply.text == "right" or "say right", "is_right")
    result = running.run(EXTRACT, AttemptSettings(), verifier=verifier, task_id="t-1")
    assert [(a.kind, a.success) for a in result.attempts] == [("first", False), ("repair", True)]
    first, repair = running.logged()
    assert [attempt.success for attempt in first.attempts] == [False]
    assert (repair.step.retry, repair.step.previous_error, repair.task_id) == (1, "say right", "t-1")
    assert [(attempt.tier, attempt.success) for attempt in repair.attempts] == [("small", True)]
    conversation = running.server.requests[1][1]["messages"]
    assert [message["role"] for message in conversation] == ["user", "assistant", "user"]
    assert "say right" in conversation[2]["content"]


def test_a_repair_that_fails_is_followed_by_an_escalation(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": completion("wrong"), "mid-1": completion("right")})
    result = running.run(EXTRACT, AttemptSettings(), verifier=IS_RIGHT)
    assert [(a.kind, a.tier) for a in result.attempts] == [
        ("first", "small"),
        ("repair", "small"),
        ("escalation", "mid"),
    ]
    assert len(running.server.requests[2][1]["messages"]) == 1, "the dearer tier gets the task as it was"
    assert [len(step.attempts) for step in running.logged()] == [2, 1]


def test_limits_of_the_caller_end_the_escalation(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": completion("wrong"), "mid-1": completion("wrong")})
    result = running.run(EXTRACT, verifier=IS_RIGHT, max_tier="mid")
    assert (running.asked(), result.success) == (["small-1", "mid-1"], False)
    assert result.failure is not None
    assert (result.failure.code, result.reply, result.text) == ("verification", None, "")
    only = running.run(EXTRACT, AttemptSettings(n_repairs=0, escalates=False), verifier=IS_RIGHT)
    assert [attempt.tier for attempt in only.attempts] == ["small"]


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


def test_a_tier_that_is_down_is_passed_by(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": Reply({}, 500), "mid-1": completion("right")})
    result = running.run(EXTRACT, verifier=IS_RIGHT)
    assert (result.tier, result.success) == ("mid", True)
    assert [attempt.success for attempt in running.logged()[0].attempts] == [None, True]


def test_when_no_model_answers_the_result_says_so(runner: Callable[..., Runner]) -> None:
    running = runner({name: Reply({}, 500) for name in ("small-1", "mid-1", "frontier-1")})
    result = running.run(EXTRACT, AttemptSettings(n_retries=0), verifier=IS_RIGHT)
    assert result.failure is not None
    assert (result.failure.code, result.success) == ("providers", False)
    assert [attempt.error is not None for attempt in result.attempts] == [True] * 3


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


def test_a_judge_is_a_step_too(runner: Callable[..., Runner]) -> None:
    verdicts = [completion('{"passed": false, "reason": "too curt"}'), completion('{"passed": true, "reason": ""}')]
    running = runner({"small-1": completion("no"), "mid-1": completion("no, thank you"), "frontier-1": verdicts})

    async def work() -> StepResult:
        client = AsyncLocalClient(RulesRouter(running.tiers), log_url=running.log_url)
        async with client, Upstreams(running.tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            judge = JudgeVerifier(loop, "Decline.", "It is polite.")
            return await loop.run(EXTRACT, verifier=judge, allowance=Allowance(budget_usd=1))

    result = asyncio.run(work())
    assert (result.text, result.attempts[0].message) == ("no, thank you", "too curt")
    assert running.asked() == ["small-1", "frontier-1", "mid-1", "frontier-1"]
    roles = [step.step.extra.get("role") for step in running.logged()]
    assert roles.count("judge") == 2


def test_a_judge_that_answers_out_of_form_says_nothing(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": completion("no"), "frontier-1": completion('{"passed": "perhaps", "reason": 3}')})

    async def work() -> StepResult:
        async with AsyncLocalClient(RulesRouter(running.tiers)) as client, Upstreams(running.tiers) as upstreams:
            loop = AttemptLoop(client, upstreams, QUICK)
            return await loop.run(EXTRACT, verifier=JudgeVerifier(loop, "Decline.", "It is polite."))

    result = asyncio.run(work())
    assert (result.text, result.success) == ("no", None)
    assert "'perhaps' is not of type 'boolean'" in result.attempts[0].message


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


def test_code_that_is_not_async_runs_steps_too(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    server = stub(lambda *_: completion("right"))
    tiers = tiers_at(server.address)
    loop = AttemptLoop(AsyncLocalClient(RulesRouter(tiers)), Upstreams(tiers), QUICK)
    with BlockingAttemptLoop(loop) as blocking, ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: blocking.run(EXTRACT, verifier=IS_RIGHT, max_tier="mid"), range(8)))
    assert [result.success for result in results] == [True] * 8
    assert server.n_connections <= 4


def test_the_decided_model_is_tried_first(stub: StartStub, tiers_at: Callable[..., TierCatalogue]) -> None:
    server = stub(lambda *_: completion("right"))
    tiers = tiers_at(server.address, small=["a", "b"])

    class Choosing(RulesRouter):
        def decide(self, step: Step, options: DecideOptions = DecideOptions()) -> Any:  # noqa: B008 - frozen
            return replace(RulesRouter.decide(self, step, options), model="b")

    async def work() -> None:
        async with AsyncLocalClient(Choosing(tiers)) as client, Upstreams(tiers) as upstreams:
            await AttemptLoop(client, upstreams, QUICK).run(EXTRACT)

    asyncio.run(work())
    assert [body["model"] for _, body in server.requests] == ["b"]
