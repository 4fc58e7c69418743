"""Does the operating point stay where it is when rows are reordered and folds redrawn?"""

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Cache
from benchmarks.decisions.contest import answer_fold, fold_loss_and_saving
from benchmarks.decisions.contestants.learned import LearnedRouter
from benchmarks.decisions.problem import Fold, Problem
from tierwise.training.config import TrainConfig
from tierwise.training.progress import Progress

SEEDS = tuple(range(8))


def measure_stability(problem: Problem, max_quality_loss: float, cache: Cache, progress: Progress) -> dict[str, Any]:
    """The same training and test steps: with other seeds (folds of cross-fitting, boosting), and in another order."""
    fold = problem.folds(5, 0)[0]
    progress(f"{problem.name}: seeds and orders", len(SEEDS) + 1)
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        router = LearnedRouter(max_quality_loss, TrainConfig(seed=seed))
        rows.append({"change": f"seed {seed}", **_point(router, fold, cache)})
        progress.step()
    shuffled = replace(fold, train=np.random.default_rng(0).permutation(fold.train))
    rows.append({"change": "rows reordered, seed 0", **_point(LearnedRouter(max_quality_loss), shuffled, cache)})
    progress.step()
    savings = [row["saving"] for row in rows]
    return {"log": problem.name, "rows": rows, "spread": max(savings) - min(savings)}


def _point(router: LearnedRouter, fold: Fold, cache: Cache) -> dict[str, float]:
    answers = answer_fold(router, fold, cache)
    problem, rows = fold.problem, fold.test
    return fold_loss_and_saving(problem.success[rows], problem.cost_usd[rows], answers.chosen)
