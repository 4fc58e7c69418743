"""Learning curves: the logs that they are cut from, and the steps that they are tested on."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.masks import KINDS
from benchmarks.decisions.problem import Fold, Problem
from benchmarks.decisions.questions.learning_curves import learning_curves
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.progress import silent_progress


@dataclass
class Knowing:
    """Answers the truth, and keeps the folds that it was given."""

    truth: Forecast
    folds: list[Fold] = field(default_factory=list)
    name: str = "truth"
    version: str = "1"
    has_probabilities: bool = True

    def answer(self, fold: Fold) -> Answers:
        self.folds.append(fold)
        p_success, cost_usd = self.truth.p_success[fold.test], self.truth.expected_cost_usd[fold.test]
        no = np.zeros(len(p_success), dtype=np.bool_)
        starts = np.empty((len(p_success), 0), dtype=np.int64)
        return Answers(p_success, cost_usd, np.full(len(p_success), 2), starts, no, ~no)


@pytest.mark.slow
def test_every_kind_and_size_is_tested_on_the_same_steps(problem: Problem, truth: Forecast, tmp_path: Path) -> None:
    knowing = Knowing(truth)
    found = learning_curves(problem, knowing, [50, 0, 10_000], 2, Cache(tmp_path), Bootstrap(20), silent_progress)
    folds = problem.folds(5, 0)[:2]
    longest = min(len(fold.train) for fold in folds)
    assert found["n_test"] == len(folds[0].test) + len(folds[1].test)
    assert [(point["kind"], point["n_steps"]) for point in found["points"]] == [
        (kind, size) for size in (50, longest) for kind in KINDS
    ]
    skills = {point["skill"]["value"] for point in found["points"]}
    assert len(skills) == 1  # the same answers, wherever they were learned
    assert skills.pop() > 0.02
    assert all(point["loss"]["value"] == 0 for point in found["points"])  # always the top tier


@pytest.mark.slow
def test_attempts_are_those_of_the_kind_of_log(problem: Problem, truth: Forecast, tmp_path: Path) -> None:
    knowing = Knowing(truth)
    found = learning_curves(problem, knowing, [60], 2, Cache(tmp_path), Bootstrap(20), silent_progress)
    attempts = {point["kind"]: point["n_attempts"] for point in found["points"]}
    assert attempts["full information"] == 180
    assert attempts["one random attempt"] == attempts["rules with 10 % exploration"] == 60
    assert 60 < attempts["escalation"] < 180
    assert all(len(fold.train) == 60 and not set(fold.train) & set(fold.test) for fold in knowing.folds)


@pytest.mark.slow
def test_a_longer_log_holds_the_shorter_ones(problem: Problem, truth: Forecast, tmp_path: Path) -> None:
    knowing = Knowing(truth)
    learning_curves(problem, knowing, [40, 80], 1, Cache(tmp_path), Bootstrap(20), silent_progress)
    by_size = {len(fold.train): set(fold.train.tolist()) for fold in knowing.folds}
    assert by_size[40] < by_size[80]
