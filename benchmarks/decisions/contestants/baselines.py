"""The simple ones: constant tiers, the seed heuristic, and a table by task type, which alone is hard to beat."""

from dataclasses import dataclass

import numpy as np

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.problem import Floats, Fold
from tierwise.router_model.rules import RulesRouter
from tierwise.training.evaluation.curve import Forecast

_PRIOR_STEPS = 5.0


@dataclass(frozen=True, slots=True)
class ConstantTier:
    """Always the same tier."""

    tier: int
    name: str
    version: str = "1"
    has_probabilities: bool = False

    def answer(self, fold: Fold) -> Answers:
        return Answers.choices(np.full(len(fold.test), self.tier, dtype=np.int64), len(fold.catalogue))


@dataclass(frozen=True, slots=True)
class SeedHeuristic:
    """The hand-written rules that Tierwise replaces. They know no tolerated loss."""

    name: str = "seed heuristic"
    version: str = "1"
    has_probabilities: bool = False

    def answer(self, fold: Fold) -> Answers:
        rules = RulesRouter(fold.catalogue)
        chosen = [fold.catalogue.index(rules.decide(step).tier) for step in fold.to_decide]
        return Answers.choices(np.array(chosen, dtype=np.int64), len(fold.catalogue))


@dataclass(frozen=True, slots=True)
class TaskTypeTable:
    """Mean success and mean cost by task type, drawn to the means of all by five steps' worth."""

    name: str = "table by task type"
    version: str = "1"
    has_probabilities: bool = True

    def predict(self, fold: Fold) -> Forecast:
        train_types = [logged.step.task_type for logged in fold.logged]
        known = sorted(set(train_types), key=str)
        codes = np.array([known.index(kind) for kind in train_types])
        test = np.array([known.index(step.task_type) if step.task_type in known else -1 for step in fold.to_decide])
        return Forecast(_means_by(codes, fold.success)[test], _means_by(codes, fold.cost_usd)[test])


def _means_by(codes: np.ndarray, values: Floats) -> Floats:
    """[n_codes + 1, k]: means by code, the last row (also reached as -1) the mean of all. NaN values are left out."""
    overall = np.nanmean(values, axis=0)
    rows = []
    for code in range(codes.max() + 1):
        part = values[codes == code]
        n_known = (~np.isnan(part)).sum(axis=0)
        rows.append((np.nansum(part, axis=0) + _PRIOR_STEPS * overall) / (n_known + _PRIOR_STEPS))
    return np.vstack([*rows, overall])
