"""Skill as the log grows, for five kinds of log; tested on the same steps, whose every tier is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.contest import answer_fold, prediction_of
from benchmarks.decisions.contestants.contestant import Contestant
from benchmarks.decisions.masks import KINDS, masked
from benchmarks.decisions.problem import Fold, Problem, Rows
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import SkillTable, measure_skills
from tierwise.training.evaluation.full_information import evaluate_choice
from tierwise.training.progress import Progress

SIZES = (250, 500, 1000, 2000, 4000)


@dataclass(frozen=True, slots=True)
class Point:
    """Logs of ``kind`` with about ``n_steps`` steps and ``n_attempts`` attempts, one for each tested fold, and the
    answers learned from them."""

    kind: str
    n_steps: int
    n_attempts: int
    answers: Answers

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.n_steps}"


@dataclass(frozen=True, slots=True)
class Curves:
    """What the logs of all kinds and sizes are cut from, and who learns from them."""

    folds: Sequence[Fold]
    contestant: Contestant
    cache: Cache
    seed: int

    @property
    def n_steps(self) -> int:
        """The longest log that every fold leaves."""
        return min(len(fold.train) for fold in self.folds)

    @property
    def tested(self) -> Rows:
        return np.sort(np.concatenate([fold.test for fold in self.folds]))

    def point(self, kind: str, size: int, progress: Progress) -> Point:
        parts, n_attempts = [], 0
        for fold in self.folds:
            partial = self._masked(kind, size, fold)
            parts.append(answer_fold(self.contestant, partial, self.cache))
            n_attempts += sum(len(logged.attempts) for logged in partial.logged)
            progress.step()
        answers = Answers.pooled(parts, [fold.test for fold in self.folds])
        return Point(kind, size, round(n_attempts / len(self.folds)), answers)

    def _masked(self, kind: str, size: int, fold: Fold) -> Fold:
        """A problem in which the first ``size`` steps to learn from hold what such a log would."""
        order = np.random.default_rng(self.seed).permutation(len(fold.train))
        train = np.sort(fold.train[order[:size]])
        steps = list(fold.problem.steps)
        log = masked([steps[row] for row in train], kind, fold.catalogue, self.seed)
        for row, logged in zip(train, log, strict=True):
            steps[row] = logged
        return replace(fold, train=train, problem=replace(fold.problem, steps=tuple(steps)))


def learning_curves(
    problem: Problem,
    contestant: Contestant,
    sizes: Sequence[int],
    n_tested: int,
    cache: Cache,
    bootstrap: Bootstrap,
    progress: Progress,
    seed: int = 0,
) -> dict[str, Any]:
    """Every kind at every size that the folds leave, tested on ``n_tested`` folds of five; 0 stands for all of it.

    The n steps of a size hold those of the smaller ones.
    """
    curves = Curves(problem.folds(5, seed)[:n_tested], contestant, cache, seed)
    sizes = sorted({size or curves.n_steps for size in sizes if size <= curves.n_steps})
    progress(f"{problem.name}: kinds of log × sizes × folds", len(KINDS) * len(sizes) * len(curves.folds))
    points = [curves.point(kind, size, progress) for size in sizes for kind in KINDS]
    measured = _measured(points, curves.tested, problem, bootstrap)
    return {"log": problem.name, "n_test": len(curves.tested), "points": measured}


def _measured(points: list[Point], tested: Rows, problem: Problem, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    part = replace(
        problem,
        steps=tuple(problem.steps[row] for row in tested),
        success=problem.success[tested],
        cost_usd=problem.cost_usd[tested],
    )
    outcomes = part.outcomes()
    skills = measure_skills(outcomes, {point.name: prediction_of(point.answers) for point in points}, bootstrap)
    rows = []
    for point in points:
        choice = evaluate_choice(outcomes, point.answers.chosen, bootstrap)
        skill = skills.skills[point.name].skill.to_dict() if isinstance(skills, SkillTable) else None
        rows.append(
            {
                "kind": point.kind,
                "n_steps": point.n_steps,
                "n_attempts": point.n_attempts,
                "skill": skill,
                "loss": choice.loss.to_dict(),
                "saving": choice.saving.to_dict(),
                "p_supported": float(point.answers.is_supported.mean()),
            }
        )
    return rows
