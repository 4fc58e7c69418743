"""Escalation as part of the decision: where to start when failures can be seen and the next tier tried.

With a verifier (a schema, tests, a judge) that catches a failure with probability ``catch_rate``, a step that starts
on tier ``s`` goes up one tier after each failure that is caught. Walking the tier chain from ``s`` gives, for every
start, the probability that the step ends well and what all its attempts are expected to cost.
"""

from dataclasses import dataclass

import numpy as np

from tierwise.router_model.predicting.chain import Floats, TierProbabilities


@dataclass(frozen=True, slots=True)
class Escalations:
    """By start tier, float64 [n, k]: final success, and total cost in US dollars, both expected."""

    p_success: Floats
    cost_usd: Floats

    def of(self, row: int, is_unfamiliar: bool, lean: float) -> "Outlook":
        """The outlook of one step, by its row."""
        return Outlook(self.p_success[row].tolist(), self.cost_usd[row].tolist(), is_unfamiliar, lean)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One step's: ``p_success`` and ``cost_usd`` by start tier, whether the router knows such steps, and how the step
    leans (:mod:`tierwise.router_model.choosing.leaning`)."""

    p_success: list[float]
    cost_usd: list[float]
    is_unfamiliar: bool = False
    lean: float = 0.0

    @property
    def top_usd(self) -> float:
        """The expected cost of the top tier, where an escalation ends and which is one attempt wherever it starts."""
        return self.cost_usd[-1]


def expect_escalations(probabilities: TierProbabilities, cost_usd: Floats, catch_rate: float) -> Escalations:
    """What escalating comes to from every start tier. ``catch_rate`` 0 gives single attempts.

    A failure that is not caught is final. Successes are never taken for failures.
    """
    n_tiers = cost_usd.shape[1]
    found = [_from_start(probabilities, cost_usd, catch_rate, start) for start in range(n_tiers)]
    return Escalations(
        np.stack([p_success for p_success, _ in found], axis=1), np.stack([total for _, total in found], axis=1)
    )


def _from_start(
    probabilities: TierProbabilities, cost_usd: Floats, catch_rate: float, start: int
) -> tuple[Floats, Floats]:
    """``alive_0``, ``alive_1``: P(tier t is tried, and no / some cheaper tier would have succeeded)."""
    alive_1 = probabilities.p_enough[:, start - 1] if start else np.zeros(len(cost_usd))
    alive_0 = 1.0 - alive_1
    p_success, total = np.zeros(len(cost_usd)), np.zeros(len(cost_usd))
    for tier in range(start, cost_usd.shape[1]):
        hazard, keep = probabilities.hazard[:, tier], probabilities.keep[:, tier]
        total += (alive_0 + alive_1) * cost_usd[:, tier]
        p_success += alive_0 * hazard + alive_1 * keep
        alive_0, alive_1 = catch_rate * alive_0 * (1 - hazard), catch_rate * alive_1 * (1 - keep)
    return p_success, total
