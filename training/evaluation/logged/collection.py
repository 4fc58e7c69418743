"""Which complete steps were collected on purpose, and which are complete only because cheaper tiers failed.

An escalation stops at its first success: the steps on which it knows every tier are those where all the cheaper ones
failed. Figures with full information on them would make every cheap tier look useless. Only steps that would have been
complete whatever came of them may count.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tierwise.data.courses import ran_course
from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray

MAX_STOPPED = 0.05


def collected_steps(steps: Sequence[LoggedStep], success: FloatArray) -> NDArray[np.bool_]:
    """bool [n]: complete steps whose being complete does not hang on the outcome. ``success`` float64 [n, k].

    Steps with a logged decision and steps without are judged apart, by those on which a tier below the top was tried:
    where more than 5 % of them stop at a success with dearer tiers untried, the kind looks like escalation or single
    attempts, and none of it counts. Steps of the top tier alone say nothing either way. Steps of courses never count:
    the top tier was asked where the cheap answers looked doubtful.
    """
    is_complete = ~np.isnan(success).any(axis=1)
    is_below_top = ~np.isnan(success[:, :-1]).all(axis=1)
    is_decided = np.array([logged.decision is not None for logged in steps], dtype=np.bool_)
    stops = np.array([_stops_at_success(logged) for logged in steps], dtype=np.bool_)
    has_stopped = stops & is_below_top & ~is_complete
    trusted = np.zeros(len(steps), dtype=np.bool_)
    for kind in (is_decided, ~is_decided):
        if has_stopped[kind].sum() <= MAX_STOPPED * (kind & is_below_top).sum():
            trusted |= kind
    is_course = np.array([ran_course(logged) for logged in steps], dtype=np.bool_)
    return is_complete & trusted & ~is_course


def first_attempts_only(steps: Sequence[LoggedStep], tier_names: Sequence[str], success: FloatArray) -> FloatArray:
    """``success`` float64 [n, k] with everything but the first attempt of each step unknown.

    What later attempts of an escalation show holds for steps that failed before, not for steps as they come.
    """
    first = np.full(len(steps), -1)
    for row, logged in enumerate(steps):
        if logged.attempts and logged.attempts[0].tier in tier_names:
            first[row] = list(tier_names).index(logged.attempts[0].tier)
    return np.where(np.arange(len(tier_names)) == first[:, None], success, np.nan)


def _stops_at_success(logged: LoggedStep) -> bool:
    if not logged.attempts:
        return False
    *before, last = logged.attempts
    return last.success is True and not any(attempt.success for attempt in before)
