"""The study's whole way with models that need no weights: loops, plans with tools, a router from what was recorded."""

import json
from pathlib import Path

import pytest

from benchmarks.long_tasks import routers
from benchmarks.long_tasks.__main__ import ANSWERS
from benchmarks.long_tasks.arms import Study, tasks_of_study
from benchmarks.long_tasks.loops import run_loop
from benchmarks.long_tasks.plans import PlanArm, run_plans
from benchmarks.long_tasks.tables import save
from benchmarks.long_tasks.work import Job, study_tasks
from tests.benchmarks.long_tasks.stub import StubModels
from tools.long_tasks.calls import Call
from tools.long_tasks.models import NotRecordedError, Recorded


def test_a_loop_costs_what_its_tiers_cost() -> None:
    task = study_tasks("triage", 1)[0]
    top = run_loop(task, routers.always("frontier"), StubModels())
    mid = run_loop(task, routers.always("mid"), StubModels())
    assert (top.is_done, mid.is_done) == (True, True)
    assert (top.calls, mid.calls) == ({"frontier": 15}, {"mid": 15})
    assert mid.usd < 0.05 * top.usd
    assert top.seconds == 0 < mid.seconds


def test_a_refused_call_goes_up_and_a_loop_that_is_stuck_ends() -> None:
    task = study_tasks("orders", 1)[0]
    cascade = run_loop(task, routers.always("small", "mid"), StubModels())
    assert cascade.is_done
    assert cascade.calls["mid"] == cascade.calls["small"] - 1
    stuck = run_loop(task, routers.always("small"), StubModels())
    assert (stuck.is_done, stuck.calls) == (False, {"small": 4})


@pytest.mark.slow
def test_plans_with_tools_change_the_world(tmp_path: Path) -> None:
    tasks = tasks_of_study(2)
    for ran in run_plans(tasks, PlanArm(), StubModels()):
        assert ran.is_done
        assert ran.planning_usd > 0.5 * ran.usd
    kept = run_plans(tasks, PlanArm(plans=tmp_path / "plans.db"), StubModels())
    assert [ran.is_done for ran in kept] == [True] * 4
    assert [ran.planning_usd > 0 for ran in kept] == [True, True, False, False]


@pytest.mark.slow
def test_what_cannot_be_taken_back_waits_for_approval() -> None:
    class Wrong(StubModels):
        """Says the first price that comes to its mind."""

        def answer(self, tier: str, prompt: str) -> dict[str, object]:
            told = super().answer(tier, prompt)
            return told | ({"output": told["output"].replace(")", "1)")} if told["output"].startswith("reply") else {})

    ran = run_plans(study_tasks("orders", 1), PlanArm(), Wrong())[0]
    assert ran.is_done
    assert ran.calls["frontier"] >= 7


def test_the_verifier_of_a_step_looks_at_the_world() -> None:
    job = Job.of(study_tasks("triage", 1)[0])
    ticket = job.tickets[0]
    assert job.reference_call(ticket) == Call("show", (ticket,))
    for _ in range(2):
        assert not job.is_done_with(ticket)
        job.task.act(job.world, job.reference_call(ticket))
    assert (job.is_done_with(ticket), job.is_done_with(job.tickets[1])) == (True, False)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["plans: rules", "loop: mid"])
def test_what_was_never_asked_is_said(arm: str, tmp_path: Path) -> None:
    study = Study(Recorded(tmp_path / "asked.jsonl"), tmp_path, n_recorded=1)
    with pytest.raises(NotRecordedError, match=r"no answer of (small|mid) is recorded"):
        study.arms()[arm](tasks_of_study(1))


def test_shipped_answers_repeat_the_study(tmp_path: Path) -> None:
    """The first tasks of three arms, as the page has them."""
    figures = json.loads((ANSWERS.parent / "results" / "study.json").read_text(encoding="utf-8"))["arms"]
    study = Study(Recorded(tmp_path / "asked.jsonl", shipped=[ANSWERS]), tmp_path, n_recorded=1)
    for arm in ("loop: top tier", "loop: mid", "plans: rules"):
        for ran, told in zip(study.arms()[arm](tasks_of_study(1)), figures[arm], strict=False):
            assert (ran.is_done, ran.calls) == (told["is_done"], told["calls"])
            assert ran.usd == pytest.approx(told["usd"], rel=1e-5)


@pytest.mark.slow
def test_recorded_tasks_train_a_router_that_saves_on_the_next_ones(tmp_path: Path) -> None:
    study = Study(StubModels(), tmp_path, n_recorded=5)
    tasks = tasks_of_study(7)
    assert all(ran.is_done for ran in study.arms()["plans: rules"](tasks))
    rules, learned = (arm(tasks[10:]) for arm in study.later_arms().values())
    assert all(ran.is_done for ran in learned)
    assert sum(ran.usd for ran in learned) < sum(ran.usd for ran in rules)


def test_the_page_is_written_from_the_figures(tmp_path: Path) -> None:
    tasks = tasks_of_study(1)
    arms = {
        name: [run_loop(task, routers.always(tier), StubModels()).to_dict() for task in tasks]
        for name, tier in (("loop: top tier", "frontier"), ("loop: mid", "mid"))
    }
    save(tmp_path, "study", {"kinds": ["triage", "orders"], "n_recorded": 0, "arms": arms, "later": {}})
    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "| loop: mid      | 100.0 % [100.0, 100.0] | 0.0 % [0.0, 0.0]" in page
    assert json.loads((tmp_path / "results" / "study.json").read_text(encoding="utf-8"))["n_recorded"] == 0
