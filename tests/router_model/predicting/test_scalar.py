"""The arithmetic of one step gives, bit for bit, what the arrays of many steps give."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tierwise.router_model.predicting.calibration import Bend, Calibration
from tierwise.router_model.predicting.chain import TierProbabilities
from tierwise.router_model.predicting.scalar import ScalarCalibration

NUMBERS = st.floats(-60, 60)
KNOTS = st.lists(st.floats(-20, 20), min_size=1, max_size=12, unique=True).map(sorted)


@st.composite
def calibrations(draw: st.DrawFn) -> tuple[Calibration, list[float]]:
    """A calibration for 1 to 4 tiers, with bends or without, and the scores of one step."""
    n_tiers = draw(st.integers(1, 4))
    n_rows = 2 * n_tiers - 1
    row = st.lists(NUMBERS, min_size=n_rows, max_size=n_rows)
    bends = tuple(draw(st.lists(KNOTS.flatmap(bend), min_size=n_rows, max_size=n_rows)) if draw(st.booleans()) else ())
    slope, intercept = (np.array(draw(row)) / 10 for _ in range(2))
    return Calibration(slope, intercept, np.zeros(n_tiers), bends), draw(row)


def bend(at: list[float]) -> st.SearchStrategy[Bend]:
    shifts = st.lists(st.floats(-3, 3), min_size=len(at), max_size=len(at))
    return shifts.map(lambda shift: Bend(np.array(at), np.array(shift)))


@given(calibrations())
def test_one_step_in_floats_is_one_row_of_the_arrays(drawn: tuple[Calibration, list[float]]) -> None:
    calibration, scores = drawn
    found, expected = (
        ScalarCalibration.of(calibration).probabilities(scores).as_arrays(),
        calibration.probabilities(np.array([scores])),
    )
    for name in TierProbabilities.__slots__:
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
