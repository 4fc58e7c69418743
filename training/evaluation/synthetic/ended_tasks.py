"""Worlds of tasks of which a log knows how they ended, and what each of their steps really came to.

A task succeeds when all of its steps do. ``p_unnoticed`` of the failing steps do their task no harm, and ``p_spoiled``
of the tasks fail though all steps sufficed: how far a log is from what weak labels assume.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.synthetic.task_worlds import TaskSteps, TaskWorld
from tierwise.training.fitting.task_ends import TaskEnds


@dataclass(frozen=True, slots=True, eq=False)
class EndedTasks:
    """``drawn`` steps, each run once on ``tier`` int64 [n]; ``task`` int64 [n] from 0, ``ended_well`` bool [tasks]."""

    drawn: TaskSteps
    tier: NDArray[np.int64]
    task: NDArray[np.int64]
    ended_well: NDArray[np.bool_]

    def own(self) -> FloatArray:
        """What the attempts came to, float64 [n, k]: what a log with outcomes would show."""
        return self._only(self.drawn.success[self._each, self.tier])

    def copied(self) -> FloatArray:
        """Every step has its task's outcome: all steps of a failed one failed."""
        return self._only(self.ended_well[self.task].astype(np.float64))

    def good_alone(self) -> FloatArray:
        """Steps of tasks that ended well succeeded, of the others nothing is known."""
        return self._only(np.where(self.ended_well[self.task], 1.0, np.nan))

    def nothing(self) -> FloatArray:
        """No outcome is known."""
        return np.full_like(self.drawn.success, np.nan)

    def ends(self, is_known: NDArray[np.bool_] | None = None, weight: float = 1.0) -> TaskEnds:
        """What the tasks' ends say, of those tasks whose steps' own outcomes are not known (``is_known`` bool [n])."""
        silent = np.zeros(len(self.tier), dtype=np.bool_) if is_known is None else is_known
        told = np.where(silent[:, None], np.nan, self.good_alone())
        is_open = ~self.ended_well[self.task] & ~silent
        size = np.bincount(self.task)[self.task]
        return TaskEnds(
            told, np.where(is_open, self.tier, -1), np.where(is_open, self.task, -1), size * is_open, weight
        )

    @property
    def _each(self) -> NDArray[np.int64]:
        return np.arange(len(self.tier))

    def _only(self, values: FloatArray) -> FloatArray:
        found = self.nothing()
        found[self._each, self.tier] = values
        return found


def end_tasks(
    world: TaskWorld,
    n_steps: int,
    seed: int,
    p_tier: Sequence[float],
    p_unnoticed: float = 0.0,
    p_spoiled: float = 0.0,
) -> EndedTasks:
    """Draws steps, runs each on a tier with the probabilities ``p_tier``, and tells how their tasks ended."""
    drawn = world.draw(n_steps, seed)
    rng = np.random.default_rng([seed, n_steps, 2])
    tier = rng.choice(len(p_tier), p=np.asarray(p_tier), size=n_steps)
    task = drawn.steps.groups
    harms = (drawn.success[np.arange(n_steps), tier] == 0) & (rng.uniform(size=n_steps) >= p_unnoticed)
    n_tasks = int(task[-1]) + 1
    ended_well = (np.bincount(task[harms], minlength=n_tasks) == 0) & (rng.uniform(size=n_tasks) >= p_spoiled)
    return EndedTasks(drawn, tier.astype(np.int64), task, ended_well)
