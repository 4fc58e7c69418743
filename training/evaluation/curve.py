"""The cost-quality curve of a router, and its skill over the best mix of fixed tiers.

The exchange rate lambda is swept in ``argmax_t p_t - lambda * c_t``. Cost is scaled so that always-cheapest is at 0 and
always-top at 1, success likewise. Operating points can be mixed at random, so the curve is the upper concave hull of
the points, both ends included. Its area over cost 0..1 is the ``area``; ``skill`` is the area minus that of the
constants alone, which know nothing of the step. (The hull of the ROC convex hull method: Provost and Fawcett, Robust
Classification, 2001.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.hull import area_under_hull, upper_hull
from tierwise.training.evaluation.outcomes import FullOutcomes

N_LAMBDAS = 41
"""Of 7,000 real steps, 401 add less than .001 of area; on 500 steps a finer sweep only flatters."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a router expects of each step and tier: both float64 [n_logged, k], no NaN on complete steps."""

    p_success: FloatArray
    expected_cost_usd: FloatArray

    def take(self, rows: NDArray[np.int64]) -> "Forecast":
        return Forecast(self.p_success[rows], self.expected_cost_usd[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points of one router, float64 [m], by falling lambda: cost and success of each, scaled and plain.

    ``is_on_hull`` bool [m] marks the points that no mix of others beats.
    """

    cost: FloatArray
    success: FloatArray
    mean_cost_usd: FloatArray
    success_rate: FloatArray
    is_on_hull: NDArray[np.bool_]

    def to_dict(self) -> dict[str, list[float] | list[bool]]:
        return {
            "cost": self.cost.tolist(),
            "success": self.success.tolist(),
            "mean_cost_usd": self.mean_cost_usd.tolist(),
            "success_rate": self.success_rate.tolist(),
            "is_on_hull": self.is_on_hull.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Skill:
    """``area`` under a router's curve and ``skill``, the area above that of the best mix of fixed tiers."""

    area: Estimate
    skill: Estimate
    curve: Curve

    def to_dict(self) -> dict[str, object]:
        return {"area": self.area.to_dict(), "skill": self.skill.to_dict(), "curve": self.curve.to_dict()}


@dataclass(frozen=True, slots=True)
class SkillTable:
    """Skills of several routers on the same steps and the same bootstrap draws.

    ``differences`` maps (a, b) to the paired estimate of skill a minus skill b.
    """

    mix_area: Estimate
    skills: Mapping[str, Skill]
    differences: Mapping[tuple[str, str], Estimate]

    def to_dict(self) -> dict[str, object]:
        return {
            "mix_area": self.mix_area.to_dict(),
            "skills": {name: skill.to_dict() for name, skill in self.skills.items()},
            "differences": [
                {"of": a, "over": b, **estimate.to_dict()} for (a, b), estimate in self.differences.items()
            ],
        }


def measure_skills(
    outcomes: FullOutcomes, predictions: Mapping[str, Forecast], bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> SkillTable | Refusal:
    """Areas, skills and all paired differences of ``predictions``; a refusal where the scale means nothing."""
    constants = bootstrap.sums(_per_step(outcomes, constant_choices(outcomes)), outcomes.groups)
    refusal = _scale_refusal(constants, outcomes.n_tiers)
    if refusal is not None:
        return refusal
    mix_areas = _areas(constants, constants, outcomes.n_tiers)
    areas: dict[str, FloatArray] = {}
    curves: dict[str, Curve] = {}
    for name, prediction in predictions.items():
        totals = bootstrap.sums(_per_step(outcomes, sweep(outcomes, prediction)), outcomes.groups)
        areas[name] = _areas(totals, constants, outcomes.n_tiers)
        curves[name] = _curve(totals[0], constants[0], outcomes)
    return _skill_table(areas, curves, mix_areas, outcomes, bootstrap)


def sweep(outcomes: FullOutcomes, prediction: Forecast, n_lambdas: int = N_LAMBDAS) -> NDArray[np.int64]:
    """int64 [n, n_lambdas]: the tier chosen at each lambda, from infinity (cheapest) down to 0 (surest).

    Lambdas are quantiles of the exchange rates at which steps change tier, so every stretch of the curve is
    resolved alike. Ties go to the cheaper tier.
    """
    p_success, cost = outcomes.keep(prediction.p_success), outcomes.keep(prediction.expected_cost_usd)
    if p_success.shape != outcomes.success.shape or cost.shape != outcomes.success.shape:
        raise EvaluationError(f"a prediction is {p_success.shape} and {cost.shape}; {outcomes.success.shape} is needed")
    if not (np.isfinite(p_success).all() and np.isfinite(cost).all()):
        raise EvaluationError("a prediction is NaN or infinite on a step that is to be evaluated; predict every step")
    choices = np.empty((len(outcomes), n_lambdas), dtype=np.int64)
    choices[:, 0] = cost.argmin(axis=1)
    for column, rate in enumerate(_exchange_rates(p_success, cost, n_lambdas - 1), start=1):
        choices[:, column] = (p_success - rate * cost).argmax(axis=1)
    return choices


def constant_choices(outcomes: FullOutcomes) -> NDArray[np.int64]:
    """int64 [n, k]: column t always chooses tier t."""
    return np.tile(np.arange(outcomes.n_tiers, dtype=np.int64), (len(outcomes), 1))


def _exchange_rates(p_success: FloatArray, cost: FloatArray, n_rates: int) -> FloatArray:
    """[n_rates], falling to 0: quantiles of gained probability per dollar over all pairs of tiers that trade."""
    gains = []
    for low in range(p_success.shape[1]):
        gained = p_success[:, low + 1 :] - p_success[:, [low]]
        paid = cost[:, low + 1 :] - cost[:, [low]]
        trades = (gained > 0) & (paid > 0)
        gains.append(gained[trades] / paid[trades])
    rates = np.concatenate(gains)
    if not len(rates):
        return np.zeros(n_rates)
    return np.append(np.quantile(rates, np.linspace(1, 0, n_rates - 1)), 0.0)


def _per_step(outcomes: FullOutcomes, choices: NDArray[np.int64]) -> FloatArray:
    """[n, 1 + 2m]: weight, then cost and success of each column of ``choices`` [n, m]."""
    cost = np.take_along_axis(outcomes.cost_usd, choices, axis=1)
    success = np.take_along_axis(outcomes.success, choices, axis=1)
    return np.column_stack([np.ones(len(outcomes)), cost, success]) * outcomes.weights[:, None]


def _scale_refusal(constants: FloatArray, n_tiers: int) -> Refusal | None:
    cost, success = constants[:, 1 : 1 + n_tiers], constants[:, 1 + n_tiers :]
    for gained, what in ((cost[:, -1] - cost[:, 0], "cost"), (success[:, -1] - success[:, 0], "success")):
        if np.quantile(gained[1:], 0.025) <= 0 or gained[0] <= 0:
            return Refusal(
                f"the {what} of always-top does not clearly exceed that of always-cheapest on these "
                f"{constants[0, 0]:g} steps; a curve scaled between the two would mean nothing"
            )
    return None


def _scaled(totals: FloatArray, constants: FloatArray, n_tiers: int) -> FloatArray:
    """[2, m]: cost and success of the points of one draw, scaled by the constants of the same draw."""
    ends = constants[1:].reshape(2, n_tiers)
    low, high = ends[:, [0]], ends[:, [-1]]
    return np.asarray((totals[1:].reshape(2, -1) - low) / (high - low))


def _areas(totals: FloatArray, constants: FloatArray, n_tiers: int) -> FloatArray:
    """[draws]: area under the hull of the points and the two ends."""
    areas = np.empty(len(totals))
    for draw, (total, constant) in enumerate(zip(totals, constants, strict=True)):
        cost, success = _scaled(total, constant, n_tiers)
        areas[draw] = area_under_hull(np.append(cost, (0.0, 1.0)), np.append(success, (0.0, 1.0)))
    return areas


def _curve(totals: FloatArray, constants: FloatArray, outcomes: FullOutcomes) -> Curve:
    ends = np.column_stack([constants[[1, outcomes.n_tiers]], constants[[1 + outcomes.n_tiers, -1]]]).T
    sums = np.column_stack([ends[:, :1], totals[1:].reshape(2, -1), ends[:, 1:]])
    cost, success = _scaled(np.append(totals[0], sums.ravel()), constants, outcomes.n_tiers)
    mean_cost_usd, success_rate = sums / totals[0]
    is_on_hull = np.zeros(len(cost), dtype=np.bool_)
    is_on_hull[upper_hull(cost, success)] = True
    return Curve(cost, success, mean_cost_usd, success_rate, is_on_hull)


def _skill_table(
    areas: Mapping[str, FloatArray],
    curves: Mapping[str, Curve],
    mix_areas: FloatArray,
    outcomes: FullOutcomes,
    bootstrap: Bootstrap,
) -> SkillTable:
    def estimate(values: FloatArray) -> Estimate:
        return bootstrap.cautious_estimate(values, len(outcomes), outcomes.n_effective)

    skills = {name: Skill(estimate(area), estimate(area - mix_areas), curves[name]) for name, area in areas.items()}
    differences = {(a, b): estimate(areas[a] - areas[b]) for a in areas for b in areas if a != b}
    return SkillTable(estimate(mix_areas), skills, differences)
