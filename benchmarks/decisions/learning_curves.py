"""Skill as the log grows, for five kinds of log; tested on the same steps, whose every tier is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.contest import answer_fold, prediction_of
from benchmarks.decisions.contestant import Contestant
from benchmarks.decisions.masks import KINDS, masked
from benchmarks.decisions.problem import Fold, Problem
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import SkillTable, measure_skills
from tierwise.training.evaluation.full_information import evaluate_choice
from tierwise.training.progress import Progress

SIZES = (250, 500, 1000, 2000, 4000)


@dataclass(frozen=True, slots=True)
class Point:
    """One log of ``kind`` with ``n_steps`` steps and ``n_attempts`` attempts, and the answers learned from it."""

    kind: str
    n_steps: int
    n_attempts: int
    answers: Answers

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.n_steps}"


def learning_curves(
    problem: Problem,
    contestant: Contestant,
    sizes: Sequence[int],
    cache: Cache,
    bootstrap: Bootstrap,
    progress: Progress,
    seed: int = 0,
) -> dict[str, Any]:
    """Every kind at every size that the first of five folds leaves; 0 stands for all of it.

    The n steps of a size hold those of the smaller ones.
    """
    fold = problem.folds(5, seed)[0]
    sizes = sorted({len(fold.train) if size == 0 else size for size in sizes if size <= len(fold.train)})
    progress(f"{problem.name}: kinds of log × sizes", len(KINDS) * len(sizes))
    points = []
    for size in sizes:
        for kind in KINDS:
            points.append(_point(kind, _first(fold, size, seed), contestant, cache, seed))
            progress.step()
    return {"log": problem.name, "n_test": len(fold.test), "points": _measured(points, problem, fold, bootstrap)}


def _first(fold: Fold, size: int, seed: int) -> Fold:
    order = np.random.default_rng(seed).permutation(len(fold.train))
    return replace(fold, train=np.sort(fold.train[order[:size]]))


def _point(kind: str, fold: Fold, contestant: Contestant, cache: Cache, seed: int) -> Point:
    """A problem in which the steps to learn from hold what such a log would."""
    steps = list(fold.problem.steps)
    log = masked([steps[row] for row in fold.train], kind, fold.catalogue, seed)
    for row, logged in zip(fold.train, log, strict=True):
        steps[row] = logged
    partial = replace(fold.problem, steps=tuple(steps))
    answers = answer_fold(contestant, replace(fold, problem=partial), cache)
    return Point(kind, len(log), sum(len(logged.attempts) for logged in log), answers)


def _measured(points: list[Point], problem: Problem, fold: Fold, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    part = replace(
        problem,
        steps=tuple(problem.steps[row] for row in fold.test),
        success=problem.success[fold.test],
        cost_usd=problem.cost_usd[fold.test],
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
