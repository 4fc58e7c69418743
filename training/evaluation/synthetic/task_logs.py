"""What ways of operating leave of a world of tasks: records with attempts in their order, decision and propensity.

Each way is a function from what every tier would have done on a step to its :class:`Trail`: the tier that was decided,
with which probability, and the attempts that followed. Nothing a way does depends on what a log could not have known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.synthetic.task_worlds import TaskSteps
from tierwise.training.evaluation.synthetic.world_logs import world_step

EXPLORATION = 0.2
_P_PROVIDER_ERROR = 0.25


@dataclass(frozen=True, slots=True)
class Trail:
    """``tiers`` in the order of the attempts; the first ``n_errors`` of them ended in a provider's error, with an
    unknown outcome. ``decided`` None: the log has no decision."""

    tiers: tuple[int, ...]
    decided: int | None = None
    propensity: float = 1.0
    n_errors: int = 0


Logging = Callable[[FloatArray, float, np.random.Generator], Trail]
"""From success float64 [k] of a step and its complexity as planned to what is logged of it."""


def task_log(drawn: TaskSteps, logging: Logging, tier_names: Sequence[str], seed: int) -> list[LoggedStep]:
    """The records that ``logging`` leaves of ``drawn``, in the order of their time; a minute lies between two."""
    rng = np.random.default_rng([seed, len(drawn)])
    complexity = drawn.steps.complexity
    trails = [logging(drawn.success[row], float(complexity[row]), rng) for row in range(len(drawn))]
    return [_record(drawn, row, trail, tier_names) for row, trail in enumerate(trails)]


def full(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """Every tier was tried."""
    del complexity, rng
    return Trail(tuple(range(len(success))))


def one_attempt(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """One tier, each as likely as the others."""
    del complexity
    return _decided(np.full(len(success), 1.0 / len(success)), rng)


def top_only(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """The top tier, always."""
    del complexity, rng
    return Trail((len(success) - 1,), len(success) - 1)


def top_first(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """The top tier, but the one below on a fifth of the steps, and then the top tier where that fails."""
    del complexity
    return _escalated(_decided(_below_top(len(success)), rng), success)


def small_first(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """The cheapest tier, another one on a fifth of the steps, and then tier by tier up to the first success."""
    del complexity
    n_tiers = len(success)
    shares = np.full(n_tiers, EXPLORATION / (n_tiers - 1))
    shares[0] = 1.0 - EXPLORATION
    return _escalated(_decided(shares, rng), success)


def unreached(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """One attempt: the top tier, or on a fifth of the steps the one below; no other tier ever runs."""
    del complexity
    return _decided(_below_top(len(success)), rng)


def stand_in(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """One attempt, and where the decided tier's provider has an error, another tier stands in for it.

    The error is in the log in half of these cases. In the others only the attempt of the tier that stood in is.
    """
    del complexity
    n_tiers = len(success)
    shares = np.full(n_tiers, EXPLORATION)
    shares[-1] = 1.0 - EXPLORATION * (n_tiers - 1)
    trail = _decided(shares, rng)
    if rng.uniform() >= _P_PROVIDER_ERROR:
        return trail
    other = int(rng.choice([tier for tier in range(n_tiers) if tier != trail.decided]))
    if rng.uniform() < 0.5:
        return Trail((other,), trail.decided, trail.propensity)
    return Trail((*trail.tiers, other), trail.decided, trail.propensity, n_errors=1)


def rules(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """The cheapest tier up to a complexity of 3, the top one above 6, the middle one between; nothing else is tried."""
    del rng
    tier = _preferred(complexity, len(success))
    return Trail((tier,), tier)


def explored_rules(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
    """The same on four fifths of the steps; the others draw a tier, each as likely."""
    n_tiers = len(success)
    preferred = np.eye(n_tiers)[_preferred(complexity, n_tiers)]
    return _decided(EXPLORATION / n_tiers + (1 - EXPLORATION) * preferred, rng)


def mirrored(share: float) -> Logging:
    """The top tier answers; on a random ``share`` of the steps the cheaper ones are asked as well."""

    def logging(success: FloatArray, complexity: float, rng: np.random.Generator) -> Trail:
        del complexity
        top = len(success) - 1
        return Trail((top, *range(top)) if rng.uniform() < share else (top,), top)

    return logging


def _below_top(n_tiers: int) -> FloatArray:
    shares = np.zeros(n_tiers)
    shares[-2:] = EXPLORATION, 1.0 - EXPLORATION
    return shares


def _preferred(complexity: float, n_tiers: int) -> int:
    if complexity <= 3:
        return 0
    return (n_tiers - 1) // 2 if complexity <= 6 else n_tiers - 1


def _decided(shares: FloatArray, rng: np.random.Generator) -> Trail:
    tier = int(rng.choice(len(shares), p=shares))
    return Trail((tier,), tier, float(shares[tier]))


def _escalated(trail: Trail, success: FloatArray) -> Trail:
    """Goes up, under the same decision, until a tier succeeds or none is left."""
    start = trail.tiers[0]
    ends = next((tier for tier in range(start, len(success)) if success[tier] == 1), len(success) - 1)
    return Trail(tuple(range(start, ends + 1)), trail.decided, trail.propensity)


def _record(drawn: TaskSteps, row: int, trail: Trail, tier_names: Sequence[str]) -> LoggedStep:
    decision = None
    if trail.decided is not None:
        decision = LoggedDecision(f"d-{row}", tier_names[trail.decided], "world", None, trail.propensity)
    return LoggedStep(
        step_id=f"world-{row}",
        step=world_step(drawn.steps, row),
        attempts=tuple(
            _attempt(drawn, row, tier, tier_names[tier], is_error=place < trail.n_errors)
            for place, tier in enumerate(trail.tiers)
        ),
        task_id=f"task-{drawn.steps.groups[row]}",
        timestamp=60.0 * row,
        decision=decision,
    )


def _attempt(drawn: TaskSteps, row: int, tier: int, name: str, is_error: bool) -> Attempt:
    if is_error:
        return Attempt(name, error="503 Service Unavailable", simulated=True)
    success, cost_usd = bool(drawn.success[row, tier]), float(drawn.cost_usd[row, tier])
    return Attempt(name, success=success, cost_usd=cost_usd, evaluator="world", simulated=True)
