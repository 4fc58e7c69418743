"""A number with what is needed to believe it: its interval, n and effective n."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` with its 95 % interval ``low..high``.

    ``n`` counts the steps behind it; ``n_effective`` is how many equally weighted independent steps would carry as
    much: smaller when steps share a group or carry unequal weights.
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float

    def to_dict(self) -> dict[str, float | int | None]:
        """JSON form; a value that does not exist is null."""
        return {
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "n": self.n,
            "n_effective": _finite(round(self.n_effective, 1)),
        }

    def text(self, spec: str = ".3f") -> str:
        """``value [low, high]`` in a format such as ``.3f`` or ``.1%``."""
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    @property
    def is_above_zero(self) -> bool:
        return self.low > 0


def effective_n(weights: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Kish's effective sample size, ``(sum w)^2 / sum w^2``, over groups (Kish, Survey Sampling, 1965).

    ``weights`` float64 [n]; ``groups`` int64 [n], codes from 0. Steps of a group count as one observation, the
    cautious end of what they may be worth.
    """
    totals = np.bincount(groups, weights=weights)
    squares = float(np.square(totals).sum())
    return float(totals.sum()) ** 2 / squares if squares > 0 else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
