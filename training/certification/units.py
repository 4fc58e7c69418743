"""What is independent of what: tasks (or groups) of unequal size, and how much each step of them counts.

Steps of one task succeed and fail together, so a log of 25 tasks with 40 steps each is 25 observations and not 1,000.
The sum over a task is one bounded observation. Where sizes differ much, one giant task would decide alone: steps of
tasks beyond ``cap`` steps count less, so that the task counts as ``cap`` steps do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.task_sizes import n_effective, task_cap


@dataclass(frozen=True, slots=True)
class Units:
    """``code`` int64 [n] is the unit of each step, 0 to ``n_units - 1``; ``weight`` float64 [n] in [0, 1] its evidence.

    ``cap`` is the size in steps from which a unit counts no more than that. ``weights`` float64 [n_units] sums them up.
    """

    code: NDArray[np.int64]
    weight: Floats
    n_units: int
    cap: float
    weights: Floats
    _floors: Floats

    @classmethod
    def of(cls, code: NDArray[np.int64], weight: Floats) -> "Units":
        """Units of the steps whose weight is above 0; codes are made dense in their own order."""
        speaks = weight > 0
        dense = np.full(len(code), -1, dtype=np.int64)
        known, found = np.unique(code[speaks], return_inverse=True)
        dense[speaks] = found
        sizes = np.bincount(found, minlength=len(known)).astype(np.float64)
        cap = task_cap(sizes)
        weights = np.bincount(found, weights=weight[speaks], minlength=len(known)).astype(np.float64)
        return cls(dense, weight, len(known), cap, weights, np.maximum(sizes, cap))

    @property
    def n_effective(self) -> float:
        """Units, the smaller ones by their share of ``cap``: what the log is worth, told in tasks of equal size."""
        return n_effective(self._sizes(), self.cap)

    def sums(self, values: Floats) -> Floats:
        """Sums of ``weight * values`` by unit, float64 [n_units], in steps."""
        speaks = self.code >= 0
        counted = self.weight[speaks] * values[speaks]
        found: Floats = np.bincount(self.code[speaks], weights=counted, minlength=self.n_units).astype(np.float64)
        return found

    def bounded(self, sums: Floats) -> Floats:
        """The same sums with no unit above one ``cap``: values of at most 1 a step stay at most 1 a unit."""
        return np.asarray(sums / self._floors)

    def _sizes(self) -> Floats:
        return np.bincount(self.code[self.code >= 0], minlength=self.n_units).astype(np.float64)


def unit_codes(steps: Sequence[LoggedStep]) -> NDArray[np.int64]:
    """The unit of each step (:func:`~tierwise.data.drawing.splits.split_unit`), int64 [n], numbered as they appear."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(split_unit(step), len(numbers)) for step in steps], dtype=np.int64)
