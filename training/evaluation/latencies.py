"""How long the calls of a log took, by step and tier."""

from collections.abc import Sequence

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray

_SEED = 0


def logged_latencies(steps: Sequence[LoggedStep], tiers: Sequence[str]) -> FloatArray | None:
    """Milliseconds, float64 [n, k]: of the first timed attempt of a step on a tier; where there is none one that is
    drawn from the tier's others, the same ones at every call. None where some tier was never timed."""
    found = np.full((len(steps), len(tiers)), np.nan)
    for row, logged in enumerate(steps):
        for attempt in logged.attempts:
            if attempt.tier in tiers and attempt.latency_ms is not None:
                column = tiers.index(attempt.tier)
                if np.isnan(found[row, column]):
                    found[row, column] = attempt.latency_ms
    draw = np.random.default_rng(_SEED)
    for column in range(len(tiers)):
        is_missing = np.isnan(found[:, column])
        if is_missing.all():
            return None
        found[is_missing, column] = draw.choice(found[~is_missing, column], is_missing.sum())
    return found


def mean_latencies(steps: Sequence[LoggedStep], tiers: Sequence[str]) -> tuple[float | None, ...]:
    """Milliseconds of a call on each tier, the mean over its timed attempts; None for a tier without any."""
    timed: dict[str, list[float]] = {tier: [] for tier in tiers}
    for logged in steps:
        for attempt in logged.attempts:
            if attempt.latency_ms is not None and attempt.tier in timed:
                timed[attempt.tier].append(attempt.latency_ms)
    return tuple(round(float(np.mean(each)), 3) if each else None for each in timed.values())
