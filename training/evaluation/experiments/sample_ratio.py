"""Did the arms get the share of tasks that they should have? A test that may be looked at after every task.

Where they did not, something selects tasks (a broken assignment, an arm whose tasks vanish from the log), and no other
figure of the experiment can be believed. The test is Lindon and Malek, "Anytime-valid inference for multinomial count
data" (NeurIPS 2022): the Bayes factor of a Dirichlet-multinomial against the intended shares is a martingale
under them. Stages of a ramp with other shares start a factor of their own; their product is a martingale too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from tierwise.training.evaluation.bootstrap import FloatArray

_CONCENTRATION = 100.0
LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """``p_value`` holds at every look. ``n_tasks`` and ``n_expected`` by arm."""

    p_value: float
    n_tasks: dict[str, int]
    n_expected: dict[str, float]
    level: float = LEVEL

    @property
    def is_broken(self) -> bool:
        return self.p_value < self.level

    def to_dict(self) -> dict[str, object]:
        expected = {arm: round(n, 1) for arm, n in self.n_expected.items()}
        return {"p_value": self.p_value, "level": self.level, "n_tasks": self.n_tasks, "n_expected": expected}


def check_sample_ratio(
    arm: NDArray[np.int64], p_arms: FloatArray, names: tuple[str, ...], level: float = LEVEL
) -> SampleRatio:
    """``arm`` int64 [n] of every task, in order; ``p_arms`` float64 [n, a] the intended probability of each arm."""
    n_arms = len(names)
    counts = np.bincount(arm, minlength=n_arms)
    return SampleRatio(
        p_value=float(np.exp(-max(0.0, running_log_factor(arm, p_arms).max(initial=0.0)))),
        n_tasks=dict(zip(names, counts.tolist(), strict=True)),
        n_expected=dict(zip(names, p_arms.sum(axis=0).tolist(), strict=True)),
        level=level,
    )


def running_log_factor(arm: NDArray[np.int64], p_arms: FloatArray) -> FloatArray:
    """The logarithm of the Bayes factor after each task, float64 [n]."""
    log_factor = np.zeros(len(arm))
    if not len(arm):
        return log_factor
    edges = np.flatnonzero(np.r_[True, np.abs(np.diff(p_arms, axis=0)).max(axis=1) > 1e-12])
    carried = 0.0
    for start, stop in zip(edges, [*edges[1:], len(arm)], strict=True):
        log_factor[start:stop] = carried + _stage(arm[start:stop], p_arms[start])
        carried = float(log_factor[stop - 1])
    return log_factor


def _stage(arm: NDArray[np.int64], shares: FloatArray) -> FloatArray:
    """float64 [m] for a stage of constant shares; an arm that should get nothing and does is proof by itself."""
    open_arms = np.flatnonzero(shares > 0)
    counts = np.cumsum(arm[:, None] == open_arms, axis=0).astype(np.float64)
    prior = _CONCENTRATION * shares[open_arms]
    n = np.arange(1, len(arm) + 1)
    mixture = gammaln(prior.sum()) - gammaln(n + prior.sum()) + (gammaln(counts + prior) - gammaln(prior)).sum(axis=1)
    log_factor = mixture - counts @ np.log(shares[open_arms])
    is_impossible = np.cumsum(~np.isin(arm, open_arms)) > 0
    return np.asarray(np.where(is_impossible, np.inf, log_factor))
