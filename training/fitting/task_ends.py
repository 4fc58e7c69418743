"""The likelihood of how tasks ended, where nobody said which of their steps went wrong.

A task succeeds when all of its steps suffice: P(task) is the product of its steps' P(success | tier, features), a
noisy AND. A task that succeeded says so of every step. One that failed says that *some* step failed; which one, the
steps' own probabilities tell: seen from one step, the failure has likelihood 1 if the step failed, and
``1 - product of the others`` if it did not. That is one more message into the step's chain
(:mod:`tierwise.training.fitting.chain_likelihood`), and the gradient stays ``at_risk * p - succeeded`` with the
posteriors that follow, those of the E step of expectation maximisation (Dempster, Laird and Rubin 1977; the noisy AND
is that of Pearl 1988). Boosting and the linear model follow it round by round; nothing is filled in beforehand.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.chain import Floats
from tierwise.training.fitting.chain_likelihood import ChainPosterior, message_posterior, state_posterior

_LEAST = 1e-9
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaskEnds:
    """What the ends of tasks say of ``n`` steps on ``k`` tiers.

    ``told`` float64 [n, k]: 1 on the tier that ran where the task succeeded, 0 where something beside the step shows
    that it failed, NaN elsewhere. ``tier`` int64 [n]: the tier of a step that may have failed its task, else -1;
    ``task`` int64 [n] tells failed tasks apart, -1 where ``tier`` is; ``size`` int64 [n] how many such steps it has.
    ``weight`` is what all this counts, from 0 to 1, where a step's own outcome counts 1.
    """

    told: Floats
    tier: Ints
    task: Ints
    size: Ints
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.tier)

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """bool [n]: the step has a weak label."""
        return np.asarray((self.tier >= 0) | ~np.isnan(self.told).all(axis=1))

    def take(self, rows: Ints) -> "TaskEnds":
        """Some of the steps. A failed task of which some are missing says nothing: a missing one may be to blame."""
        tier, task, size = self.tier[rows], self.task[rows], self.size[rows]
        n_there = np.bincount(task[task >= 0], minlength=1)
        is_whole = (task >= 0) & (n_there[np.maximum(task, 0)] == size)
        return TaskEnds(self.told[rows], np.where(is_whole, tier, -1), np.where(is_whole, task, -1), size, self.weight)

    def padded(self, n: int) -> "TaskEnds":
        """Followed by steps of which nothing is said, ``n`` in all."""
        more = n - len(self)
        told = np.vstack([self.told, np.full((more, self.told.shape[1]), np.nan)])
        silent, nobody = np.full(more, -1, dtype=np.int64), np.zeros(more, dtype=np.int64)
        return TaskEnds(told, np.r_[self.tier, silent], np.r_[self.task, silent], np.r_[self.size, nobody], self.weight)


class SeenOutcomes:
    """What a fit has seen of ``n`` steps: own outcomes ``success`` float64 [n, k] (1, 0, NaN unknown), and ``ends``.

    ``weight`` float64 [n] counts the steps; one of which only the task's end is known counts by ``ends.weight`` of it.
    An own outcome goes before what the task's end would say of the same tier.
    """

    def __init__(self, success: Floats, weight: Floats, ends: TaskEnds | None = None) -> None:
        self.success, self.weight = success, weight
        self._rows = np.empty(0, dtype=np.int64)
        if ends is None:
            return
        self.success = np.where(np.isnan(success), ends.told, success)
        self._rows = np.flatnonzero(ends.tier >= 0)
        self._tier, self._task = ends.tier[self._rows], ends.task[self._rows]
        of_task = np.unique(self._task, return_index=True, return_inverse=True)
        self._first, self._task = of_task[1], of_task[2]
        self.weight = self._weights(weight, np.isnan(success).all(axis=1) & ends.speaks, ends.weight)

    def posterior(self, hazard: Floats, keep: Floats) -> ChainPosterior:
        """The posterior of every chain row given all that was seen; a failed task's likelihood stands at its first
        step."""
        own = state_posterior(hazard, keep, self.success)
        rows = self._rows
        if not len(rows):
            return own
        log_p = np.log(np.clip(self._p_success(own), _LEAST, 1.0))
        all_suffice = np.bincount(self._task, weights=log_p, minlength=len(self._first))
        may_succeed = np.where(self.success[rows] == 0, 0.0, 1.0)
        may_fail = np.where(self.success[rows] == 1, 0.0, 1.0)
        may_succeed[np.arange(len(rows)), self._tier] = _complement(all_suffice[self._task] - log_p)
        found = message_posterior(hazard[rows], keep[rows], may_succeed, may_fail)
        at_risk, succeeded, log_likelihood = own.at_risk, own.succeeded, own.log_likelihood
        at_risk[rows], succeeded[rows] = found.at_risk, found.succeeded
        log_likelihood[rows[self._first]] += np.log(_complement(all_suffice))
        return ChainPosterior(at_risk, succeeded, log_likelihood)

    def _p_success(self, own: ChainPosterior) -> Floats:
        """P(the step sufficed | its own attempts), float64 [m], of the steps of failed tasks."""
        n_tiers = self.success.shape[1]
        kept = own.succeeded[self._rows, np.where(self._tier, n_tiers - 1 + self._tier, 0)]
        return np.asarray(own.succeeded[self._rows, self._tier] + np.where(self._tier, kept, 0.0))

    def _weights(self, weight: Floats, is_weak: NDArray[np.bool_], share: float) -> Floats:
        """Steps of one failed task are one observation, and weigh alike."""
        found = np.where(is_weak, weight * share, weight)
        n_steps = np.maximum(np.bincount(self._task, minlength=len(self._first)), 1)
        mean = np.bincount(self._task, weights=found[self._rows], minlength=len(self._first)) / n_steps
        found[self._rows] = mean[self._task]
        return found


def _complement(log_p: NDArray[Any]) -> Floats:
    """1 - exp(log_p), a little above 0."""
    return np.asarray(np.maximum(-np.expm1(log_p), _LEAST))
