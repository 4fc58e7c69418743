"""A log to be decided: its steps, what became of them, and folds that do not leak."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.fingerprint import dataset_fingerprint, in_canonical_order
from tierwise.data.drawing.splits import assign_folds, split_unit
from tierwise.data.errors import LogError
from tierwise.data.labels import label_outcomes
from tierwise.data.records import LoggedStep, Step
from tierwise.data.step_log import load_step_logs
from tierwise.training.evaluation.costs import logged_outcomes
from tierwise.training.evaluation.outcomes import FullOutcomes, full_outcomes
from tierwise.training.fitting.costs import complete_costs

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Problem:
    """``n`` steps in canonical order, with ``success`` and ``cost_usd`` float64 [n, k], NaN unknown."""

    name: str
    steps: tuple[LoggedStep, ...]
    catalogue: TierCatalogue
    success: Floats
    cost_usd: Floats

    @classmethod
    def of(cls, name: str, steps: Sequence[LoggedStep], catalogue: TierCatalogue) -> "Problem":
        ordered = tuple(in_canonical_order(steps))
        outcomes = logged_outcomes(ordered, catalogue)
        return cls(name, ordered, catalogue, outcomes.success, outcomes.cost_usd)

    @property
    def groups(self) -> list[str]:
        return [split_unit(logged) for logged in self.steps]

    @property
    def fingerprint(self) -> str:
        return dataset_fingerprint(self.steps)[:12]

    def folds(self, n_folds: int, seed: int) -> list["Fold"]:
        codes = assign_folds(self.steps, n_folds, seed)
        return [Fold(self, np.flatnonzero(codes != fold), np.flatnonzero(codes == fold)) for fold in range(n_folds)]

    def outcomes(self) -> FullOutcomes:
        return full_outcomes(self.success, self.cost_usd, groups=self.groups)


@dataclass(frozen=True, slots=True)
class Fold:
    """Some steps to learn from and others to decide. A contestant sees the outcomes of ``train`` alone."""

    problem: Problem
    train: Rows
    test: Rows

    @property
    def catalogue(self) -> TierCatalogue:
        return self.problem.catalogue

    @property
    def logged(self) -> list[LoggedStep]:
        """The steps to learn from, with their outcomes."""
        return [self.problem.steps[row] for row in self.train]

    @property
    def success(self) -> Floats:
        """Of the steps to learn from, float64 [n_train, k]."""
        return self.problem.success[self.train]

    @property
    def cost_usd(self) -> Floats:
        """Of the steps to learn from, float64 [n_train, k]; list prices stand in for tiers with few logged costs."""
        table = logged_outcomes(self.logged, self.catalogue)
        if not np.isnan(table.cost_usd).any():
            return table.cost_usd
        return complete_costs(self.logged, label_outcomes(table.success, table.cost_usd), self.catalogue)

    @property
    def to_decide(self) -> list[Step]:
        """The steps to decide, without outcomes."""
        return [self.problem.steps[row].step for row in self.test]

    def inner(self, n_folds: int, seed: int) -> list["Fold"]:
        """Folds within the steps to learn from, for choices that must not see the steps to decide."""
        codes = assign_folds(self.logged, n_folds, seed)
        return [Fold(self.problem, self.train[codes != fold], self.train[codes == fold]) for fold in range(n_folds)]


def read_problem(name: str, paths: Sequence[Path], catalogue: TierCatalogue) -> Problem:
    """All steps of ``paths`` together. Raises ``LogError`` when a line is malformed: a benchmark reads clean logs."""
    log = load_step_logs(paths, catalogue)
    if log.malformed:
        raise LogError(f"{len(log.malformed)} malformed lines; the first: {log.malformed[0]}")
    return Problem.of(name, log.steps, catalogue)
