"""The boldest acceptance of a course that its held-out steps certify: by the same test as every other promise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.accepting.courses import AskedSet
from tierwise.training.certification.betting import MeanTest
from tierwise.training.certification.units import Units

_N_THRESHOLDS = 100


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Accept where at most ``threshold`` is expected to be lost; None: nothing is certified, ask the top tier.

    ``loss`` and ``saving`` are what the held-out steps show: success relative to the top tier's, and cost relative to
    the step's own top-tier call.
    """

    max_loss: float
    threshold: float | None
    loss: float
    saving: float


def certified_point(course: AskedSet, unit: NDArray[np.int64], max_loss: float, confidence: float) -> CoursePoint:
    """The point for at most ``max_loss``; ``unit`` int64 [n] is the task or group of each step of ``course``.

    Thresholds accept evenly growing shares of the steps, whatever came of them; they are tested from careful to bold
    and end before the first that fails (fixed-sequence testing), so that the confidence is that of one test. For the
    target ``same-answer`` the loss is the share of answers that differ. Steps of unknown outcome say nothing.
    """
    is_known = ~np.isnan(course.lost) & ~np.isnan(course.top)
    units = Units.of(unit, is_known.astype(np.float64))
    test = MeanTest(units, 1.0 - max_loss, confidence)
    best: CoursePoint = CoursePoint(max_loss, None, 0.0, 0.0)
    shares = np.linspace(0.0, 1.0, _N_THRESHOLDS + 1)[1:]
    for threshold in np.unique(np.quantile(course.p_lost, shares, method="higher")).tolist():
        outcome = course.at(threshold)
        lost, top = np.where(is_known, outcome.lost, 0.0), np.where(is_known, course.top, 0.0)
        spread = float(np.mean((course.p_lost <= threshold) * np.clip(course.p_lost, 0.0, 1.0)) + max_loss**2)
        if not test.is_below_zero(lost - max_loss * top, spread):
            break
        best = CoursePoint(
            max_loss, threshold, float(lost.sum() / max(top.sum(), 1e-12)), float(1.0 - outcome.relative_cost.mean())
        )
    return best if best.saving > 0 else CoursePoint(max_loss, None, 0.0, 0.0)
