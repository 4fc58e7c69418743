"""Operating points of one part of a log: for each tolerated quality loss, the boldest policy that its steps certify.

The relative loss of success against "always the top tier" is at most ``m`` exactly when the mean of
``D = (1 - m) * y_top - y_chosen`` is at most 0. Each policy of :mod:`tierwise.training.certification.paths` is a
hypothesis that it is not. Learn then Test (Angelopoulos, Bates, Candes, Jordan and Lei 2021, arXiv 2110.01052) tests
them in a fixed order, from careful to bold, and stops at the first that cannot be rejected; the family-wise error
stays within ``1 - confidence`` without any correction. The test is that of
:mod:`tierwise.training.certification.betting`, over tasks.

Cross-fitting may be repeated with other folds. ``D`` is then its mean over the repeats, the loss of one of their
policies taken at random: bounded as before, and a step counts once however many repeats there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.certification.betting import MeanTest
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.paths import SAVINGS, choose, weights_at
from tierwise.training.certification.units import Units

QUALITY_LOSSES: tuple[float, ...] = (
    *np.round(np.arange(0.0, 0.1001, 0.005), 4).tolist(), 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0,
)  # fmt: skip
_N_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did, the mean over the repeats: ``success`` and costs float64 [n]; ``p_moved`` of the steps left
    the top tier. ``relative_cost`` is in the steps' own units (see ``Expected``), ``by_unit`` float64 [units] the
    weighted sums of ``success``."""

    success: Floats
    cost_usd: Floats
    relative_cost: Floats
    p_moved: float
    by_unit: Floats


@dataclass(frozen=True, slots=True)
class PartPoints:
    """``points``, one for each of ``QUALITY_LOSSES``, and of each what the certified policy did; None where the top
    tier is all that may be used."""

    points: tuple[OperatingPoint, ...]
    outcomes: tuple[Outcome | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """Held-out steps with one test for all that is asked of them."""

    repeats: Sequence[HeldOut]
    units: Units
    confidence: float

    def top(self) -> Outcome:
        """Always the top tier."""
        found = [np.full(len(one), one.top, dtype=np.int64) for one in self.repeats]
        return self.outcome(found)

    def outcome(self, chosen: Sequence[NDArray[np.int64]]) -> Outcome:
        """What ``chosen`` int64 [n], one a repeat, led to."""
        each = np.arange(len(self.repeats[0]))
        pairs = list(zip(self.repeats, chosen, strict=True))
        success = np.mean([one.success[each, tier] for one, tier in pairs], axis=0)
        cost_usd = np.mean([one.cost_usd[each, tier] for one, tier in pairs], axis=0)
        relative = np.mean([one.cost_usd[each, tier] / one.expected.unit_usd for one, tier in pairs], axis=0)
        p_moved = float(np.mean([tier != one.top for one, tier in pairs]))
        return Outcome(success, cost_usd, relative, p_moved, self.units.sums(success))

    def is_within(self, outcome: Outcome, top: Outcome, max_loss: float) -> bool:
        """Whether the relative loss is surely at most ``max_loss``.

        ``D`` is at most ``largest - max_loss`` before the weight: only the half that the step tried can be large.
        """
        largest = max(one.largest for one in self.repeats)
        test = MeanTest(self.units, max(1.0 - max_loss / largest, 0.0), self.confidence)
        spread = (outcome.p_moved / 2 + max_loss**2) / largest
        return test.is_below_zero_by_unit((1.0 - max_loss) * top.by_unit - outcome.by_unit, spread)

    def point(self, outcome: Outcome, top: Outcome, max_loss: float, cost_weight: float) -> OperatingPoint:
        """The certified point with its evidence."""
        weight = self.units.weight
        return OperatingPoint(
            max_quality_loss=max_loss,
            cost_weight=cost_weight,
            loss=shortfall(weight, outcome.success, top.success),
            loss_upper=self._loss_upper(outcome, top, max_loss),
            saving=shortfall(weight, outcome.relative_cost, top.relative_cost),
            saving_usd=shortfall(weight, outcome.cost_usd, top.cost_usd),
        )

    def _loss_upper(self, outcome: Outcome, top: Outcome, certified: float) -> float:
        """The smallest loss that the same test still certifies, found by halving."""
        low, high = -1.0, certified
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.is_within(outcome, top, middle) else (middle, high)
        return high


def certify_part(trial: Trial, final: Expected, is_fixed: NDArray[np.bool_], tiers: NDArray[np.bool_]) -> PartPoints:
    """The operating points of one part.

    ``final`` is what the router that will serve expects of these steps; it is given the cost weight at which it
    expects to save what was certified. ``is_fixed`` bool [n] are the unfamiliar steps, ``tiers`` bool [k] those with
    evidence of their own.
    """
    if not tiers[:-1].any() or not trial.units.n_units:
        return PartPoints(tuple(unsupported(loss) for loss in QUALITY_LOSSES), (None,) * len(QUALITY_LOSSES))
    outcomes = walk(trial, tiers)
    weights = weights_at(final, tiers, is_fixed)
    top = trial.top()
    reached = _monotone([_reached(trial, outcomes, top, max_loss) for max_loss in QUALITY_LOSSES])
    points, found = [], []
    for max_loss, n_certified in zip(QUALITY_LOSSES, reached, strict=True):
        best = outcomes[n_certified - 1] if n_certified else None
        found.append(best)
        points.append(
            unsupported(max_loss) if best is None else trial.point(best, top, max_loss, float(weights[n_certified - 1]))
        )
    return PartPoints(tuple(points), tuple(found))


def _reached(trial: Trial, outcomes: Sequence[Outcome], top: Outcome, max_loss: float) -> int:
    """How many of the policies are certified: all before the first that is not."""
    for n_certified, outcome in enumerate(outcomes):
        if not trial.is_within(outcome, top, max_loss):
            return n_certified
    return len(outcomes)


def _monotone(reached: Sequence[int]) -> list[int]:
    """A smaller loss never goes further than a larger one, which also certified every policy before its last."""
    return [int(number) for number in np.minimum.accumulate(np.asarray(reached)[::-1])[::-1]]


def unsupported(max_loss: float) -> OperatingPoint:
    """Stay with the top tier."""
    return OperatingPoint(max_loss, None, 0.0, 0.0, 0.0)


def walk(trial: Trial, tiers: NDArray[np.bool_]) -> list[Outcome]:
    """What each of the policies did, careful ones first, every fold by the models that did not see it."""
    chosen = [[np.full(len(one), one.top, dtype=np.int64) for one in trial.repeats] for _ in SAVINGS]
    for repeat, held_out in enumerate(trial.repeats):
        for fold in np.unique(held_out.fold):
            rows = np.flatnonzero(held_out.fold == fold)
            expected, is_fixed = held_out.expected.take(rows), held_out.is_unfamiliar[rows]
            fixed = held_out.fixed % held_out.success.shape[1]
            for step, weight in enumerate(weights_at(expected, tiers, is_fixed, fixed=fixed)):
                chosen[step][repeat][rows] = np.where(is_fixed, fixed, choose(expected, tiers, float(weight)))
    return [trial.outcome(of_step) for of_step in chosen]


def shortfall(weight: Floats, of: Floats, against: Floats) -> float:
    """By what share the weighted sum of ``of`` float64 [n] lies below that of ``against``."""
    return 1.0 - float(weight @ of) / max(float(weight @ against), 1e-12)
