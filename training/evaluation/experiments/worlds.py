"""Synthetic experiments with known truth: what the intervals and verdicts are tested on."""

from dataclasses import dataclass

import numpy as np

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks

_RAMP = ((0.2, 0.01), (0.4, 0.1))
_TRUTH_TASKS = 400_000


@dataclass(frozen=True, slots=True)
class ExperimentWorld:
    """Tasks of 1 to 8 steps with skewed costs, half of whose variation the covariates tell.

    ``lost_success`` is what the new arm loses of every step's probability to succeed, ``cost_factor`` multiplies its
    costs; (0, 1) is an A/A experiment. ``is_ramped`` runs 1 % on the first fifth of the tasks, 10 % on the
    second, then 50 %.
    """

    lost_success: float = 0.0
    cost_factor: float = 1.0
    is_ramped: bool = False

    def draw(self, n_tasks: int, seed: int) -> ExperimentTasks:
        """The same arguments give the same experiment."""
        rng = np.random.default_rng([n_tasks, seed])
        p_arm = np.full(n_tasks, 0.5)
        start = 0
        for until, share in _RAMP if self.is_ramped else ():
            p_arm[start : int(until * n_tasks)] = share
            start = int(until * n_tasks)
        is_treated = rng.random(n_tasks) < p_arm
        covariates = rng.normal(size=(n_tasks, 3))
        n_steps = rng.integers(1, 9, n_tasks)
        p_step = self._p_step(covariates, is_treated)
        n_good = rng.binomial(n_steps, p_step)
        cost_usd = 1e-3 * n_steps * np.exp(0.7 * covariates[:, 1] + 0.8 * rng.normal(size=n_tasks))
        escalations = (n_steps - n_good) / n_steps
        return ExperimentTasks(
            arms=("control", "new"),
            task_ids=tuple(f"t-{task}" for task in range(n_tasks)),
            started_at=np.arange(n_tasks, dtype=np.float64),
            arm=is_treated.astype(np.int64),
            p_arms=np.column_stack([1 - p_arm, p_arm]),
            success=n_good / n_steps,
            is_done=(n_good == n_steps).astype(np.float64),
            cost_usd=np.asarray(cost_usd * np.where(is_treated, self.cost_factor, 1.0), dtype=np.float64),
            latency_ms=800.0 * rng.gamma(2.0, 1.0, n_tasks),
            escalations=escalations,
            covariates=covariates,
            n_steps=int(n_steps.sum()),
            n_unsettled=0,
            n_mixed=0,
        )

    def true_success_difference(self) -> float:
        """New arm minus control, expected share of steps that end well."""
        covariates = np.random.default_rng(7).normal(size=(_TRUTH_TASKS, 3))
        treated = self._p_step(covariates, np.ones(_TRUTH_TASKS, dtype=np.bool_))
        control = self._p_step(covariates, np.zeros(_TRUTH_TASKS, dtype=np.bool_))
        return float((treated - control).mean())

    def _p_step(self, covariates: FloatArray, is_treated: np.ndarray) -> FloatArray:
        p_control = 1.0 / (1.0 + np.exp(-(1.2 + covariates[:, 0])))
        return np.asarray(np.clip(p_control - self.lost_success * is_treated, 0.0, 1.0))
