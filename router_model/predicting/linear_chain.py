"""The linear half of the predictor: log-odds of the chain rows as weighted sums of the features.

Trees find what is particular to recurring steps, a linear model what holds in general; each is wrong where the other is
not. The mean of their log-odds decides better than either (docs/learning.md has the table).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.features.structural import MISSING
from tierwise.router_model.predicting.chain import Floats, chain_offsets

MAX_DEVIATIONS = 4.0
"""Features are clipped at so many standard deviations, so that no outlier carries a sum away."""


@dataclass(frozen=True, slots=True)
class LinearChain:
    """``centre`` and ``scale`` float64 [d] standardise a vector; ``weight`` float64 [2 k - 1, d + 1] ends in the
    intercept."""

    centre: Floats
    scale: Floats
    weight: Floats

    def scores(self, vectors: NDArray[np.float32]) -> Floats:
        """Log-odds float64 [n, 2 k - 1] for vectors float32 [n, d]; a row does not depend on the other rows."""
        standard = standardised(vectors, self.centre, self.scale)
        sums = np.einsum("nd,rd->nr", standard, self.weight[:, :-1])  # BLAS may sum a row differently in a batch
        return np.asarray(sums + self.weight[:, -1] + self._offsets)

    def scores_of_one(self, vector: NDArray[np.float32]) -> Floats:
        """The same for a vector float32 [d], bit for bit: log-odds float64 [2 k - 1]."""
        standard = standardised(vector, self.centre, self.scale)
        return np.asarray(np.einsum("d,rd->r", standard, self.weight[:, :-1]) + self.weight[:, -1] + self._offsets)

    @property
    def _offsets(self) -> Floats:
        return chain_offsets((len(self.weight) + 1) // 2)

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``linear.json``."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "LinearChain":
        """From ``linear.json``. Raises ``KeyError`` for a part that is missing."""
        return cls(*(np.asarray(raw[name], dtype=np.float64) for name in cls.__slots__))


def standardised(vectors: NDArray[np.float32], centre: Floats, scale: Floats) -> Floats:
    """Deviations from the centre in units of the scale, clipped, float64 [n, d] or [d]; of what is missing 0."""
    deviations: Floats = vectors - centre
    deviations /= scale
    np.minimum(deviations, MAX_DEVIATIONS, out=deviations)
    np.maximum(deviations, -MAX_DEVIATIONS, out=deviations)
    np.copyto(deviations, 0.0, where=vectors == MISSING)
    return deviations


def blended(tree_scores: Floats, linear_scores: Floats) -> Floats:
    """The predictor's log-odds, float64 [n, 2 k - 1]: the mean of both halves."""
    return (tree_scores + linear_scores) / 2
