"""Rows of TwinRouterBench: agents' steps with their whole prefix, and the cheapest of four tiers that was enough."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.decisions.logs import SHARED_DATA
from benchmarks.decisions.problem import Floats, Fold, Problem, Rows, read_problem
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError
from tierwise.data.labels import label_outcomes
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.decision_arrays import decision_arrays
from tierwise.training.fitting.costs import complete_costs
from tierwise.training.progress import Progress
from tierwise.training.train import train_router

QUALITY_LOSSES = (0.03, 0.10, 0.20)


def twin_problem() -> Problem:
    """Raises ``LogError`` where the rows are not there."""
    path = SHARED_DATA / "twin.jsonl.gz"
    if not path.is_file():
        raise LogError(f"{path} is missing; the rows of TwinRouterBench are not part of this repository")
    return read_problem("twin", [path], TierCatalogue.load(SHARED_DATA / "twin.tiers.toml"))


def measure_twin(problem: Problem, n_folds: int, seed: int, progress: Progress) -> dict[str, Any]:
    """The benchmark's score of Tierwise, decided out of fold by instance, and of each tier alone."""
    folds = problem.folds(n_folds, seed)
    progress("twin: folds", len(folds))
    chosen = {loss: np.zeros(len(problem.steps), dtype=np.int64) for loss in QUALITY_LOSSES}
    for fold in folds:
        for loss, tiers in _decided(fold).items():
            chosen[loss][fold.test] = tiers
        progress.step()
    tasks = [logged.task_id or logged.step_id for logged in problem.steps]
    cost_usd = complete_costs(problem.steps, label_outcomes(problem.success, problem.cost_usd), problem.catalogue)
    score = scorer(cheapest_enough(problem.success), cost_usd, tasks)
    rows = [{"name": f"Tierwise, {loss:.0%} tolerated", **score(tiers)} for loss, tiers in chosen.items()]
    for tier, name in enumerate(problem.catalogue.names):
        rows.append({"name": f"always {name}", **score(np.full(len(tasks), tier))})
    return {"n_steps": len(tasks), "n_tasks": len(set(tasks)), "n_folds": n_folds, "rows": rows}


def cheapest_enough(success: Floats) -> Rows:
    """The cheapest tier that is known to succeed, int64 [n]; the dearest where none is."""
    is_enough = np.nan_to_num(success) > 0
    return np.asarray(np.where(is_enough.any(axis=1), is_enough.argmax(axis=1), success.shape[1] - 1))


def scorer(enough: Rows, cost_usd: Floats, tasks: list[str]) -> Callable[[Rows], dict[str, float]]:
    """Row pass: the tier was enough. Exact match: it was the cheapest one. Trajectory pass: every row of a task passed.
    Saving: against always the dearest tier."""
    of_task: dict[str, list[int]] = defaultdict(list)
    for row, task in enumerate(tasks):
        of_task[task].append(row)

    def score(chosen: Rows) -> dict[str, float]:
        is_passed = chosen >= enough
        spent = cost_usd[np.arange(len(chosen)), chosen].sum()
        return {
            "row_pass": float(is_passed.mean()),
            "exact_match": float((chosen == enough).mean()),
            "trajectory_pass": float(np.mean([is_passed[rows].all() for rows in of_task.values()])),
            "saving": float(1 - spent / cost_usd[:, -1].sum()),
        }

    return score


def _decided(fold: Fold) -> dict[float, Rows]:
    router = train_router(fold.logged, fold.catalogue, TrainConfig(n_repeats=1)).router()
    return {
        loss: decision_arrays(
            router.decide_many(fold.to_decide, DecideOptions(max_quality_loss=loss)), fold.catalogue
        ).chosen
        for loss in QUALITY_LOSSES
    }
