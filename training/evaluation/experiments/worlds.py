"""Synthetic experiments with known truth: what the intervals and verdicts are tested on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments.adjustment import learned_caps
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

_RAMP = ((0.2, 0.01), (0.4, 0.1))
_TRUTH_TASKS = 400_000
_MOST_STEPS = 2000
_GIANT = 1000.0


@dataclass(frozen=True, slots=True)
class ExperimentWorld:
    """Tasks of 1 to 8 steps with skewed costs, half of whose variation the covariates tell.

    ``lost_success`` is what the new arm loses of every step's probability to succeed, ``cost_factor`` multiplies its
    costs; (0, 1) is an A/A experiment. It gets ``share`` of the tasks; ``is_ramped`` gives it 1 % of the first fifth of
    the tasks, 10 % of the second, then 50 %. With ``tail`` the sizes of tasks are Pareto with that exponent, at most
    2,000 steps. ``cost_noise`` scales how much a task's cost differs from its number of steps. ``is_shared_fate`` lets
    all steps of a task end alike; ``p_free`` of the tasks cost nothing; ``has_giant`` makes one task, in whichever arm,
    cost a thousand times as much as all others together.
    """

    lost_success: float = 0.0
    cost_factor: float = 1.0
    is_ramped: bool = False
    share: float = 0.5
    tail: float | None = None
    cost_noise: float = 1.0
    is_shared_fate: bool = False
    p_free: float = 0.0
    has_giant: bool = False

    def draw(self, n_tasks: int, seed: int) -> ExperimentTasks:
        """The same arguments give the same experiment."""
        rng = np.random.default_rng([n_tasks, seed])
        p_arm = self._p_arm(n_tasks)
        is_treated = rng.random(n_tasks) < p_arm
        covariates = rng.normal(size=(n_tasks, 3))
        n_steps = self._n_steps(rng, n_tasks)
        p_step = self._p_step(covariates, is_treated)
        n_good = rng.binomial(n_steps, p_step)
        cost_usd = self._cost_usd(rng, covariates, n_steps) * np.where(is_treated, self.cost_factor, 1.0)
        if self.is_shared_fate:
            n_good = n_steps * (rng.random(n_tasks) < p_step)
        escalations = (n_steps - n_good) / n_steps
        return ExperimentTasks(
            arms=("control", "new"),
            task_ids=tuple(f"t-{task}" for task in range(n_tasks)),
            started_at=np.arange(n_tasks, dtype=np.float64),
            arm=is_treated.astype(np.int64),
            p_arms=np.column_stack([1 - p_arm, p_arm]),
            success=n_good / n_steps,
            is_done=(n_good == n_steps).astype(np.float64),
            cost_usd=np.asarray(cost_usd, dtype=np.float64),
            latency_ms=800.0 * rng.gamma(2.0, 1.0, n_tasks),
            escalations=escalations,
            covariates=covariates,
            n_steps=int(n_steps.sum()),
            n_unsettled=0,
            n_mixed=0,
        )

    def _p_arm(self, n_tasks: int) -> FloatArray:
        p_arm, start = np.full(n_tasks, self.share), 0
        for until, share in _RAMP if self.is_ramped else ():
            p_arm[start : int(until * n_tasks)] = share
            start = int(until * n_tasks)
        return p_arm

    def _cost_usd(self, rng: np.random.Generator, covariates: FloatArray, n_steps: NDArray[np.int64]) -> FloatArray:
        """What tasks cost in the control, float64 [n]."""
        n_tasks = len(n_steps)
        noise = 0.7 * covariates[:, 1] + 0.8 * rng.normal(size=n_tasks)
        cost_usd = 1e-3 * n_steps * np.exp(self.cost_noise * noise)
        if self.p_free:
            cost_usd = np.where(rng.random(n_tasks) < self.p_free, 0.0, cost_usd)
        if self.has_giant:
            cost_usd[rng.integers(n_tasks)] = _GIANT * cost_usd.sum()
        return np.asarray(cost_usd)

    def true_success_difference(self) -> float:
        """New arm minus control, expected share of steps that end well."""
        covariates = np.random.default_rng(7).normal(size=(_TRUTH_TASKS, 3))
        treated = self._p_step(covariates, np.ones(_TRUTH_TASKS, dtype=np.bool_))
        control = self._p_step(covariates, np.zeros(_TRUTH_TASKS, dtype=np.bool_))
        return float((treated - control).mean())

    def true_cost_ratio(self) -> float:
        """New arm over control, expected cost of a task up to the cap that so many tasks would set."""
        rng = np.random.default_rng(8)
        covariates = rng.normal(size=(_TRUTH_TASKS, 3))
        control = self._cost_usd(rng, covariates, self._n_steps(rng, _TRUTH_TASKS))
        treated = self.cost_factor * control
        is_treated = rng.random(_TRUTH_TASKS) < self.share
        cap = learned_caps(np.where(is_treated, treated, control))[-1]
        return float(np.minimum(treated, cap).mean() / np.minimum(control, cap).mean())

    def _n_steps(self, rng: np.random.Generator, n_tasks: int) -> NDArray[np.int64]:
        if self.tail is None:
            return rng.integers(1, 9, n_tasks)
        return np.minimum((1.0 - rng.random(n_tasks)) ** (-1.0 / self.tail), _MOST_STEPS).astype(np.int64)

    def _p_step(self, covariates: FloatArray, is_treated: np.ndarray) -> FloatArray:
        p_control = 1.0 / (1.0 + np.exp(-(1.2 + covariates[:, 0])))
        return np.asarray(np.clip(p_control - self.lost_success * is_treated, 0.0, 1.0))
