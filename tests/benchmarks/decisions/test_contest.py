"""The contest on a log with a known truth: no leaks, resumable, and the order that the truth dictates."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.contest import measure_contest, run_contest
from benchmarks.decisions.contestants.baselines import ConstantTier, SeedHeuristic, TaskTypeTable
from benchmarks.decisions.contestants.contestant import Certified, Learner
from benchmarks.decisions.contestants.factorisation import MatrixFactorisation
from benchmarks.decisions.contestants.linear import LogisticByTier
from benchmarks.decisions.contestants.neighbours import NearestNeighbours
from benchmarks.decisions.contestants.vectors import FeatureVectors, SentenceVectors
from benchmarks.decisions.pages.page import results_page
from benchmarks.decisions.problem import Fold, Problem
from benchmarks.decisions.results import save_section
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.progress import silent_progress


def learners(store: Path) -> list[Learner]:
    static = SentenceVectors("static", None, store)
    return [
        TaskTypeTable(),
        NearestNeighbours(static),
        LogisticByTier(FeatureVectors()),
        MatrixFactorisation(static),
    ]


def with_other_outcomes(problem: Problem, rows: np.ndarray) -> Problem:
    success = problem.success.copy()
    success[rows] = 1 - success[rows]
    return Problem(problem.name, problem.steps, problem.catalogue, success, problem.cost_usd)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(4))
def test_a_learner_does_not_see_the_outcomes_of_the_steps_that_it_decides(
    place: int, problem: Problem, tmp_path: Path
) -> None:
    fold = problem.folds(4, 0)[0]
    other = Fold(with_other_outcomes(problem, fold.test), fold.train, fold.test)
    contestant = Certified(learners(tmp_path)[place], 0.1, 0.9)
    found, again = contestant.answer(fold), contestant.answer(other)
    np.testing.assert_array_equal(found.p_success, again.p_success)
    np.testing.assert_array_equal(found.chosen, again.chosen)


def test_folds_keep_groups_together_and_cover_every_step_once(problem: Problem) -> None:
    folds = problem.folds(5, 0)
    groups = np.array(problem.groups)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(groups)))
    assert not any(set(groups[fold.train]) & set(groups[fold.test]) for fold in folds)


@dataclass
class Counting:
    """A contestant that counts how often it is asked."""

    asked: list[int] = field(default_factory=list)
    name: str = "counting"
    version: str = "1"
    has_probabilities: bool = False

    def answer(self, fold: Fold) -> Answers:
        self.asked.append(len(fold.test))
        return ConstantTier(0, "small").answer(fold)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_was(problem: Problem, tmp_path: Path) -> None:
    folds, contestant = problem.folds(3, 0), Counting()
    run_contest(problem, folds[:2], [contestant], Cache(tmp_path), silent_progress)
    run_contest(problem, folds, [contestant], Cache(tmp_path), silent_progress)
    assert contestant.asked == [len(fold.test) for fold in folds]
    contestant.version = "2"
    run_contest(problem, folds[:1], [contestant], Cache(tmp_path), silent_progress)
    assert len(contestant.asked) == 4


@dataclass(frozen=True)
class Knowing:
    """A learner that the world told everything."""

    truth: Forecast
    name: str = "knowing"
    version: str = "1"
    has_probabilities: bool = True

    def predict(self, fold: Fold) -> Forecast:
        return Forecast(self.truth.p_success[fold.test], self.truth.expected_cost_usd[fold.test])


@pytest.mark.slow
def test_constants_have_no_skill_and_the_truth_has(problem: Problem, truth: Forecast, tmp_path: Path) -> None:
    knowing = Certified(Knowing(truth), 0.1, 0.9)
    tiers = [ConstantTier(tier, f"always {name}") for tier, name in enumerate(problem.catalogue.names)]
    folds, field = problem.folds(3, 0), [knowing, *tiers, SeedHeuristic()]
    figures = measure_contest(
        run_contest(problem, folds, field, Cache(tmp_path), silent_progress), knowing.name, Bootstrap(100)
    )
    rows = {row["name"]: row for row in figures["contestants"]}
    assert rows[knowing.name]["skill"]["low"] > 0
    assert rows[knowing.name]["reference_minus_this"] is None
    assert all(rows[tier.name]["skill"]["value"] <= 1e-9 for tier in tiers)
    assert all(rows[tier.name]["reference_minus_this"]["low"] > 0 for tier in tiers)
    assert rows["always frontier"]["loss"]["value"] == rows["always frontier"]["saving"]["value"] == 0
    page = save_section(tmp_path, "contest", [figures]).read_text()
    assert knowing.name in page
    days = json.loads((tmp_path / "results" / "measured.json").read_text())
    assert page == results_page({"contest": [figures], "measured": days})
    assert results_page({"contest": [figures], "measured": {"contest": "2026-11-03"}}).count("on 3 November 2026.") == 1
