"""The plans study on stubs: real outputs of the sample log stand for the local models, and the recorded log trains a
router without any conversion."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.plans.__main__ import _write_unseen, at_addresses
from benchmarks.plans.frontier import ScriptedFrontier
from benchmarks.plans.goals import Goal, make_goals
from benchmarks.plans.study import (
    append_trace,
    cost_table,
    course_table,
    read_traces,
    role_table,
    run_goals,
    trace_table,
)
from tierwise.agents.collect import Backend, Completion, ModelInfo
from tierwise.agents.collect.model_server import model_server
from tierwise.agents.runtime import Origin, Role, RunResult
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.labels import outcome_table
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter
from tierwise.training.config import TrainConfig
from tierwise.training.train import train_router


class Recorded:
    """A backend that answers with what a real model once answered; what it was never asked it does not know."""

    def __init__(self, logged: list[LoggedStep], tier: int) -> None:
        self.info = ModelInfo(f"recorded-{tier}", "0" * 64, "plain")
        self._outputs = {step.step.text: str(step.attempts[tier].output) for step in logged}

    def complete(self, text: str, max_tokens: int) -> Completion:
        output = next(
            (found for asked, found in self._outputs.items() if text.startswith(asked)), f"unknown to {self.info.name}"
        )
        return Completion(output, len(text) // 4, min(max_tokens, len(output) // 4 + 1), 0)


@pytest.fixture(scope="module")
def sample() -> list[LoggedStep]:
    return list(load_step_logs([sample_log_path()]).steps)


@contextmanager
def serving(backend: Backend) -> Iterator[str]:
    with model_server(backend) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def run(
    goals: list[Goal], sample: list[LoggedStep], log_url: str, router: Router | None = None
) -> tuple[list[RunResult], TierCatalogue]:
    """With a router its courses are run, and no step has a verifier."""

    async def work(catalogue: TierCatalogue) -> list[RunResult]:
        decider = router or RulesRouter(catalogue)
        found = run_goals(goals, decider, catalogue, log_url, with_courses=router is not None)
        return sorted([result async for result in found], key=lambda result: result.task_id)

    with ExitStack() as stack:
        backends = {"small": Recorded(sample, 0), "mid": Recorded(sample, 1), "frontier": ScriptedFrontier(goals)}
        addresses = {tier: stack.enter_context(serving(backend)) for tier, backend in backends.items()}
        catalogue = at_addresses(TierCatalogue.load(sample_tiers_path()), addresses)
        return asyncio.run(work(catalogue)), catalogue


@pytest.mark.slow
def test_goals_are_the_same_every_time_and_never_share_a_step(sample: list[LoggedStep]) -> None:
    goals = make_goals(sample, 32)
    assert goals == make_goals(sample, 32)
    instructions = [step.entry["instruction"] for goal in goals for step in goal.steps[:-1]]
    assert len(instructions) == 32 * 3
    with pytest.raises(ValueError, match="not 9999"):
        make_goals(sample, 9999)


@pytest.mark.slow
def test_goals_are_reached_recovered_and_learned_from(sample: list[LoggedStep], tmp_path: Path) -> None:
    goals = make_goals(sample, 10)
    log_url = f"sqlite:///{tmp_path}/log.db"
    results, catalogue = run(goals, sample, log_url)
    assert [result.answer is not None for result in results] == [True] * 10
    assert all(goal.row in (result.answer or "") for goal, result in zip(goals, results, strict=True))
    planned = results[3].steps[0]
    assert [attempt.success for attempt in planned.attempts] == [False, True], "prose first"
    assert [step.origin for step in results[7].steps if step.failure] == [Origin.HANDOFF]
    assert [step.role for step in results[7].steps].count(Role.REPAIR) == 1

    with DecisionLog.open(log_url) as log:
        logged = list(log.logged_steps())
    attempts = [attempt for step in logged for attempt in step.attempts if attempt.model is not None]
    n_handoffs = sum(attempt.error is not None and attempt.error.startswith("handoff") for attempt in attempts)
    assert len(attempts) - n_handoffs == sum(result.n_calls for result in results)
    table = outcome_table(logged, catalogue.names)
    assert ((table.first == table.last) & (table.first > 0)).any(), "escalations prove labels"
    for result in results:
        append_trace(tmp_path / "traces.jsonl", result)
    traces = read_traces(tmp_path / "traces.jsonl")
    assert f"| all | {sum(result.n_calls for result in results)} |" in cost_table(traces, catalogue.names)
    assert "| repair | 1 |" in role_table(traces, catalogue.top.models[0])
    assert "| export-again | execute |" in trace_table(traces[7])

    trained = train_router(logged, catalogue, TrainConfig.from_mapping({"booster": {"n_rounds": 10}}))
    trained.save(tmp_path / "bundle")
    router = Router.load(tmp_path / "bundle")
    assert {router.decide(step.step).tier for step in logged} <= set(catalogue.names)


@pytest.mark.slow
def test_goals_are_run_with_courses_by_a_router_that_saw_none_of_their_templates(
    sample: list[LoggedStep], tmp_path: Path
) -> None:
    goals = make_goals(sample, 12)
    assert _write_unseen(sample_log_path(), goals, tmp_path / "unseen.jsonl").startswith("1")
    seen = {step.entry["instruction"] for goal in goals for step in goal.steps}
    known = load_step_logs([tmp_path / "unseen.jsonl"], TierCatalogue.load(sample_tiers_path())).steps
    assert 1000 < len(known) < len(sample)
    assert not seen & {step.step.text for step in known}
    config = TrainConfig.from_mapping({"max_quality_loss": 0.1, "booster": {"n_rounds": 60}})
    train_router(list(known), TierCatalogue.load(sample_tiers_path()), config).save(tmp_path / "bundle")
    log_url = f"sqlite:///{tmp_path}/log.db"
    results, _ = run(goals, sample, log_url, Router.load(tmp_path / "bundle"))
    assert sum(result.answer is not None for result in results) >= 6, "no step is verified: wrong readings stay wrong"
    opinions = [one for result in results for step in result.steps for one in step.attempts if one.kind == "opinion"]
    assert opinions
    with DecisionLog.open(log_url) as log:
        logged = [one for step in log.logged_steps() for one in step.attempts if "acceptance" in one.extra]
    assert len(logged) == len(opinions)
    for result in results:
        append_trace(tmp_path / "traces.jsonl", result)
    assert "| frontier" in course_table(read_traces(tmp_path / "traces.jsonl"), goals, "frontier")
