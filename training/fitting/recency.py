"""Newer steps count more: a step's weight halves with every half-life of its age."""

from collections.abc import Sequence

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import Floats

_DAY_SECONDS = 86_400.0


def recency_weights(steps: Sequence[LoggedStep], half_life_days: float | None) -> Floats:
    """Weights float64 [n] in (0, 1], 1 for the newest step; None weighs all alike.

    A step without a timestamp counts as the oldest one. Weights stay at most 1, so that a bounded loss times its
    weight is bounded as before and the certified operating points keep their guarantee, for the weighted log.
    """
    if half_life_days is None or not steps:
        return np.ones(len(steps))
    moments = np.array([np.nan if step.timestamp is None else step.timestamp for step in steps])
    if np.isnan(moments).all():
        return np.ones(len(steps))
    age_days = (np.nanmax(moments) - np.where(np.isnan(moments), np.nanmin(moments), moments)) / _DAY_SECONDS
    return np.asarray(np.maximum(0.5 ** (age_days / half_life_days), 1e-6))
