"""What a new policy would have been worth, from a log of what another policy chose.

With weights ``w = pi(a|x) / e(a|x)`` (target over logging probability of the logged tier a), rewards r, a model q and
target probabilities pi:

- inverse propensity scoring: ``mean(w r)`` (Horvitz and Thompson, JASA 1952)
- self-normalised: ``sum(w r) / sum(w)`` (Swaminathan and Joachims, NIPS 2015)
- doubly robust: ``mean(sum_t pi_t q_t + w (r - q_a))`` (Dudik, Langford and Li, ICML 2011)

All three need overlap: whatever the target would do, the log must have done now and then on steps like it. Weights
then average 1 and enough of them are not tiny; where that fails there is a refusal instead of a number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices
from tierwise.training.evaluation.logged.overlap import Overlap, measure_overlap
from tierwise.training.evaluation.logged.weighted_reward import WeightedReward


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """Success and mean cost of one attempt a step under the target policy."""

    success: Estimate
    cost_usd: Estimate | None

    def to_dict(self) -> dict[str, object]:
        return {"success": self.success.to_dict(), "cost_usd": self.cost_usd.to_dict() if self.cost_usd else None}


@dataclass(frozen=True, slots=True)
class OffPolicyReport:
    """Estimates of one target policy. ``dr`` needs a model; ``cost_usd`` is None where the log knows no costs.

    ``loss`` and ``saving`` are against always-top, from the doubly robust values where there is a model and from IPS
    where not; None where the log cannot speak about always-top. ``n_left_out`` steps had no known choice, propensity or
    success. ``p_estimated`` is the share of steps whose propensity was estimated, not recorded: such estimates are
    only as good as the model of the old policy.
    """

    ips: PolicyValue
    snips: PolicyValue
    dr: PolicyValue | None
    loss: Estimate | None
    saving: Estimate | None
    overlap: Overlap
    n: int
    n_left_out: int
    p_estimated: float

    def to_dict(self) -> dict[str, object]:
        return {
            "ips": self.ips.to_dict(),
            "snips": self.snips.to_dict(),
            "dr": self.dr.to_dict() if self.dr else None,
            "loss": self.loss.to_dict() if self.loss else None,
            "saving": self.saving.to_dict() if self.saving else None,
            "overlap": self.overlap.to_dict(),
            "n": self.n,
            "n_left_out": self.n_left_out,
            "p_estimated": self.p_estimated,
        }


def evaluate_off_policy(
    choices: LoggedChoices,
    p_target: FloatArray,
    prediction: Forecast | None = None,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> OffPolicyReport | Refusal:
    """The value of ``p_target`` float64 [n, k], the target's probability of each tier, from ``choices``.

    ``prediction`` (float64 [n, k] each) makes the doubly robust estimate; it must come from a model that did not see
    these outcomes. Steps on which it is NaN are left out of all three.
    """
    _check(choices, p_target)
    known = (choices.chosen >= 0) & ~np.isnan(choices.propensity) & ~np.isnan(choices.success)
    if prediction is not None:
        known &= np.isfinite(prediction.p_success).all(axis=1) & np.isfinite(prediction.expected_cost_usd).all(axis=1)
    overlap = measure_overlap(choices, p_target, known)
    refusal = overlap.refusal()
    if refusal is not None:
        return refusal
    has_cost = known & ~np.isnan(choices.cost_usd)
    success_model = prediction.p_success if prediction else None
    cost_model = prediction.expected_cost_usd if prediction else None
    success = WeightedReward(choices, choices.success, known, success_model, (0.0, 1.0), bootstrap)
    cost = WeightedReward(choices, choices.cost_usd, has_cost, cost_model, (0.0, np.inf), bootstrap)
    costs = [cost] if has_cost.any() else []
    top = deterministic(np.full(len(choices), choices.n_tiers - 1, dtype=np.int64), choices.n_tiers)
    top_is_known = measure_overlap(choices, top, known).refusal() is None
    return OffPolicyReport(
        ips=_value([reward.ips(p_target) for reward in (success, *costs)]),
        snips=_value([reward.snips(p_target) for reward in (success, *costs)]),
        dr=_value([reward.doubly_robust(p_target) for reward in (success, *costs)]) if prediction else None,
        loss=success.shortfall(p_target, top) if top_is_known else None,
        saving=cost.shortfall(p_target, top) if top_is_known and costs else None,
        overlap=overlap,
        n=int(known.sum()),
        n_left_out=int((~known).sum()),
        p_estimated=float(choices.is_estimated[known].mean()),
    )


def deterministic(chosen: NDArray[np.int64], n_tiers: int) -> FloatArray:
    """Target probabilities float64 [n, k] of a policy that always takes ``chosen`` int64 [n]."""
    return np.eye(n_tiers)[chosen]


def _value(estimates: list[Estimate]) -> PolicyValue:
    return PolicyValue(estimates[0], estimates[1] if len(estimates) > 1 else None)


def _check(choices: LoggedChoices, p_target: FloatArray) -> None:
    if p_target.shape != (len(choices), choices.n_tiers):
        raise EvaluationError(f"p_target is {p_target.shape}; ({len(choices)}, {choices.n_tiers}) is needed")
    if not (np.isfinite(p_target).all() and (p_target >= 0).all() and np.allclose(p_target.sum(axis=1), 1)):
        raise EvaluationError("p_target must hold probabilities that add up to 1 on every step")
