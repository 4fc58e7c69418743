"""Whole tasks, as the sample's steps tell them: how many have every step right, and what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.decisions.problem import Floats
from tierwise.training.evaluation.bootstrap import Bootstrap

TOP = "always frontier"


@dataclass(frozen=True, slots=True)
class Choice:
    """``right``, ``cost_usd`` float64 [m, n]: of ``n`` steps, in ``m`` draws of the folds."""

    right: Floats
    cost_usd: Floats


def measure_choices(choices: Mapping[str, Choice], groups: np.ndarray, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """A row a way: shares of steps and of whole tasks that are right, dollars against the top tier."""
    top = by_task(choices[TOP].cost_usd, groups).mean(axis=0)
    return [_row(name, choice, groups, top, bootstrap) for name, choice in choices.items()]


def by_task(values: Floats, groups: np.ndarray) -> Floats:
    """Sums over each task's steps: [m, n_tasks]."""
    sums = np.zeros((len(values), int(groups.max()) + 1))
    for row, value in zip(sums, values, strict=True):
        np.add.at(row, groups, value)
    return sums


def _row(name: str, choice: Choice, groups: np.ndarray, top: Floats, bootstrap: Bootstrap) -> dict[str, Any]:
    n_steps = np.bincount(groups)
    n_right = by_task(choice.right, groups)
    columns = np.column_stack(
        [
            n_right.mean(axis=0),
            n_steps,
            (n_right == n_steps).mean(axis=0),
            by_task(choice.cost_usd, groups).mean(axis=0),
            top,
            (n_steps - n_right <= 1).mean(axis=0),
        ]
    )
    n = len(columns)
    totals = bootstrap.sums(columns, np.arange(n))
    found = {
        "steps": totals[:, 0] / totals[:, 1],
        "tasks": totals[:, 2] / n,
        "tasks_but_one": totals[:, 5] / n,
        "cost_usd": totals[:, 3] / n,
        "of_top": totals[:, 3] / totals[:, 4],
    }
    estimates = {key: bootstrap.estimate(values, n, n) for key, values in found.items()}
    return {"name": name, **{key: [each.value, each.low, each.high] for key, each in estimates.items()}}
