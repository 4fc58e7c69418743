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
    Verifier,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.data.labels import outcome_table
from tierwise.data.records import Decision, Step
from tierwise.router_model.guardrails import Guardrails
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


class Noting:
    """The rules, or a decision for ``tier`` where one is given; remembers the options that it was asked with."""

    policy, version, is_slow = "rules", "noting", False

    def __init__(self, catalogue: TierCatalogue, tier: str | None = None) -> None:
        self.catalogue = catalogue
        self.guardrails = Guardrails()
        self.seen: list[DecideOptions] = []
        self._rules = RulesRouter(catalogue)
        self._tier = tier

    def decide(self, step: Step, options: DecideOptions = DecideOptions()) -> Decision:  # noqa: B008 - frozen
        self.seen.append(options)
        decision = self._rules.decide(step, options)
        return decision if self._tier is None else replace(decision, tier=self._tier, model=f"{self._tier}-1")


def run_with(router: Noting, settings: AttemptSettings, **options: Any) -> StepResult:
    """Runs one step with ``router`` deciding."""

    async def work() -> StepResult:
        async with AsyncLocalClient(router) as client, Upstreams(router.catalogue) as upstreams:
            return await AttemptLoop(client, upstreams, settings).run(EXTRACT, **options)

    return asyncio.run(work())


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


def test_a_tier_that_is_down_is_passed_by(runner: Callable[..., Runner]) -> None:
    running = runner({"small-1": Reply({}, 500), "mid-1": completion("right")})
    result = running.run(EXTRACT, verifier=IS_RIGHT)
    assert (result.tier, result.success) == ("mid", True)
    assert [attempt.success for attempt in running.logged()[0].attempts] == [None, True]


def test_when_no_model_answers_the_result_says_so(runner: Callable[..., Runner]) -> None:
    running = runner({name: Reply({}, 500) for name in ("small-1", "mid-1", "frontier-1")})
    result = running.run(EXTRACT, AttemptSettings(n_retries=0), verifier=IS_RIGHT)
    assert result.failure is not None
    assert result.failure.code == "providers"
    assert [attempt.error is not None for attempt in result.attempts] == [True] * 3


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
