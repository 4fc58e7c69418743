"""The upper concave hull of cost-quality points: what mixing operating points at random can reach."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def upper_hull(x: FloatArray, y: FloatArray) -> NDArray[np.int64]:
    """Indices of the points on the upper concave hull, from left to right.

    ``x``, ``y`` float64 [m], no NaN. Of points at the same x only the highest counts.
    """
    order = np.lexsort((y, x))
    hull: list[int] = []
    for index in order.tolist():
        if hull and x[hull[-1]] == x[index]:
            hull.pop()
        while len(hull) >= 2 and _turns_left(x, y, hull[-2], hull[-1], index):
            hull.pop()
        hull.append(index)
    return np.array(hull, dtype=np.int64)


def area_under_hull(x: FloatArray, y: FloatArray, start: float = 0.0, end: float = 1.0) -> float:
    """Area under the upper concave hull between ``start`` and ``end``, both inside the range of ``x``."""
    hull = upper_hull(x, y)
    hull_x, hull_y = x[hull], y[hull]
    inside = (hull_x > start) & (hull_x < end)
    knots = np.concatenate([[start], hull_x[inside], [end]])
    return float(np.trapezoid(np.interp(knots, hull_x, hull_y), knots))


def _turns_left(x: FloatArray, y: FloatArray, first: int, middle: int, last: int) -> bool:
    """Whether ``middle`` lies on or below the line from ``first`` to ``last``."""
    return bool((x[middle] - x[first]) * (y[last] - y[first]) >= (y[middle] - y[first]) * (x[last] - x[first]))
