"""Worlds of tasks: steps that share their task's luck, sizes of a heavy tail, types a hundred times as dear.

A plain :class:`World` draws steps that know nothing of each other, and tells all of their difficulty in the features.
Users' logs do neither, and that is where promises break. Here a task has an effect of its own that no feature tells,
whole tasks fail on every tier but the top one, large tasks may be the hard ones, and the mix of task types may move.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.cascades.escalation import escalate
from tierwise.training.evaluation.synthetic.world_logs import WorldSteps
from tierwise.training.evaluation.synthetic.worlds import World, probabilities

TaskSizes = Literal["equal", "pareto"]
PARETO_EXPONENT = 1.1
_SHARED_FEATURES = 0.5
_P_IN_FAILING_TASK = 0.02
_N_SIZES = 20_000
_N_LATENT = 48


@dataclass(frozen=True, slots=True, eq=False)
class TaskSteps:
    """``n`` logged steps in tasks: ``steps`` with what they show, ``groups`` being the task, ``p_success`` the truth
    with their task's effect; ``success`` and ``cost_usd`` float64 [n, k] is what every tier would have done."""

    steps: WorldSteps
    success: FloatArray
    cost_usd: FloatArray

    def __len__(self) -> int:
        return len(self.success)


@dataclass(frozen=True, slots=True, eq=False)
class FreshSteps:
    """Steps of tasks that are still to come, each of another task; tasks count by their number of steps.

    ``steps.p_success`` is what the best judge could say who sees a step and nothing of its task. ``success`` float64
    [draws, n, k] holds draws of the task's effect and of luck, for what depends on more than one attempt.
    """

    steps: WorldSteps
    success: FloatArray

    def __len__(self) -> int:
        return len(self.steps)

    def cascade(self, start: NDArray[np.int64], catch_rate: float) -> tuple[FloatArray, FloatArray]:
        """Expected success and expected cost in US dollars, float64 [n], escalating from ``start`` int64 [n]."""
        n_draws, n_steps, n_tiers = self.success.shape
        cost_usd = np.tile(self.steps.expected_cost_usd, (n_draws, 1))
        found = escalate(self.success.reshape(-1, n_tiers), cost_usd, np.tile(start, n_draws), catch_rate)
        shape = (n_draws, n_steps)
        return found.p_success.reshape(shape).mean(axis=0), found.cost_usd.reshape(shape).mean(axis=0)


@dataclass(frozen=True, slots=True)
class TaskWorld:
    """A distribution of tasks.

    ``world``           how steps with their features succeed and what they cost
    ``sizes``           every task has ``most_steps``, or Pareto(1.1) many, ``most_steps`` at the most
    ``task_spread``     standard deviation, in logits, of the difficulty that the steps of a task share
    ``hidden_spread``   the same of what each step has alone; no feature tells either
    ``failing_share``   share of tasks in which every tier but the top one fails
    ``size_slope``      how much harder steps are, in logits, where the logarithm of their task's size is larger by one
    ``tier_lift``       added to the logits of each tier; empty for none
    ``type_shares``     how often each task type is, empty for equally often; ``late_shares`` where the mix drifts to by
                        the end of the log, empty for no drift: fresh steps are of that mix
    ``dear_type``       the task type whose attempts cost ``dear_factor`` times as much
    """

    world: World
    sizes: TaskSizes = "equal"
    most_steps: int = 1
    task_spread: float = 0.0
    hidden_spread: float = 0.0
    failing_share: float = 0.0
    size_slope: float = 0.0
    tier_lift: tuple[float, ...] = ()
    type_shares: tuple[float, ...] = ()
    late_shares: tuple[float, ...] = ()
    dear_type: int | None = None
    dear_factor: float = 100.0

    def draw(self, n_steps: int, seed: int) -> TaskSteps:
        """The first ``n_steps`` steps of as many tasks as they need; the same arguments give the same ones."""
        rng = np.random.default_rng([self.world.seed, seed, n_steps])
        sizes = self._sizes(n_steps, rng)
        task = np.repeat(np.arange(n_steps, dtype=np.int64), sizes)[:n_steps]
        n_tasks = int(task[-1]) + 1
        mix = np.linspace(0.0, 1.0, n_steps)[:, None]
        steps = self._steps(task, (1 - mix) * self._shares() + mix * self._late_shares(), rng)
        effect = self._effect(sizes[:n_tasks], rng)[task] + rng.normal(scale=self.hidden_spread, size=n_steps)
        is_failing = (rng.uniform(size=n_tasks) < self.failing_share)[task]
        p_success = self._p_success(steps, effect, is_failing)
        success = (self.world.luck(n_steps, rng) < p_success).astype(np.float64)
        cost_usd = steps.expected_cost_usd * rng.gamma(4.0, 0.25, size=success.shape)
        return TaskSteps(replace(steps, p_success=p_success), success, cost_usd)

    def fresh(self, n_steps: int, seed: int) -> FreshSteps:
        """Steps that a router may be judged on: independent of each other, of the mix at the end of the log."""
        rng = np.random.default_rng([self.world.seed, seed, n_steps, 1])
        sizes = self._sizes(_N_SIZES, rng)
        each = np.arange(n_steps, dtype=np.int64)
        steps = self._steps(each, np.tile(self._late_shares(), (n_steps, 1)), rng)
        p_success = np.zeros((_N_LATENT, *steps.p_success.shape))
        success = np.zeros_like(p_success)
        for draw in range(_N_LATENT):
            # A step is of a large task as often as large tasks have steps.
            of_task = rng.choice(sizes, size=n_steps, p=sizes / sizes.sum())
            effect = self._effect(of_task, rng) + rng.normal(scale=self.hidden_spread, size=n_steps)
            p_success[draw] = self._p_success(steps, effect, rng.uniform(size=n_steps) < self.failing_share)
            success[draw] = self.world.luck(n_steps, rng) < p_success[draw]
        return FreshSteps(replace(steps, p_success=p_success.mean(axis=0)), success)

    def _sizes(self, n_tasks: int, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.sizes == "equal":
            return np.full(n_tasks, self.most_steps, dtype=np.int64)
        drawn = np.floor(1.0 + rng.pareto(PARETO_EXPONENT, size=n_tasks))
        return np.minimum(drawn, self.most_steps).astype(np.int64)

    def _shares(self) -> FloatArray:
        n_types = self.world.n_task_types
        return np.array(self.type_shares) if self.type_shares else np.full(n_types, 1.0 / n_types)

    def _late_shares(self) -> FloatArray:
        return np.array(self.late_shares) if self.late_shares else self._shares()

    def _steps(self, task: NDArray[np.int64], shares: FloatArray, rng: np.random.Generator) -> WorldSteps:
        """Steps of ``task`` int64 [n]; half of what their features tell is their task's. ``shares`` float64 [n, types]
        of the task types, which sum to 1."""
        n_steps, n_features = len(task), self.world.n_features
        common = rng.normal(size=(int(task[-1]) + 1, n_features))[task]
        own = rng.normal(size=(n_steps, n_features))
        features = np.sqrt(_SHARED_FEATURES) * common + np.sqrt(1 - _SHARED_FEATURES) * own
        above = np.cumsum(shares, axis=1)[:, :-1] < rng.uniform(size=(n_steps, 1))
        task_type = above.sum(axis=1).astype(np.int64)
        difficulty = self.world.difficulty(features, task_type)
        complexity = np.clip(np.round(5.5 + 2.0 * difficulty + rng.normal(size=n_steps)), 1, 10)
        factor = np.where(task_type == self.dear_type, self.dear_factor, 1.0)
        cost_usd = self.world.expected_cost_usd(features) * factor[:, None]
        p_success = probabilities(self.world.logits(difficulty, task_type))
        return WorldSteps(features, task_type, complexity, p_success, cost_usd, task)

    def _effect(self, sizes: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
        """What the tasks of ``sizes`` have in difficulty beyond their features, float64 [tasks], in logits."""
        return rng.normal(scale=self.task_spread, size=len(sizes)) + self.size_slope * np.log(sizes)

    def _p_success(self, steps: WorldSteps, effect: FloatArray, is_failing: NDArray[np.bool_]) -> FloatArray:
        difficulty = self.world.difficulty(steps.features, steps.task_type)
        logits = self.world.logits(difficulty, steps.task_type) - effect[:, None]
        p_success = probabilities(logits + np.array(self.tier_lift) if self.tier_lift else logits)
        p_success[:, :-1] = np.where(is_failing[:, None], _P_IN_FAILING_TASK * p_success[:, :-1], p_success[:, :-1])
        return p_success
