"""Does the promise hold in the parts of a log as well: in its dear part, in each source, in each task type?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.contest import answer_fold
from benchmarks.decisions.contestants.learned import LearnedRouter
from benchmarks.decisions.logs import together
from benchmarks.decisions.problem import Fold, Problem
from tierwise.data.records import LoggedStep
from tierwise.training.progress import Progress

SIZES = (64, 100, 250)
DEARNESS = 100.0
MIN_TYPE_STEPS = 150


def dear_parts(
    problems: Sequence[Problem],
    sizes: Sequence[int],
    n_seeds: int,
    n_most: int,
    router: LearnedRouter,
    cache: Cache,
    progress: Progress,
) -> list[dict[str, Any]]:
    """A row a source, number of its steps in the log, and seed: some steps of it cost ``DEARNESS`` times as much among
    all of the other sources (at most ``n_most`` of each; 0: all), the rest of it is decided. Groups are never torn.
    """
    progress("dear parts", len(problems) * len(sizes) * n_seeds)
    rows = []
    for problem in problems:
        others = [_first(other, n_most) for other in problems if other is not problem]
        dear = Problem.of(problem.name, [_dear(logged) for logged in problem.steps], problem.catalogue)
        everything = together([*others, dear], f"dear {problem.name}")
        for n_steps in sizes:
            for seed in range(n_seeds):
                fold = _dear_fold(everything, dear, n_steps, seed)
                answers = answer_fold(router, fold, cache)
                found = _worth(everything, fold.test, answers.chosen)
                about = {"source": problem.name, "n_dear": n_steps, "seed": seed, "n_train": len(fold.train)}
                rows.append(about | {"n_test": len(fold.test), **found, "p_top": _p_top(answers, everything)})
                progress.step()
    return rows


def each_part(
    problems: Sequence[Problem], n_folds: int, n_seeds: int, router: LearnedRouter, cache: Cache, progress: Progress
) -> list[dict[str, Any]]:
    """A row a seed of the folds: all sources together, cross-validated by group, and what each part lost and saved."""
    everything = together(problems, f"all {len(problems)} together")
    source = {id(logged): problem.name for problem in problems for logged in problem.steps}
    sources = np.array([source[id(logged)] for logged in everything.steps])
    types = np.array([logged.step.task_type or "" for logged in everything.steps])
    progress("folds", n_folds * n_seeds)
    rows = []
    for seed in range(n_seeds):
        folds = everything.folds(n_folds, seed)
        parts = []
        for fold in folds:
            parts.append(answer_fold(router, fold, cache))
            progress.step()
        chosen = Answers.pooled(parts, [fold.test for fold in folds]).chosen
        every = np.arange(len(chosen))
        rows.append(
            {
                "seed": seed,
                "whole": _worth(everything, every, chosen),
                "sources": _by(sources, everything, chosen, 1),
                "task types": _by(types, everything, chosen, MIN_TYPE_STEPS),
            }
        )
    return rows


def _by(labels: NDArray[np.str_], problem: Problem, chosen: NDArray[np.int64], least: int) -> dict[str, Any]:
    counts = Counter(labels.tolist())
    names = sorted(name for name, n_steps in counts.items() if n_steps >= least)
    return {name: _worth(problem, np.flatnonzero(labels == name), chosen[labels == name]) for name in names}


def _worth(problem: Problem, rows: NDArray[np.int64], chosen: NDArray[np.int64]) -> dict[str, float]:
    """On those of ``rows`` with every outcome known; ``saving`` is the mean of what each step saves of its own cost."""
    known = ~np.isnan(problem.success[rows] + problem.cost_usd[rows]).any(axis=1)
    success, cost_usd, chosen = problem.success[rows][known], problem.cost_usd[rows][known], chosen[known]
    each = np.arange(len(chosen))
    return {
        "n_steps": len(chosen),
        "loss": float(1 - success[each, chosen].mean() / success[:, -1].mean()),
        "saving": float(1 - (cost_usd[each, chosen] / cost_usd[:, -1]).mean()),
        "saving_usd": float(1 - cost_usd[each, chosen].mean() / cost_usd[:, -1].mean()),
    }


def _dear_fold(everything: Problem, dear: Problem, n_steps: int, seed: int) -> Fold:
    """``n_steps`` steps of ``dear``, in whole groups but for the last, and all others to learn from; the rest of its
    groups to be decided."""
    own = {logged.step_id for logged in dear.steps}
    is_own = np.array([logged.step_id in own for logged in everything.steps])
    groups = np.array(everything.groups)
    rng = np.random.default_rng([seed, n_steps])
    order = {group: place for place, group in enumerate(rng.permutation(np.unique(groups[is_own])).tolist())}
    rows = np.flatnonzero(is_own)
    rows = rows[np.argsort([order[group] for group in groups[rows]], kind="stable")]
    learned = rows[:n_steps]
    others = np.flatnonzero(~is_own)
    test = np.array([row for row in rows[n_steps:] if groups[row] not in set(groups[learned])], dtype=np.int64)
    others = others[~np.isin(groups[others], np.unique(groups[test]))]
    return Fold(everything, np.sort(np.concatenate([others, learned])), np.sort(test))


def _dear(logged: LoggedStep) -> LoggedStep:
    attempts = tuple(
        attempt if attempt.cost_usd is None else replace(attempt, cost_usd=DEARNESS * attempt.cost_usd)
        for attempt in logged.attempts
    )
    return replace(logged, attempts=attempts)


def _first(problem: Problem, n_most: int) -> Problem:
    return Problem.of(problem.name, problem.steps[:n_most], problem.catalogue) if n_most else problem


def _p_top(answers: Answers, problem: Problem) -> float:
    return float(np.mean(answers.chosen == len(problem.catalogue) - 1))
