"""Synthetic worlds with known truth: steps whose success probabilities and costs on every tier are known exactly.

Every estimator of this package, and every guarantee of training, is tested on logs drawn from such worlds. A step has
a latent difficulty that its features tell in part and a task type on which a tier can be better or worse than its
rank; ``independence`` and ``inverted_share`` control how far from monotone the world is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.synthetic.world_logs import (
    LoggingPolicy,
    WorldLog,
    WorldSteps,
    first_tier_propensities,
    observe,
)

_TRUTH_STEPS = 200_000
_TRUTH_SEED = 987_654_321


Policy = Callable[[WorldSteps], FloatArray]
"""From steps to the probability of each tier, float64 [n, k]."""


@dataclass(frozen=True, slots=True)
class TrueValue:
    """Expected success and cost of one attempt a step under a policy, over the whole world."""

    success: float
    cost_usd: float


@dataclass(frozen=True, slots=True)
class World:
    """A distribution of steps with known success probabilities.

    ``independence``    share of steps on which tiers succeed independently of each other; on the others they share one
                        draw of luck, so a tier with a higher probability never fails where a lower one succeeds
    ``inverted_share``  share of task types on which the top tier is worse than the tier below it
    ``separation``      how far apart neighbouring tiers are, in logits
    ``signal``          how much of the difficulty the features tell: 0 nothing, large everything
    ``cost_ratio``      price of a tier over the tier below
    ``group_size``      steps a group; a group repeats one step with one draw of luck
    """

    seed: int = 0
    n_tiers: int = 3
    n_features: int = 6
    n_task_types: int = 5
    independence: float = 0.1
    inverted_share: float = 0.0
    separation: float = 1.0
    signal: float = 1.5
    cost_ratio: float = 6.0
    group_size: int = 1

    def draw(self, n_steps: int, logging: LoggingPolicy = "full", seed: int = 0, exploration: float = 0.2) -> WorldLog:
        """A log of ``n_steps`` under a logging policy; the same arguments give the same log.

        ``exploration`` is the share of steps whose first tier is drawn uniformly; ``random`` explores on every step
        and ``full`` tries every tier.
        """
        rng = np.random.default_rng([self.seed, seed, n_steps])
        steps = self.draw_steps(n_steps, rng)
        propensities = first_tier_propensities(steps.complexity, self.n_tiers, logging, exploration)
        success = self._draw_success(steps, rng)
        cost_usd = steps.expected_cost_usd * rng.gamma(4.0, 0.25, size=success.shape)
        return observe(steps, success, cost_usd, propensities, logging, rng)

    def draw_steps(self, n_steps: int, rng: np.random.Generator) -> WorldSteps:
        n_groups = -(-n_steps // self.group_size)
        groups = np.repeat(np.arange(n_groups, dtype=np.int64), self.group_size)[:n_steps]
        features = rng.normal(size=(n_groups, self.n_features))[groups]
        task_type = rng.integers(self.n_task_types, size=n_groups)[groups]
        difficulty = self.difficulty(features, task_type)
        noise = rng.normal(size=n_groups)[groups]
        complexity = np.clip(np.round(5.5 + 2.0 * difficulty + noise), 1, 10)
        return WorldSteps(
            features,
            task_type,
            complexity,
            probabilities(self.logits(difficulty, task_type)),
            self.expected_cost_usd(features),
            groups,
        )

    def true_value(self, policy: Policy) -> TrueValue:
        """The value of ``policy``, from the true probabilities of 200,000 steps (standard error below .0012)."""
        steps = self.draw_steps(_TRUTH_STEPS, np.random.default_rng([self.seed, _TRUTH_SEED]))
        p_tier = policy(steps)
        return TrueValue(
            success=float((p_tier * steps.p_success).sum(axis=1).mean()),
            cost_usd=float((p_tier * steps.expected_cost_usd).sum(axis=1).mean()),
        )

    def difficulty(self, features: FloatArray, task_type: NDArray[np.int64]) -> FloatArray:
        """How hard each step is, float64 [n]: what its features and its type tell, all of it."""
        rng = np.random.default_rng([self.seed, 1])
        direction = rng.normal(size=self.n_features)
        offsets = rng.normal(scale=0.5, size=self.n_task_types)
        slope = features @ (direction / np.linalg.norm(direction))
        return np.asarray(slope + 0.3 * np.sin(3.0 * features[:, 0]) + offsets[task_type])

    def logits(self, difficulty: FloatArray, task_type: NDArray[np.int64]) -> FloatArray:
        """Of the success of every tier, float64 [n, k]."""
        ability = self.separation * np.arange(self.n_tiers)
        lift = np.random.default_rng([self.seed, 2]).uniform(-0.3, 0.3, size=(self.n_task_types, self.n_tiers))
        lift[: round(self.inverted_share * self.n_task_types), -1] -= 2.0 * self.separation
        return np.asarray(ability - self.signal * difficulty[:, None] + lift[task_type])

    def expected_cost_usd(self, features: FloatArray) -> FloatArray:
        """Of one attempt on every tier, float64 [n, k]."""
        length = np.exp(0.3 * features[:, [1]])
        return np.asarray(1e-4 * length * self.cost_ratio ** np.arange(self.n_tiers))

    def _draw_success(self, steps: WorldSteps, rng: np.random.Generator) -> FloatArray:
        luck = self.luck(int(steps.groups.max()) + 1, rng)
        return (luck[steps.groups] < steps.p_success).astype(np.float64)

    def luck(self, n_draws: int, rng: np.random.Generator) -> FloatArray:
        """float64 [n_draws, k]: a tier succeeds where its luck is below its probability."""
        shared = rng.uniform(size=(n_draws, 1))
        own = rng.uniform(size=(n_draws, self.n_tiers))
        return np.where(rng.uniform(size=(n_draws, 1)) < self.independence, own, shared)


def probabilities(logits: FloatArray) -> FloatArray:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))
