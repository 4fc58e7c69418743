"""What was certified for one tolerated quality loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CATCH_RATES = (0.5, 0.65, 0.8, 0.9, 1.0)
"""For which cascades are certified; a rate between two of them is served by the lower one."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A cost weight with the evidence for it.

    ``cost_weight`` is None when the data do not support any point but "always the top tier". The rest is evidence from
    held-out steps: relative loss of success against always-top, ``loss_upper`` its upper confidence bound, and what is
    saved of the top tier's cost: ``saving`` step by step alike, ``saving_usd`` in dollars.

    Of a cascade ``start`` is the tier where all steps start, None where the cost weight says; unfamiliar steps start at
    ``plain_start``.
    """

    max_quality_loss: float
    cost_weight: float | None
    loss: float
    loss_upper: float
    saving: float
    saving_usd: float = 0.0
    start: int | None = None
    plain_start: int | None = None

    def to_mapping(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def point_at(points: Sequence[OperatingPoint], max_quality_loss: float) -> OperatingPoint:
    """The point with the largest loss up to the asked one; ``points`` ascend by it."""
    found = points[0]
    for point in points:
        if point.max_quality_loss > max_quality_loss + 1e-9:
            break
        found = point
    return found
