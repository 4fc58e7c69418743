"""Operating points: for each tolerated quality loss, the highest cost weight that held-out data certify.

The relative loss of success of a policy against "always the top tier" is at most ``m`` exactly when the mean of
``D = (1 - m) * y_top - y_chosen`` is at most 0. Each cost weight is a hypothesis that it is not. Learn then Test
(Angelopoulos, Bates, Candes, Jordan and Lei 2021, arXiv 2110.01052) tests them in a fixed order, from careful to
bold, and stops at the first that cannot be rejected; the family-wise error stays within ``1 - confidence``
without any correction. The test is a finite-sample one for means of bounded variables, after "Estimating means of
bounded random variables by betting" (Waudby-Smith and Ramdas 2024), with fixed bets, so that the order of the rows does
not matter.

Cross-fitting may be repeated with other folds. ``D`` is then its mean over the repeats, the loss of one of their
policies taken at random: bounded as before, and a step counts once however many repeats there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.chain import Floats
from tierwise.router_model.policy import OperatingPoint, choose_all

COST_WEIGHTS: tuple[float, ...] = (0.0, *np.geomspace(1e-3, 1e2, 160).tolist(), 1e6)
QUALITY_LOSSES: tuple[float, ...] = (
    *np.round(np.arange(0.0, 0.1001, 0.005), 4).tolist(), 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0,
)  # fmt: skip
_BETS = np.geomspace(0.02, 0.6, 6)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out steps: predictions ``p_success`` and ``expected_cost_usd``, and what happened, float64 [n, k] each.

    ``success`` is 1, 0 or, where the log does not say, the evidence that stands for it, at most ``largest``
    (:mod:`tierwise.training.evidence`); ``cost_usd`` has no NaN. ``is_unfamiliar`` bool [n] marks steps that go to the
    top tier whatever the cost weight. ``weight`` float64 [n] in (0, 1] says how much each step counts, so that
    ``weight * success`` is at most 1; what is certified then holds for the weighted log.
    """

    p_success: Floats
    expected_cost_usd: Floats
    success: Floats
    cost_usd: Floats
    is_unfamiliar: NDArray[np.bool_]
    weight: Floats
    largest: float = 1.0

    @property
    def cost_scale_usd(self) -> float:
        return max(float(np.average(self.expected_cost_usd[:, -1], weights=self.weight)), 1e-12)


def cost_scale_usd(repeats: Sequence[HeldOut]) -> float:
    """What a step costs on the top tier: the unit in which cost weights are told."""
    return float(np.mean([held_out.cost_scale_usd for held_out in repeats]))


def certify(repeats: Sequence[HeldOut], confidence: float) -> tuple[OperatingPoint, ...]:
    """One point for each of ``QUALITY_LOSSES``, ascending. Repeats hold the same steps, predicted from other folds."""
    scale_usd = cost_scale_usd(repeats)
    candidates = [_mean_outcome([_outcome(one, weight, scale_usd) for one in repeats]) for weight in COST_WEIGHTS]
    top = _mean_outcome([_top_outcome(one) for one in repeats])
    rule = _Rule(top.y_chosen, max(one.largest for one in repeats), confidence)
    cost_top = top.cost_usd
    return tuple(_certified(candidates, cost_top, loss, rule) for loss in QUALITY_LOSSES)


def is_mean_below_zero(values: Floats, upper: float, confidence: float) -> bool:
    """Finite-sample test: can "the mean is 0 or more" be rejected? ``values`` float64 [n], at most ``upper`` each.

    A gambler who stakes a fixed share of the wealth on small values, step after step, ends with the product of
    ``1 - bet * value``; its expectation is 1 at most when the mean is 0 or more. The mean of the wealth over a few
    bets is one such quantity too, and by Markov's inequality reaches ``1 / (1 - confidence)`` with probability
    ``1 - confidence`` at most.
    """
    bets = _BETS / max(upper, 1e-12)
    log_wealth = np.array([np.log1p(-bet * values).sum() for bet in bets])
    log_mean_wealth = np.logaddexp.reduce(log_wealth) - np.log(len(bets))
    return bool(log_mean_wealth >= -np.log1p(-confidence))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a cost weight does on the held-out steps, each counted by its weight."""

    weight: float
    y_chosen: Floats
    cost_usd: float


def _outcome(held_out: HeldOut, weight: float, scale_usd: float) -> _Outcome:
    chosen = choose_all(held_out.p_success, held_out.expected_cost_usd, weight / scale_usd)
    chosen = np.where(held_out.is_unfamiliar, held_out.success.shape[1] - 1, chosen)
    return _counted(held_out, weight, chosen)


def _top_outcome(held_out: HeldOut) -> _Outcome:
    return _counted(held_out, 0.0, np.full(len(held_out.success), held_out.success.shape[1] - 1))


def _mean_outcome(outcomes: Sequence[_Outcome]) -> _Outcome:
    y_chosen = np.mean([outcome.y_chosen for outcome in outcomes], axis=0)
    return _Outcome(outcomes[0].weight, y_chosen, float(np.mean([outcome.cost_usd for outcome in outcomes])))


def _counted(held_out: HeldOut, weight: float, chosen: NDArray[np.int64]) -> _Outcome:
    rows = np.arange(len(chosen))
    counted = held_out.weight * held_out.success[rows, chosen]
    return _Outcome(weight, counted, float(held_out.weight @ held_out.cost_usd[rows, chosen]))


@dataclass(frozen=True, slots=True)
class _Rule:
    """When a loss counts as certified: ``y_top`` float64 [n] is what the top tier does, each step by its weight."""

    y_top: Floats
    largest: float
    confidence: float

    def is_within(self, y_chosen: Floats, max_loss: float) -> bool:
        """``D`` is at most ``largest - max_loss`` before the weight: only the half that the step tried can be large."""
        difference = (1.0 - max_loss) * self.y_top - y_chosen
        return is_mean_below_zero(difference, 1.0 - max_loss / self.largest, self.confidence)

    def loss_upper(self, y_chosen: Floats, certified: float) -> float:
        """The smallest loss that the same test still certifies, found by bisection."""
        low, high = -1.0, certified
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (low, middle) if self.is_within(y_chosen, middle) else (middle, high)
        return high


def _certified(candidates: list[_Outcome], cost_top: float, max_loss: float, rule: _Rule) -> OperatingPoint:
    best: _Outcome | None = None
    for candidate in candidates:
        if not rule.is_within(candidate.y_chosen, max_loss):
            break
        best = candidate
    if best is None:
        return OperatingPoint(max_loss, None, 0.0, 0.0, 0.0)
    loss = 1.0 - float(best.y_chosen.mean()) / max(float(rule.y_top.mean()), 1e-12)
    upper = rule.loss_upper(best.y_chosen, max_loss)
    return OperatingPoint(max_loss, best.weight, loss, upper, 1.0 - best.cost_usd / max(cost_top, 1e-12))
