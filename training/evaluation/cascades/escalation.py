"""Escalating operation beside single-shot: start somewhere, verify, go up a tier when a failure is caught."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.full_information import relative_costs, tier_indices
from tierwise.training.evaluation.outcomes import FullOutcomes


@dataclass(frozen=True, slots=True, eq=False)
class EscalationOutcome:
    """What escalating is expected to do to each step, float64 [n]; randomness of the verifier averaged out.

    ``p_success`` probability that the last result is right; ``cost_usd`` all attempts together; ``n_attempts``;
    ``p_final_tier`` float64 [n, k]: where the step ends.
    """

    p_success: FloatArray
    cost_usd: FloatArray
    n_attempts: FloatArray
    p_final_tier: FloatArray


_ESTIMATES = ("success", "cost_usd", "loss", "saving", "saving_relative", "n_attempts")


@dataclass(frozen=True, slots=True)
class EscalationReport:
    """Escalating operation measured on complete steps; loss and savings are against one shot at the top tier.

    ``saving`` is in dollars; ``saving_relative`` tells every cost in what the step cost on the top tier.
    """

    success: Estimate
    cost_usd: Estimate
    loss: Estimate
    saving: Estimate
    saving_relative: Estimate
    n_attempts: Estimate
    catch_rate: float
    false_alarm_rate: float

    def to_dict(self) -> dict[str, object]:
        estimates: dict[str, object] = {name: getattr(self, name).to_dict() for name in _ESTIMATES}
        return {**estimates, "catch_rate": self.catch_rate, "false_alarm_rate": self.false_alarm_rate}


def escalate(
    success: FloatArray,
    cost_usd: FloatArray,
    start: NDArray[np.int64],
    catch_rate: float = 1.0,
    false_alarm_rate: float = 0.0,
) -> EscalationOutcome:
    """Runs every step from tier ``start`` int64 [n] upward until the verifier is content or the top tier has run.

    ``success`` float64 [n, k] 0 or 1, ``cost_usd`` float64 [n, k], no NaN. The verifier catches a failure with
    probability ``catch_rate`` and sends a success up with ``false_alarm_rate``, independently at each attempt. What
    the top tier answers is final.

    >>> truth, prices = np.array([[0.0, 1.0]]), np.array([[1.0, 9.0]])
    >>> result = escalate(truth, prices, np.array([0]), catch_rate=0.5)
    >>> float(result.p_success[0]), float(result.cost_usd[0])
    (0.5, 5.5)
    """
    for name, rate in (("catch_rate", catch_rate), ("false_alarm_rate", false_alarm_rate)):
        if not 0 <= rate <= 1:
            raise EvaluationError(f"{name} is {rate}; a probability from 0 to 1 is needed")
    n_steps, n_tiers = success.shape
    p_running = np.zeros(n_steps)
    p_final_tier = np.zeros((n_steps, n_tiers))
    total_cost, n_attempts = np.zeros(n_steps), np.zeros(n_steps)
    for tier in range(n_tiers):
        p_running = np.where(start == tier, 1.0, p_running)
        total_cost += p_running * cost_usd[:, tier]
        n_attempts += p_running
        p_up = np.where(success[:, tier] == 1, false_alarm_rate, catch_rate) if tier < n_tiers - 1 else 0.0
        p_final_tier[:, tier] = p_running * (1 - p_up)
        p_running = p_running * p_up
    return EscalationOutcome((p_final_tier * success).sum(axis=1), total_cost, n_attempts, p_final_tier)


def evaluate_escalation(
    outcomes: FullOutcomes,
    start: NDArray[np.int64],
    catch_rate: float = 1.0,
    false_alarm_rate: float = 0.0,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> EscalationReport:
    """Measures escalation from ``start`` int64 [n_logged] on the complete steps."""
    kept = tier_indices(outcomes, start)
    result = escalate(outcomes.success, outcomes.cost_usd, kept, catch_rate, false_alarm_rate)
    return _report(outcomes, result, catch_rate, false_alarm_rate, bootstrap)


def evaluate_cascade(
    outcomes: FullOutcomes, path: Sequence[int], catch_rate: float = 1.0, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> EscalationReport:
    """The plain cascade over the tiers of ``path``, ascending, the same for all steps; the others are skipped."""
    tiers = list(path)
    if not tiers or tiers != sorted(set(tiers)) or tiers[0] < 0 or tiers[-1] >= outcomes.n_tiers:
        raise EvaluationError(f"path is {tiers}; tiers from 0 to {outcomes.n_tiers - 1}, ascending, are needed")
    start = np.zeros(len(outcomes), dtype=np.int64)
    result = escalate(outcomes.success[:, tiers], outcomes.cost_usd[:, tiers], start, catch_rate)
    return _report(outcomes, result, catch_rate, 0.0, bootstrap)


def _report(
    outcomes: FullOutcomes,
    result: EscalationOutcome,
    catch_rate: float,
    false_alarm_rate: float,
    bootstrap: Bootstrap,
) -> EscalationReport:
    ones = np.ones(len(outcomes))
    top_success, top_cost = outcomes.success[:, -1], outcomes.cost_usd[:, -1]
    own, own_top = (relative_costs(outcomes, usd) for usd in (result.cost_usd, top_cost))
    columns = [ones, result.p_success, result.cost_usd, top_success, top_cost, own, own_top, result.n_attempts]
    totals = bootstrap.sums(np.column_stack(columns) * outcomes.weights[:, None], outcomes.groups)
    weight, success, cost, top_success, top_cost, own, own_top, n_attempts = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(top_success > 0, 1 - success / top_success, np.nan)
        saving = np.where(top_cost > 0, 1 - cost / top_cost, np.nan)
        relative = np.where(own_top > 0, 1 - own / own_top, np.nan)
    statistics = (success / weight, cost / weight, loss, saving, relative, n_attempts / weight)
    n, n_effective = len(outcomes), outcomes.n_effective
    estimates = {
        name: bootstrap.estimate(values, n, n_effective) for name, values in zip(_ESTIMATES, statistics, strict=True)
    }
    return EscalationReport(**estimates, catch_rate=catch_rate, false_alarm_rate=false_alarm_rate)
