"""The two ways from scores to probabilities: arrays of many steps, and the plain floats of one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import TierProbabilities
from tierwise.router_model.predicting.scalar import ScalarCalibration

Way = Callable[[Calibration, NDArray[np.float64]], TierProbabilities]


def in_arrays(calibration: Calibration, scores: NDArray[np.float64]) -> TierProbabilities:
    """All rows at once."""
    return calibration.probabilities(scores)


def in_floats(calibration: Calibration, scores: NDArray[np.float64]) -> TierProbabilities:
    """Row by row."""
    scalar = ScalarCalibration.of(calibration)
    rows = [scalar.probabilities(row).as_arrays() for row in scores.tolist()]
    return TierProbabilities(*(np.vstack([getattr(row, name) for row in rows]) for name in TierProbabilities.__slots__))


WAYS = (in_arrays, in_floats)
