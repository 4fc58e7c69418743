"""Where to start when a verifier catches failures and the next tier is asked: certified for the whole cascade.

Under a catch rate a start tier stands for a whole cascade: start, and one tier up after each failure that is caught.
What it leads to follows from the outcomes of the tiers (:mod:`tierwise.training.evaluation.cascades.escalation`), so a
cascade is one more kind of policy, and starting at the top is what it is measured against.

Two families are tried, each at half of the allowed error: the *plain* cascades, all steps starting at one tier, from
the dearest start to the cheapest, and *learned* starts, as single attempts are learned. Unfamiliar steps start where
the best plain cascade starts. Of what is certified, the one is taken that is worth most: a tolerated loss of ``m`` says
that a step's whole cost is worth ``m`` of its success, so the worth of a cascade is ``success + m * saving``, both
against the top tier. A learned start is taken where it is worth more than the best plain one by more than one standard
error of the difference, over tasks: the best of a hundred looks better than it is.

At a catch rate of 1 every cascade ends as well as the top tier alone, whatever it starts with; nothing is left to test,
and only worth is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.choosing.escalation import expect_escalations
from tierwise.router_model.choosing.operating_point import CATCH_RATES, OperatingPoint
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.paths import weights_at
from tierwise.training.certification.points import Outcome, Trial, shortfall, unsupported, walk
from tierwise.training.evaluation.cascades.escalation import escalate

CASCADE_LOSSES: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 1.0)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A certified cascade: the plain one from ``start``, or the learned one at ``cost_weight``."""

    outcome: Outcome
    start: int | None
    cost_weight: float


def certify_cascades(
    trial: Trial, final: Expected, is_fixed: NDArray[np.bool_], tiers: NDArray[np.bool_]
) -> tuple[tuple[OperatingPoint, ...], ...]:
    """For each of ``CATCH_RATES`` the points of ``CASCADE_LOSSES``; none where single attempts have no evidence, or
    where expectations come without the chain that cascades are expected from."""
    if not tiers[:-1].any() or not trial.units.n_units or final.chain is None:
        return ()
    return tuple(_certified(trial, final, is_fixed, tiers, rate) for rate in CATCH_RATES)


def under_catch_rate(held_out: HeldOut, catch_rate: float) -> HeldOut:
    """The same steps with cascades in place of tiers: column t is what starting at tier t expects and leads to."""
    n_tiers = held_out.success.shape[1]
    starts = [np.full(len(held_out), tier, dtype=np.int64) for tier in range(n_tiers)]
    found = [escalate(held_out.success, held_out.cost_usd, start, catch_rate) for start in starts]
    return replace(
        held_out,
        expected=cascades_expected(held_out.expected, catch_rate),
        success=np.stack([one.p_success for one in found], axis=1),
        cost_usd=np.stack([one.cost_usd for one in found], axis=1),
    )


def cascades_expected(expected: Expected, catch_rate: float) -> Expected:
    """Expectations by start tier; the unit of costs stays."""
    if expected.chain is None:
        raise ValueError("these expectations carry no chain; cascades cannot be expected from single attempts alone")
    found = expect_escalations(expected.chain, expected.cost_usd, catch_rate)
    return replace(expected, p_success=found.p_success, cost_usd=found.cost_usd)


def _certified(
    trial: Trial, final: Expected, is_fixed: NDArray[np.bool_], tiers: NDArray[np.bool_], catch_rate: float
) -> tuple[OperatingPoint, ...]:
    repeats = [under_catch_rate(one, catch_rate) for one in trial.repeats]
    half = replace(trial, repeats=repeats, confidence=(1 + trial.confidence) / 2)
    top, is_sure = half.top(), catch_rate == 1
    expected = cascades_expected(final, catch_rate)
    learned: dict[int, list[_Candidate]] = {}
    points = []
    for max_loss in CASCADE_LOSSES:
        plain = _plain(half, tiers, top, max_loss, is_sure)
        best_plain = max(plain, key=lambda one: _worth_then_saving(half, one.outcome, top, max_loss))
        start = half.repeats[0].top if best_plain.start is None else best_plain.start
        if start not in learned:
            learned[start] = _learned(half, expected, is_fixed, tiers, start)
        certified = learned[start] if is_sure else _before_the_first_failure(half, learned[start], top, max_loss)
        best = max([best_plain, *certified], key=lambda one: _sure_gain(half, one, best_plain, top, max_loss))
        point = _point(half, best, top, max_loss, start)
        points.append(replace(point, loss_upper=min(point.loss_upper, 0.0)) if is_sure else point)
    return tuple(points)


def _plain(trial: Trial, tiers: NDArray[np.bool_], top: Outcome, max_loss: float, is_sure: bool) -> list[_Candidate]:
    """The certified plain cascades, the start at the top among them."""
    top_tier = trial.repeats[0].top
    found = [_Candidate(top, top_tier, 0.0)]
    for start in np.flatnonzero(tiers)[::-1]:
        if start == top_tier:
            continue
        outcome = trial.outcome([np.full(len(one), start, dtype=np.int64) for one in trial.repeats])
        if not is_sure and not trial.is_within(outcome, top, max_loss):
            break
        found.append(_Candidate(outcome, int(start), 0.0))
    return found


def _learned(
    trial: Trial, final: Expected, is_fixed: NDArray[np.bool_], tiers: NDArray[np.bool_], start: int
) -> list[_Candidate]:
    """Learned starts from careful to bold, unfamiliar steps at ``start``."""
    fixed = replace(trial, repeats=[replace(one, fixed=start) for one in trial.repeats])
    weights = weights_at(final, tiers, is_fixed, fixed=start)
    return [_Candidate(outcome, None, float(w)) for outcome, w in zip(walk(fixed, tiers), weights, strict=True)]


def _before_the_first_failure(
    trial: Trial, candidates: Sequence[_Candidate], top: Outcome, max_loss: float
) -> list[_Candidate]:
    found = []
    for candidate in candidates:
        if not trial.is_within(candidate.outcome, top, max_loss):
            break
        found.append(candidate)
    return found


def _worth_then_saving(trial: Trial, outcome: Outcome, top: Outcome, max_loss: float) -> tuple[float, float]:
    """Where no loss is tolerated saving is worth nothing, but that of two alike the cheaper one is taken."""
    weight: Floats = trial.units.weight
    saving = shortfall(weight, outcome.relative_cost, top.relative_cost)
    return max_loss * saving - shortfall(weight, outcome.success, top.success), saving


def _sure_gain(trial: Trial, one: _Candidate, plain: _Candidate, top: Outcome, max_loss: float) -> float:
    """By how much a cascade is worth more than the plain one, less one standard error; 0 for the plain one itself."""
    if one is plain:
        return 0.0
    units, weight = trial.units, trial.units.weight
    success = (one.outcome.success - plain.outcome.success) / max(float(weight @ top.success), 1e-12)
    saving = (plain.outcome.relative_cost - one.outcome.relative_cost) / max(float(weight @ top.relative_cost), 1e-12)
    gains = units.sums(success + max_loss * saving)
    return float(gains.sum() - np.sqrt(len(gains)) * gains.std())


def _point(trial: Trial, best: _Candidate, top: Outcome, max_loss: float, start: int) -> OperatingPoint:
    if best.start == trial.repeats[0].top:
        return replace(unsupported(max_loss), plain_start=start)
    found = trial.point(best.outcome, top, max_loss, best.cost_weight)
    return replace(found, start=best.start, plain_start=start)
