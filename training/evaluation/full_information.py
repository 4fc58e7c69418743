"""What a choice of tiers is worth when every tier's outcome is known: success, cost, loss, saving, tax, regret."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.outcomes import FullOutcomes


@dataclass(frozen=True, slots=True)
class ChoiceReport:
    """One way to choose a tier for every step, measured on the complete steps.

    ``success``            share of steps that succeed
    ``cost_usd``           mean cost of a step
    ``loss``               relative loss of success against always-top, ``1 - success / success_top``
    ``saving``             ``1 - cost / cost_top``, in dollars: dear steps count for more
    ``saving_relative``    the same with every cost told in what the step cost on the top tier: all steps count alike
    ``frontier_tax_usd``   mean of what was paid above the oracle's tier, ``max(0, cost - cost_oracle)``
    ``frontier_tax``       the same as a share of what was paid
    ``success_regret``     the oracle's success minus this one's
    ``cost_regret_usd``    this mean cost minus the oracle's; negative when it fails cheaply
    ``tier_shares``        share of steps per tier, cheapest first

    The oracle takes the tier that succeeded at the least cost of that step, and the cheapest one where none did.
    ``loss``, the savings and ``frontier_tax`` are NaN where they divide by zero; steps that cost nothing on the top
    tier are left out of ``saving_relative``.
    """

    success: Estimate
    cost_usd: Estimate
    loss: Estimate
    saving: Estimate
    saving_relative: Estimate
    frontier_tax_usd: Estimate
    frontier_tax: Estimate
    success_regret: Estimate
    cost_regret_usd: Estimate
    tier_shares: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, object]:
        single = {name: getattr(self, name).to_dict() for name in _SINGLE}
        return {**single, "tier_shares": [share.to_dict() for share in self.tier_shares]}


_SINGLE = tuple(field.name for field in fields(ChoiceReport) if field.name != "tier_shares")


def evaluate_choice(
    outcomes: FullOutcomes, chosen: NDArray[np.int64], bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> ChoiceReport:
    """Measures ``chosen`` int64 [n_logged], a tier index for each step of the log.

    >>> from tierwise.training.evaluation import full_outcomes
    >>> log = full_outcomes(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 4.0], [1.0, 4.0]]))
    >>> report = evaluate_choice(log, np.array([0, 1]))
    >>> report.success.value, report.saving.value
    (1.0, 0.375)
    """
    return _measured(outcomes, np.eye(outcomes.n_tiers)[tier_indices(outcomes, chosen)], bootstrap)


def evaluate_mix(outcomes: FullOutcomes, shares: FloatArray, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> ChoiceReport:
    """Tiers drawn at random without a look at the step, tier t with probability ``shares[t]``, float64 [k]."""
    if shares.shape != (outcomes.n_tiers,) or (shares < 0).any() or not np.isclose(shares.sum(), 1):
        raise EvaluationError(f"shares are {shares}; {outcomes.n_tiers} probabilities that add up to 1 are needed")
    return _measured(outcomes, np.tile(shares, (len(outcomes), 1)), bootstrap)


def _measured(outcomes: FullOutcomes, p_chosen: FloatArray, bootstrap: Bootstrap) -> ChoiceReport:
    """``p_chosen`` float64 [n, k]: the probability of each tier on the complete steps."""
    totals = bootstrap.sums(_contributions(outcomes, p_chosen), outcomes.groups)
    n, n_effective = len(outcomes), outcomes.n_effective
    values = _statistics(totals, outcomes.n_tiers)
    estimates = [bootstrap.estimate(column, n, n_effective) for column in values.T]
    single = dict(zip(_SINGLE, estimates, strict=False))
    return ChoiceReport(**single, tier_shares=tuple(estimates[len(single) :]))


def evaluate_constants(outcomes: FullOutcomes, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> Sequence[ChoiceReport]:
    """Always the same tier, for each tier, cheapest first."""
    return [
        evaluate_choice(outcomes, np.full(outcomes.n_logged, tier, dtype=np.int64), bootstrap)
        for tier in range(outcomes.n_tiers)
    ]


def evaluate_oracle(outcomes: FullOutcomes, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> ChoiceReport:
    """The tier that succeeded at the least cost, known only afterwards: what no single choice can beat."""
    chosen = np.zeros(outcomes.n_logged, dtype=np.int64)
    chosen[outcomes.rows] = outcomes.oracle()
    return evaluate_choice(outcomes, chosen, bootstrap)


def tier_indices(outcomes: FullOutcomes, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """``chosen`` of the complete steps, checked to be tiers."""
    kept = outcomes.keep(np.asarray(chosen))
    if not np.issubdtype(kept.dtype, np.integer) or ((kept < 0) | (kept >= outcomes.n_tiers)).any():
        raise EvaluationError(f"chosen holds something else than a tier index from 0 to {outcomes.n_tiers - 1}")
    return kept.astype(np.int64)


def relative_costs(outcomes: FullOutcomes, cost_usd: FloatArray) -> FloatArray:
    """float64 [n]: ``cost_usd`` [n] in what the step cost on the top tier; 0 where that was nothing."""
    top_usd = outcomes.cost_usd[:, -1]
    return np.divide(cost_usd, top_usd, out=np.zeros(len(outcomes)), where=top_usd > 0)


def _contributions(outcomes: FullOutcomes, p_chosen: FloatArray) -> FloatArray:
    """[n, 10 + k]: what each step adds to the sums that ``_statistics`` reads."""
    each = np.arange(len(outcomes))
    oracle = outcomes.oracle()
    cost, oracle_cost = (p_chosen * outcomes.cost_usd).sum(axis=1), outcomes.cost_usd[each, oracle]
    above_oracle = np.maximum(0.0, outcomes.cost_usd - oracle_cost[:, None])
    columns = [
        np.ones(len(outcomes)),
        (p_chosen * outcomes.success).sum(axis=1),
        cost,
        outcomes.success[:, -1],
        outcomes.cost_usd[:, -1],
        outcomes.success[each, oracle],
        oracle_cost,
        (p_chosen * above_oracle).sum(axis=1),
        relative_costs(outcomes, cost),
        relative_costs(outcomes, outcomes.cost_usd[:, -1]),
    ]
    return np.column_stack([*columns, p_chosen]) * outcomes.weights[:, None]


def _statistics(totals: FloatArray, n_tiers: int) -> FloatArray:
    """[draws, 9 + k], in the order of ``_SINGLE``, then the tier shares."""
    weight, success, cost, top_success, top_cost, oracle_success, oracle_cost, tax, own, own_top = totals.T[:10]
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = [
            success / weight,
            cost / weight,
            np.where(top_success > 0, 1 - success / top_success, np.nan),
            np.where(top_cost > 0, 1 - cost / top_cost, np.nan),
            np.where(own_top > 0, 1 - own / own_top, np.nan),
            tax / weight,
            np.where(cost > 0, tax / cost, np.nan),
            (oracle_success - success) / weight,
            (cost - oracle_cost) / weight,
        ]
        shares = totals[:, 10 : 10 + n_tiers] / weight[:, None]
    return np.column_stack([*columns, shares])
