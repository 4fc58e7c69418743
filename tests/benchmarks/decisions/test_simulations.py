"""Smaller versions of what the command simulates, and the folds of foreign sources."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.attacks.measure import ATTACKS, UNTOUCHED, measure_attacks
from benchmarks.decisions.answers import Cache
from benchmarks.decisions.contestants.baselines import TaskTypeTable
from benchmarks.decisions.contestants.contestant import Certified
from benchmarks.decisions.problem import Problem
from benchmarks.decisions.promise.guarantee_world import LIGHT
from benchmarks.decisions.questions.off_policy import simulate_coverage
from benchmarks.decisions.questions.sources import leave_one_source_out
from tierwise.router_model.options import DecideOptions
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.progress import silent_progress
from tierwise.training.train import train_router


@pytest.mark.slow
def test_off_policy_intervals_mostly_cover() -> None:
    figures = simulate_coverage(8, silent_progress)
    assert figures["n_refused"] == 0
    assert all(row["coverage"] >= 5 / 8 for row in figures["rows"])


@pytest.mark.slow
def test_a_foreign_source_is_tested_on_steps_that_are_never_added(problem: Problem, tmp_path: Path) -> None:
    sources = [
        Problem.of(
            name, World(seed=seed).draw(260, "full", seed=seed).logged_steps(problem.catalogue.names), problem.catalogue
        )
        for name, seed in (("one", 11), ("two", 12))
    ]
    for place, source in enumerate(sources):
        renamed = [
            logged.__class__(f"{place}-{logged.step_id}", logged.step, logged.attempts) for logged in source.steps
        ]
        sources[place] = Problem.of(source.name, renamed, source.catalogue)
    field = [Certified(TaskTypeTable(), 0.3, 0.9)]
    rows = leave_one_source_out(sources, field, (0, 50, 100), 200, Cache(tmp_path), Bootstrap(50), silent_progress)
    assert [(row["source"], row["n_added"], row["n_train"], row["n_test"]) for row in rows] == [
        (name, n_added, 200 + n_added, 160) for name in ("one", "two") for n_added in (0, 50, 100)
    ]


@pytest.mark.slow
def test_attacks_that_change_nothing_move_nothing(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    router = train_router(problem.steps, problem.catalogue, LIGHT).router()
    monkeypatch.setitem(ATTACKS, "nothing", lambda text: text)
    reports = {report.name: report for report in measure_attacks(router, problem.steps[:60], DecideOptions())}
    assert (reports["nothing"].p_dearer, reports["nothing"].p_cheaper, reports["nothing"].extra_cost) == (0, 0, 0)
    assert all(np.isclose(one.p_same + one.p_dearer + one.p_cheaper, 1) for one in reports.values())
    assert reports["nothing"].loss == reports[UNTOUCHED].loss


@pytest.mark.slow
def test_the_loss_under_an_attack_is_that_of_the_decisions_after_it(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = train_router(problem.steps, problem.catalogue, LIGHT).router()
    steps = problem.steps[:60]
    monkeypatch.setitem(ATTACKS, "doubles", lambda text: text * 2)
    reports = {report.name: report for report in measure_attacks(router, steps, DecideOptions())}
    tiers = [router.decide(replace(one.step, text=one.step.prompt * 2), DecideOptions()).tier for one in steps]
    chosen = [problem.catalogue.index(tier) for tier in tiers]
    success = problem.success[:60]
    expected = 1 - success[np.arange(60), chosen].sum() / success[:, -1].sum()
    assert reports["doubles"].loss == pytest.approx(expected)
