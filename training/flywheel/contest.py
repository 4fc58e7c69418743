"""Two routers on the same steps: who succeeds more, who costs less, over all and slice by slice, always in pairs.

Where enough steps know every tier, both routers are simply looked up. Elsewhere the log is asked off-policy: doubly
robust values of both on the same steps, and the difference of the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import Decision, LoggedStep
from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.costs import logged_outcomes
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.decision_arrays import decision_arrays
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate, effective_n
from tierwise.training.evaluation.logged.collection import collected_steps
from tierwise.training.evaluation.logged.logged_choices import logged_choices
from tierwise.training.evaluation.logged.off_policy import deterministic, evaluate_off_policy
from tierwise.training.evaluation.logged.propensity import step_features, with_estimated_propensities
from tierwise.training.evaluation.logged.ratio import estimate_ratio
from tierwise.training.evaluation.logged.weighted_reward import WeightedReward
from tierwise.training.evaluation.outcomes import group_codes
from tierwise.training.evaluation.slices import MIN_SLICE_STEPS, slice_labels

MIN_COMPLETE = 100
_SLICED_BY = ("task type", "agent", "node")


@dataclass(frozen=True, slots=True)
class SliceDifference:
    """The difference of success on the steps that share ``value`` of ``dimension``."""

    dimension: str
    value: str
    success: Estimate


@dataclass(frozen=True, slots=True)
class Contest:
    """Challenger minus incumbent, per step. ``cost_usd`` relative to the incumbent's mean is ``relative_cost``.

    ``method`` is "full information" or "off-policy"; ``p_estimated`` the share of propensities that were not recorded.
    """

    method: str
    success: Estimate
    relative_cost: Estimate
    slices: tuple[SliceDifference, ...]
    p_estimated: float

    def to_dict(self) -> dict[str, object]:
        return {
            "method": self.method,
            "success": self.success.to_dict(),
            "relative_cost": self.relative_cost.to_dict(),
            "p_estimated": self.p_estimated,
        }


def hold_contest(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    challenger: Sequence[Decision],
    incumbent: Sequence[Decision],
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> Contest | Refusal:
    """Compares one decision a step of each; neither router may have been fitted to these steps."""
    outcomes = logged_outcomes(steps, catalogue)
    is_full = collected_steps(steps, outcomes.success) & ~np.isnan(outcomes.cost_usd).any(axis=1)
    if is_full.sum() >= max(MIN_COMPLETE, len(steps) / 2):
        ours, theirs = (decision_arrays(of, catalogue).chosen for of in (challenger, incumbent))
        each = np.arange(len(steps))
        values = _Values(
            is_full,
            (outcomes.success[each, ours], outcomes.success[each, theirs]),
            (outcomes.cost_usd[each, ours], outcomes.cost_usd[each, theirs]),
            is_full.astype(np.float64),
        )
        return _contest("full information", steps, values, 0.0, bootstrap)
    return _off_policy(steps, catalogue, challenger, incumbent, bootstrap)


_WITHOUT_COSTS = (
    "no step to measure on has a known outcome and a known cost; report cost_usd, or tokens with prices in tiers.toml"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """Per step, challenger then incumbent, float64 [n]; ``known`` bool [n]; ``weights`` float64 [n] for effective n."""

    known: NDArray[np.bool_]
    success: tuple[FloatArray, FloatArray]
    cost_usd: tuple[FloatArray, FloatArray]
    weights: FloatArray


def _off_policy(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    challenger: Sequence[Decision],
    incumbent: Sequence[Decision],
    bootstrap: Bootstrap,
) -> Contest | Refusal:
    ours, theirs = decision_arrays(challenger, catalogue), decision_arrays(incumbent, catalogue)
    choices = with_estimated_propensities(logged_choices(steps, catalogue.names), step_features(steps))
    model = Forecast(ours.p_success, ours.expected_cost_usd) if ours.is_predicted.all() else None
    targets = [deterministic(each.chosen, choices.n_tiers) for each in (ours, theirs)]
    for name, target in zip(("challenger", "incumbent"), targets, strict=True):
        found = evaluate_off_policy(choices, target, model, bootstrap)
        if isinstance(found, Refusal):
            return Refusal(f"the log cannot tell what the {name} would have done: {found.reason}")
    known = (choices.chosen >= 0) & ~np.isnan(choices.propensity + choices.success + choices.cost_usd)
    if not known.any():
        return Refusal(_WITHOUT_COSTS)
    success = WeightedReward(choices, choices.success, known, model.p_success if model else None, (0.0, 1.0), bootstrap)
    cost = WeightedReward(
        choices, choices.cost_usd, known, model.expected_cost_usd if model else None, (0.0, np.inf), bootstrap
    )
    weights = np.max([_spread(known, success.weights(target)) for target in targets], axis=0)
    values = _Values(known, _both(known, success, targets), _both(known, cost, targets), weights)
    return _contest("off-policy", steps, values, float(choices.is_estimated[known].mean()), bootstrap)


def _both(known: NDArray[np.bool_], reward: WeightedReward, targets: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    return _spread(known, reward.best_values(targets[0])), _spread(known, reward.best_values(targets[1]))


def _spread(known: NDArray[np.bool_], values: FloatArray) -> FloatArray:
    """``values`` of the known steps at their places, 0 elsewhere."""
    spread = np.zeros(len(known))
    spread[known] = values
    return spread


def _contest(
    method: str, steps: Sequence[LoggedStep], values: _Values, p_estimated: float, bootstrap: Bootstrap
) -> Contest:
    groups = group_codes([split_unit(logged) for logged in steps], len(steps))
    labels = {name: labels for name, labels in slice_labels(steps).items() if name in _SLICED_BY}
    difference = values.success[0] - values.success[1]
    known = values.known
    return Contest(
        method=method,
        success=_mean(difference, np.ones(len(steps)), known, values.weights, groups, bootstrap),
        relative_cost=_mean(
            values.cost_usd[0] - values.cost_usd[1], values.cost_usd[1], known, values.weights, groups, bootstrap
        ),
        slices=tuple(_slices(labels, difference, values, groups, bootstrap)),
        p_estimated=p_estimated,
    )


def _slices(
    labels: Mapping[str, Sequence[str]],
    difference: FloatArray,
    values: _Values,
    groups: NDArray[np.int64],
    bootstrap: Bootstrap,
) -> list[SliceDifference]:
    found = []
    ones = np.ones(len(difference))
    for dimension, column in labels.items():
        of_step = np.asarray(column, dtype=object)
        for value in sorted(set(column)):
            members = values.known & (of_step == value)
            if members.sum() >= MIN_SLICE_STEPS:
                estimate = _mean(difference, ones, members, values.weights, groups, bootstrap)
                found.append(SliceDifference(dimension, value, estimate))
    return sorted(found, key=lambda entry: entry.success.value)


def _mean(
    numerator: FloatArray,
    denominator: FloatArray,
    members: NDArray[np.bool_],
    weights: FloatArray,
    groups: NDArray[np.int64],
    bootstrap: Bootstrap,
) -> Estimate:
    """``sum(numerator) / sum(denominator)`` over the members, groups drawn whole."""
    codes = np.unique(groups[members], return_inverse=True)[1].astype(np.int64)
    n_effective = effective_n(np.maximum(weights[members], 1e-9), codes)
    ratio = estimate_ratio(numerator[members], denominator[members], codes, n_effective, bootstrap)
    return Estimate(ratio.value, ratio.low, ratio.high, int(members.sum()), n_effective)
