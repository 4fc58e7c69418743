"""k nearest neighbours on sentence embeddings: the baseline that the literature finds hard to beat."""

from dataclasses import dataclass

import numpy as np

from benchmarks.decisions.contestants.vectors import VectorSource
from benchmarks.decisions.problem import Floats, Fold
from tierwise.training.evaluation.curve import Forecast

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class NearestNeighbours:
    """Mean success and mean cost of the ``k`` training steps with the most similar text (cosine)."""

    vectors: VectorSource
    k: int = 40
    version: str = "1"
    has_probabilities: bool = True

    @property
    def name(self) -> str:
        return f"kNN-{self.k} on {self.vectors.label}"

    def predict(self, fold: Fold) -> Forecast:
        train, test = self.vectors.of_fold(fold)
        nearest = np.vstack([self._nearest(train, test[i : i + _BLOCK]) for i in range(0, len(test), _BLOCK)])
        return Forecast(_means(fold.success, nearest), _means(fold.cost_usd, nearest))

    def _nearest(self, train: np.ndarray, block: np.ndarray) -> np.ndarray:
        k = min(self.k, len(train))
        return np.argpartition(-(block @ train.T), k - 1, axis=1)[:, :k]


def _means(values: Floats, nearest: np.ndarray) -> Floats:
    """[n, k]: means over the neighbours that know the value, the mean of all where none does."""
    of_neighbours = values[nearest]
    is_known = ~np.isnan(of_neighbours)
    sums, counts = np.where(is_known, of_neighbours, 0.0).sum(axis=1), is_known.sum(axis=1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nanmean(values, axis=0)))
