"""What is fitted to the outcomes: trees and a linear model of the same chain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.predicting.linear_chain import LinearChain, blended
from tierwise.training.fitting.linear_chain import fit_linear_chain
from tierwise.training.fitting.task_ends import TaskEnds
from tierwise.training.fitting.tier_classifier import BoosterParams, TierClassifier


@dataclass(frozen=True, slots=True)
class ChainModel:
    """Both halves of the predictor, before calibration."""

    trees: TierClassifier
    linear: LinearChain

    def scores(self, vectors: NDArray[np.float32]) -> Floats:
        """Log-odds float64 [n, 2 k - 1]."""
        return np.asarray(blended(self.trees.decision_function(vectors), self.linear.scores(vectors)))

    def staged_scores(self, vectors: NDArray[np.float32], stages: list[int]) -> Floats:
        """Log-odds float64 [stages, n, 2 k - 1] with so many boosting rounds of the trees."""
        linear = self.linear.scores(vectors)
        return np.asarray(blended(self.trees.staged_decision_function(vectors, stages), linear))


def fit_chain_model(
    vectors: NDArray[np.float32],
    success: Floats,
    weight: Floats,
    params: BoosterParams,
    seed: int,
    ends: TaskEnds | None = None,
) -> ChainModel:
    """From vectors float32 [n, d], success float64 [n, k] (1, 0, NaN unknown), weights float64 [n], and ``ends``, what
    is known of the same steps' tasks alone."""
    trees = TierClassifier(params, seed).fit(vectors, success, weight, ends)
    return ChainModel(trees, fit_linear_chain(vectors, success, weight, ends))
