"""Whole runs against a stub of models: concurrency, escalation, recovery, failures with their origin, budget, log."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.agents.attempts import AttemptLoop, AttemptSettings, FunctionVerifier, Verifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.runtime import Origin, PlanStep, Role, RunResult, Runtime, RuntimeSettings
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import CatalogueError, TierwiseError
from tierwise.data.records import LoggedStep
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]
QUICK = AttemptSettings(backoff_seconds=0.01, n_repairs=0, n_retries=0, max_tokens=50)


def steps(*entries: dict[str, Any]) -> str:
    return json.dumps({"steps": list(entries)})


def entry(step_id: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    known = {"id": step_id, "instruction": f"do {step_id}!", "depends_on": list(depends_on)}
    return known | {"task_type": "extract", "input_complexity": 2} | more


class Model:
    """Stands for all models: planners get ``plans`` one after the other, workers answer by ``work(model, prompt)``."""

    def __init__(self, plans: list[str], work: Callable[[str, str], str | Reply] = lambda *_: "done") -> None:
        self.plans = plans
        self.work = work
        self.prompts: list[tuple[str, str]] = []

    def __call__(self, _: str, body: Any) -> Reply:
        prompt = body["messages"][0]["content"]
        self.prompts.append((body["model"], prompt))
        if prompt.startswith(("Plan how", "A plan has failed")):
            return completion(self.plans.pop(0) if len(self.plans) > 1 else self.plans[0])
        if prompt.startswith("Write the final answer"):
            return completion("the answer")
        answer = self.work(body["model"], prompt)
        return answer if isinstance(answer, Reply) else completion(answer)


class Lab:
    def __init__(self, model: Model, tiers: TierCatalogue, log_url: str) -> None:
        self.model = model
        self.tiers = tiers
        self.log_url = log_url

    def run(
        self,
        settings: RuntimeSettings | None = None,
        verifier_for: Callable[[PlanStep], Verifier | None] = lambda _: None,
        attempts: AttemptSettings = QUICK,
        **options: Any,
    ) -> RunResult:
        async def work() -> RunResult:
            client = AsyncLocalClient(RulesRouter(self.tiers), log_url=self.log_url)
            async with client, Upstreams(self.tiers) as upstreams:
                runtime = Runtime(AttemptLoop(client, upstreams, attempts), settings, verifier_for)
                return await runtime.run("Reach the goal.", task_id="t-1", **options)

        return asyncio.run(work())

    def logged(self) -> dict[str, LoggedStep]:
        with DecisionLog.open(self.log_url) as log:
            return {step.step_id: step for step in log.logged_steps()}

    def workers(self) -> list[str]:
        return [prompt for _, prompt in self.model.prompts if prompt.startswith("do ")]


@pytest.fixture
def lab(stub: StartStub, tiers_at: Callable[..., TierCatalogue], tmp_path: Path) -> Callable[..., Lab]:
    def make(*args: Any) -> Lab:
        model = Model(*args)
        return Lab(model, tiers_at(stub(model).address), f"sqlite:///{tmp_path}/log.db")

    return make


def says(word: str) -> Callable[[PlanStep], Verifier]:
    return lambda _: FunctionVerifier(lambda reply: word in reply.text, "says")


def test_a_goal_is_planned_executed_and_answered(lab: Callable[..., Lab]) -> None:
    plan = steps(entry("a"), entry("b"), entry("c", "a", "b", input_complexity=5, task_type="reason"))
    running = lab([plan], lambda _, prompt: f"result of {prompt[3]}")
    result = running.run()
    assert (result.answer, result.failure) == ("the answer", None)
    assert [(trace.role, trace.tier) for trace in result.steps] == [
        (Role.PLAN, "frontier"),
        (Role.EXECUTE, "small"),
        (Role.EXECUTE, "small"),
        (Role.EXECUTE, "mid"),
        (Role.SYNTHESISE, "frontier"),
    ]
    assert "[a] result of a\n[b] result of b" in running.workers()[2]
    assert result.cost_usd == pytest.approx(120 * (1 + 1 + 4 + 16 + 16) / 1e6)
    assert {tier: spent.n_calls for tier, spent in result.by_tier().items()} == {"frontier": 2, "small": 2, "mid": 1}
    assert json.loads(json.dumps(result.to_dict()))["n_calls"] == 5


def test_every_call_is_a_step_of_the_log(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"), entry("b", "a"))])
    running.run(session_id="c-1")
    logged = running.logged()
    assert {name: (s.step.extra["role"], s.step.extra["depends_on"]) for name, s in logged.items()} == {
        "t-1.plan": ("plan", []),
        "t-1/a": ("execute", []),
        "t-1/b": ("execute", ["t-1/a"]),
        "t-1.answer": ("synthesise", ["t-1/b"]),
    }
    assert logged["t-1/b"].step.extra["plan_step"] == "b"
    assert {(s.task_id, s.session_id) for s in logged.values()} == {("t-1", "c-1")}
    assert sorted(s.step.step_index for s in logged.values() if s.step.step_index is not None) == [0, 1, 2, 3]
    assert logged["t-1.answer"].step.human_visible


def test_independent_steps_run_side_by_side_within_the_limit(lab: Callable[..., Lab]) -> None:
    slow = Reply(completion("done").content, delay_seconds=0.3)
    running = lab([steps(*(entry(f"s{i}") for i in range(6)))], lambda *_: slow)
    result = running.run(RuntimeSettings(max_concurrency=3))
    assert result.answer == "the answer"
    spans = [(t.started_ms, t.finished_ms) for t in result.steps if t.role is Role.EXECUTE]
    assert 1 < max(sum(start <= other < end for start, end in spans) for other, _ in spans) <= 3


def test_a_step_that_fails_goes_up_a_tier(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"))], lambda model, _: "good" if model == "mid-1" else "bad")
    result = running.run(verifier_for=says("good"))
    assert result.answer == "the answer"
    assert [(a.tier, a.success) for a in result.steps[1].attempts] == [("small", False), ("mid", True)]
    assert running.logged()["t-1/a"].attempts[0].extra == {"failure_origin": "executor"}


def test_a_schema_of_the_plan_is_checked_and_told_to_the_worker(lab: Callable[..., Lab]) -> None:
    schema = {"type": "object", "required": ["total"]}
    running = lab(
        [steps(entry("a", response_schema=schema))], lambda model, _: "{}" if model[0] == "s" else '{"total": 1}'
    )
    result = running.run(verifier_for=says("total"))
    assert [a.success for a in result.steps[1].attempts] == [False, True]
    assert json.dumps(schema) in running.workers()[0]


def test_what_a_person_sees_is_written_by_the_tier_that_is_set(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"), entry("b", human_visible=True))])
    tiers = {trace.step_id: trace.tier for trace in running.run(RuntimeSettings(human_visible_tier="mid")).steps}
    assert tiers == {"t-1.plan": "frontier", "t-1/a": "small", "t-1/b": "mid", "t-1.answer": "frontier"}


def test_a_planner_that_talks_is_asked_again(lab: Callable[..., Lab]) -> None:
    running = lab(["I would first look at it.", steps(entry("a"))])
    result = running.run(attempts=AttemptSettings(n_repairs=1))
    assert result.answer == "the answer"
    logged = running.logged()
    assert logged["t-1.plan"].attempts[0].extra == {"failure_origin": "planner"}
    assert logged["t-1.plan.retry1"].attempts[0].success
    assert "the answer holds no plan" in (logged["t-1.plan.retry1"].step.previous_error or "")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("I would first look at it.", "the answer holds no plan"),
        (steps(entry("a", "b"), entry("b", "a")), "wait for each other in a circle"),
        (steps(entry("a", "z")), "step 'a' depends on 'z', which is not in the plan"),
        (steps(*(entry(f"s{i}") for i in range(501))), "501 steps; at most 500"),
    ],
)
def test_a_planner_that_never_plans_ends_the_run_before_any_step(
    plan: str, message: str, lab: Callable[..., Lab]
) -> None:
    running = lab([plan])
    result = running.run(attempts=AttemptSettings(n_repairs=1))
    assert result.failure is not None
    assert (result.answer, result.failure.code, result.failure.origin) == (None, "plan", Origin.PLANNER)
    assert message in result.failure.text
    assert running.workers() == []
    assert [trace.role for trace in result.steps] == [Role.PLAN]


@pytest.mark.slow
def test_five_hundred_steps_run(lab: Callable[..., Lab]) -> None:
    chain = [entry("s0"), *(entry(f"s{i}", f"s{i - 1}" if i % 2 else f"s{i // 2}") for i in range(1, 500))]
    running = lab([steps(*chain)])
    result = running.run(budget_usd=1.0)
    assert (result.answer, len(result.steps), result.cost_usd < 1.0) == ("the answer", 502, True)


def test_a_failed_branch_goes_back_to_the_planner(lab: Callable[..., Lab]) -> None:
    plans = [
        steps(entry("a"), entry("b", "a"), entry("c", "b"), entry("d")),
        steps(entry("b2", "a"), entry("c2", "b2")),
    ]
    running = lab(plans, lambda _, prompt: "bad" if prompt.startswith("do b!") else "good")
    result = running.run(verifier_for=says("good"))
    assert result.answer == "the answer"
    assert [sorted(step.step_id for step in plan.steps) for plan in result.plans] == [
        ["a", "b", "c", "d"],
        ["a", "b2", "c2", "d"],
    ]
    assert len(running.workers()) == 1 + 3 + 1 + 2, "b on three tiers; a and d are not done again; c never started"
    logged = running.logged()
    assert logged["t-1.repair1"].step.extra == {"role": "repair", "depends_on": ["t-1/b"]}
    repair = next(prompt for _, prompt in running.model.prompts if prompt.startswith("A plan has failed"))
    assert "[a] good" in repair
    assert "- b: " in repair


def test_a_repair_that_uses_an_id_again_is_refused(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"))], lambda *_: "bad")
    result = running.run(verifier_for=says("good"))
    assert result.failure is not None
    assert (result.failure.origin, result.failure.step_id) == (Origin.PLANNER, "t-1.repair1")
    assert "the id 'a' was used before" in result.failure.text


@pytest.mark.slow
def test_a_step_that_never_succeeds_ends_the_run_with_its_origin(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a")), steps(entry("a2")), steps(entry("a3"))], lambda *_: "bad")
    result = running.run(verifier_for=says("good"))
    assert result.failure is not None
    assert (result.failure.code, result.failure.origin, result.failure.step_id) == (
        "verification",
        Origin.EXECUTOR,
        "t-1/a3",
    )
    assert len(running.workers()) == 9
    assert [trace.origin for trace in result.steps if trace.failure] == [Origin.EXECUTOR] * 3


def test_an_answer_that_lacks_what_the_next_step_needs_is_a_failed_handoff(lab: Callable[..., Lab]) -> None:
    plans = [steps(entry("a"), entry("b", inputs={"total": "a.total"})), steps(entry("b2", "a"))]
    running = lab(plans, lambda *_: '{"sum": 7}')
    result = running.run()
    assert result.answer == "the answer"
    (failed,) = [trace for trace in result.steps if trace.failure]
    assert (failed.plan_step, failed.origin, failed.attempts) == ("b", Origin.HANDOFF, ())
    (outcome,) = running.logged()["t-1/b"].attempts
    assert (outcome.success, outcome.extra) == (None, {"failure_origin": "handoff"})
    assert "the answer of 'a' has no 'total'" in (outcome.error or "")


@pytest.mark.slow
def test_the_budget_holds_whatever_the_plan(lab: Callable[..., Lab]) -> None:
    running = lab([steps(*(entry(f"s{i}") for i in range(200)))], lambda *_: "bad")
    settings = RuntimeSettings(max_plan_tokens=500)
    result = running.run(settings, verifier_for=says("good"), budget_usd=0.03)
    assert result.failure is not None
    assert (result.failure.code, result.answer) == ("budget", None)
    assert 0 < result.cost_usd <= 0.03
    assert len(running.workers()) < 200


def test_a_budget_that_pays_for_no_plan(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"))])
    result = running.run(budget_usd=0.001)
    assert (result.cost_usd, running.model.prompts, result.failure and result.failure.code) == (0.0, [], "budget")


def test_the_deadline_holds(lab: Callable[..., Lab]) -> None:
    late = Reply(completion("done").content, delay_seconds=60)
    running = lab([steps(*(entry(f"s{i}") for i in range(20)))], lambda *_: late)
    started = time.perf_counter()
    result = running.run(deadline_seconds=1.0)
    assert time.perf_counter() - started < 30
    assert result.failure is not None
    assert result.failure.code == "deadline"


def test_an_answer_may_be_verified_too(lab: Callable[..., Lab]) -> None:
    running = lab([steps(entry("a"))])
    result = running.run(verifier=FunctionVerifier(lambda reply: "better" in reply.text, "better"))
    assert result.failure is not None
    assert (result.failure.code, result.failure.step_id) == ("verification", "t-1.answer")


def test_what_no_run_could_do_is_refused_at_once(tiers_at: Callable[..., TierCatalogue]) -> None:
    client = AsyncLocalClient()
    with pytest.raises(CatalogueError, match="tier 'small' has no model"):
        Runtime(AttemptLoop(client, Upstreams(TierCatalogue.load())))
    loop = AttemptLoop(client, Upstreams(tiers_at("http://127.0.0.1:1")))
    with pytest.raises(CatalogueError, match="tier 'huge' is not in the catalogue"):
        Runtime(loop, RuntimeSettings(planner_tier="huge"))
    with pytest.raises(TierwiseError, match="max_concurrency is 0"):
        Runtime(loop, RuntimeSettings(max_concurrency=0))
