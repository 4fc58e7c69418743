"""What a logging policy leaves of a synthetic world: arrays with gaps, and the same as records of a step log."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.training.evaluation.bootstrap import FloatArray

LoggingPolicy = Literal["full", "random", "escalation", "heuristic"]
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty")


@dataclass(frozen=True, slots=True, eq=False)
class WorldSteps:
    """``n`` steps before they are made, with what only the world knows.

    ``features`` float64 [n, d]; ``task_type`` int64 [n]; ``complexity`` float64 [n], a planner's noisy guess, 1 to 10;
    ``p_success`` and ``expected_cost_usd`` float64 [n, k]: the truth; ``groups`` int64 [n].
    """

    features: FloatArray
    task_type: NDArray[np.int64]
    complexity: FloatArray
    p_success: FloatArray
    expected_cost_usd: FloatArray
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True, eq=False)
class WorldLog:
    """A log of ``n`` steps on ``k`` tiers.

    ``success``, ``cost_usd``  float64 [n, k], NaN where the tier was not tried: what the log shows
    ``full_success``, ``full_cost_usd``  float64 [n, k], no NaN: what every tier would have done
    ``chosen``        int64 [n]: the first tier tried; ``propensity`` float64 [n]: the probability of that
    ``propensities``  float64 [n, k]: the probability of each tier to be tried first
    """

    steps: WorldSteps
    success: FloatArray
    cost_usd: FloatArray
    full_success: FloatArray
    full_cost_usd: FloatArray
    chosen: NDArray[np.int64]
    propensities: FloatArray
    logging: LoggingPolicy

    def __len__(self) -> int:
        return len(self.success)

    @property
    def propensity(self) -> FloatArray:
        return np.asarray(self.propensities[np.arange(len(self)), self.chosen])

    def logged_steps(self, tier_names: tuple[str, ...] = ("small", "mid", "frontier")) -> list[LoggedStep]:
        """The log as records; the text spells the features out, so a router can learn from it."""
        return [self._logged_step(row, tier_names) for row in range(len(self))]

    def _logged_step(self, row: int, tier_names: tuple[str, ...]) -> LoggedStep:
        chosen = int(self.chosen[row])
        decision = None
        if self.logging != "full":
            decision = LoggedDecision(f"d-{row}", tier_names[chosen], self.logging, None, float(self.propensity[row]))
        return LoggedStep(
            step_id=f"world-{row}",
            step=world_step(self.steps, row),
            attempts=tuple(self._attempt(row, tier, tier_names[tier]) for tier in self._tried(row)),
            task_id=f"task-{self.steps.groups[row]}",
            group=f"group-{self.steps.groups[row]}",
            decision=decision,
        )

    def _tried(self, row: int) -> list[int]:
        return [int(tier) for tier in np.flatnonzero(~np.isnan(self.success[row]))]

    def _attempt(self, row: int, tier: int, name: str) -> Attempt:
        success, cost_usd = self.success[row, tier], self.cost_usd[row, tier]
        return Attempt(name, success=bool(success), cost_usd=float(cost_usd), evaluator="world", simulated=True)


def first_tier_propensities(
    complexity: FloatArray, n_tiers: int, logging: LoggingPolicy, exploration: float
) -> FloatArray:
    """float64 [n, k]: the probability that a tier is tried first.

    ``heuristic`` prefers a tier by complexity (up to 3 the cheapest, up to 6 the middle one, else the top),
    ``escalation`` prefers the cheapest; both explore uniformly on a share ``exploration`` of steps.
    """
    n_steps = len(complexity)
    if logging in ("full", "random"):
        return np.full((n_steps, n_tiers), 1.0 / n_tiers)
    preferred = np.zeros(n_steps, dtype=np.int64)
    if logging == "heuristic":
        preferred = np.select([complexity <= 3, complexity <= 6], [0, (n_tiers - 1) // 2], n_tiers - 1)
    return exploration / n_tiers + (1 - exploration) * np.eye(n_tiers)[preferred]


def observe(
    steps: WorldSteps,
    success: FloatArray,
    cost_usd: FloatArray,
    propensities: FloatArray,
    logging: LoggingPolicy,
    rng: np.random.Generator,
) -> WorldLog:
    """Draws the first tier of each step and hides what the logging policy would not have seen."""
    below = np.cumsum(propensities, axis=1) < rng.uniform(size=(len(success), 1))
    chosen = np.minimum(below.sum(axis=1), success.shape[1] - 1).astype(np.int64)
    is_seen = np.arange(success.shape[1]) == chosen[:, None]
    if logging == "full":
        is_seen = np.ones_like(is_seen)
    if logging == "escalation":
        is_seen = _escalated(success, chosen)
    return WorldLog(
        steps=steps,
        success=np.where(is_seen, success, np.nan),
        cost_usd=np.where(is_seen, cost_usd, np.nan),
        full_success=success,
        full_cost_usd=cost_usd,
        chosen=chosen,
        propensities=propensities,
        logging=logging,
    )


def _escalated(success: FloatArray, start: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool [n, k]: tiers from ``start`` up to the first that succeeds."""
    tiers = np.arange(success.shape[1])
    counts = np.where(tiers >= start[:, None], success, 0.0)
    succeeded_before = np.cumsum(counts, axis=1) - counts > 0
    return np.asarray((tiers >= start[:, None]) & ~succeeded_before)


def world_step(steps: WorldSteps, row: int) -> Step:
    """The step as a caller would send it: the text spells the features out."""
    levels = np.clip(np.round(2.0 * steps.features[row]), -4, 4).astype(int)
    words = [f"{_WORDS[i % len(_WORDS)]}{'pos' if level >= 0 else 'neg'}{abs(level)}" for i, level in enumerate(levels)]
    task_type = int(steps.task_type[row])
    return Step(
        text=f"Do the work with {' '.join(words)}.",
        task_type=f"type-{task_type}",
        input_complexity=float(steps.complexity[row]),
        requires_judgment=False,
        agent=f"agent-{task_type % 2}",
        node=f"node-{task_type}",
    )
