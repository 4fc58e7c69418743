"""Held-out predictions of a log beside what the log shows: what everything here is certified on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.chain import Floats, TierProbabilities


@dataclass(frozen=True, slots=True)
class Expected:
    """What a router expects of ``n`` steps: ``p_success`` and ``cost_usd`` float64 [n, k], of a single attempt each.

    ``unit_usd`` float64 [n] is what a step's cost is counted in: its own expected cost on the top tier, or for all
    steps the mean one. ``chain`` are the probabilities behind ``p_success``, which cascades need. ``weight_factor``
    float64 [n] is what the cost weight of each step is multiplied with
    (:mod:`tierwise.router_model.choosing.leaning`), None for 1.
    """

    p_success: Floats
    cost_usd: Floats
    unit_usd: Floats
    chain: TierProbabilities | None = None
    weight_factor: Floats | None = None

    @property
    def relative_cost(self) -> Floats:
        """float64 [n, k], in units."""
        return self.cost_usd / self.unit_usd[:, None]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Expected":
        chain = None if self.chain is None else self.chain.take(rows)
        factor = None if self.weight_factor is None else self.weight_factor[rows]
        return Expected(self.p_success[rows], self.cost_usd[rows], self.unit_usd[rows], chain, factor)

    @property
    def weight_column(self) -> float | Floats:
        """``weight_factor`` as ``choose_all`` takes it, float64 [n, 1], or 1 for all steps."""
        return 1.0 if self.weight_factor is None else self.weight_factor[:, None]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One repeat of the cross-fitting: ``expected`` by models that did not see the step, and its ``fold`` int64 [n].

    ``success`` float64 [n, k] is 1, 0 or the evidence that stands for it (:mod:`tierwise.training.evidence`), at most
    ``largest``; ``cost_usd`` float64 [n, k] what was paid, or is expected where nobody knows. ``is_unfamiliar`` bool
    [n] marks steps that go to the top tier whatever is certified. ``weight`` float64 [n] in [0, 1] says how much
    evidence a step is, so that ``weight * success`` is at most 1; 0 where the log shows nothing. ``fixed`` is the
    column that unfamiliar steps get, the top tier.
    """

    expected: Expected
    fold: NDArray[np.int64]
    success: Floats
    cost_usd: Floats
    is_unfamiliar: NDArray[np.bool_]
    weight: Floats
    largest: float = 1.0
    fixed: int = -1

    def __len__(self) -> int:
        return len(self.success)

    @property
    def top(self) -> int:
        return int(self.success.shape[1]) - 1

    def take(self, rows: NDArray[np.int64]) -> "HeldOut":
        return HeldOut(
            self.expected.take(rows),
            self.fold[rows],
            self.success[rows],
            self.cost_usd[rows],
            self.is_unfamiliar[rows],
            self.weight[rows],
            self.largest,
            self.fixed,
        )
