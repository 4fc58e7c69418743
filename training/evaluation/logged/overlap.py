"""Whether a log can speak about a target policy at all: support, and the effective sample size of the weights."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.bootstrap import FloatArray, sums_by_group
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import effective_n
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices

MIN_EFFECTIVE_N = 50.0
MAX_UNSUPPORTED = 0.02
_N_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """Diagnostics of the weights ``pi(a|x) / e(a|x)``.

    ``mean_weight`` is 1 on average exactly when the log supports all that the target does; what it lacks to 1 is
    target probability on tiers that the log never takes. ``n_effective`` counts groups at Kish's rate.
    ``p_unseen_tier`` is the target's probability on tiers that the log never took at all.
    """

    n: int
    n_effective: float
    mean_weight: float
    mean_weight_error: float
    max_weight: float
    p_unseen_tier: float

    def to_dict(self) -> dict[str, float | int]:
        return asdict(self)

    def refusal(self) -> Refusal | None:
        """Why no estimate can be trusted, or None. The mean weight must be within three errors and .02 of 1."""
        if self.n == 0:
            return Refusal("no logged step has a known tier, propensity and success")
        if self.p_unseen_tier > MAX_UNSUPPORTED:
            return Refusal(
                f"the target takes tiers that this log never took on {self.p_unseen_tier:.0%} of its choices; "
                "log with some exploration"
            )
        slack = _N_ERRORS * self.mean_weight_error + MAX_UNSUPPORTED
        if self.mean_weight < 1 - slack:
            return Refusal(
                f"the log never takes the target's tier on about {1 - self.mean_weight:.0%} of steps "
                f"(mean weight {self.mean_weight:.2f} instead of 1); log with some exploration"
            )
        if self.mean_weight > 1 + slack:
            return Refusal(
                f"the propensities do not fit the choices (mean weight {self.mean_weight:.2f} instead of 1); "
                "check how they were recorded"
            )
        if self.n_effective < MIN_EFFECTIVE_N:
            return Refusal(
                f"only {self.n_effective:.0f} effective steps speak for the target, {MIN_EFFECTIVE_N:.0f} are needed; "
                "log more, or explore more"
            )
        return None


def measure_overlap(choices: LoggedChoices, p_target: FloatArray, known: NDArray[np.bool_]) -> Overlap:
    """Overlap of ``p_target`` float64 [n, k] with the steps of ``choices`` where ``known`` bool [n] holds."""
    if not known.any():
        return Overlap(0, 0.0, float("nan"), float("nan"), float("nan"), float("nan"))
    chosen = choices.chosen[known]
    weights = p_target[known][np.arange(len(chosen)), chosen] / choices.propensity[known]
    codes = np.unique(choices.groups[known], return_inverse=True)[1].astype(np.int64)
    unseen = np.bincount(chosen, minlength=choices.n_tiers) == 0
    by_group = sums_by_group((weights - weights.mean())[:, None], codes)
    return Overlap(
        n=len(chosen),
        n_effective=effective_n(weights, codes),
        mean_weight=float(weights.mean()),
        mean_weight_error=float(np.sqrt(np.square(by_group).sum()) / len(weights)),
        max_weight=float(weights.max()),
        p_unseen_tier=float(p_target[known][:, unseen].sum(axis=1).mean()),
    )
