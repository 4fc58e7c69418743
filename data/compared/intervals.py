"""Shares and ratios over steps that come in clusters (tasks), each with its interval, n and effective n."""

import math
from dataclasses import dataclass

Z_95 = 1.959964
MIN_CLUSTERS = 8


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval. ``low`` and ``high`` are None where there are too few clusters to tell."""

    value: float
    low: float | None
    high: float | None
    n: int
    n_effective: float


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over clusters of a numerator ``x`` and a denominator ``y``: what a ratio and its variance need."""

    n: int
    n_clusters: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    @property
    def n_effective(self) -> float:
        """Kish's effective number: steps of a cluster count as one observation, the cautious end."""
        return self.y * self.y / self.yy if self.yy > 0 else 0.0


def share_interval(sums: ClusterSums) -> Interval | None:
    """The share ``x / y`` of successes among steps, with Wilson's interval at the effective n; None without steps.

    >>> share = share_interval(ClusterSums(n=100, n_clusters=100, x=90, y=100, xx=90, yy=100, xy=90))
    >>> f"{share.value:.2f} [{share.low:.3f}, {share.high:.3f}]"
    '0.90 [0.826, 0.945]'
    """
    if sums.y <= 0:
        return None
    p, n = sums.x / sums.y, sums.n_effective
    centre = (p + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 * math.sqrt(p * (1 - p) / n + Z_95**2 / (4 * n * n)) / (1 + Z_95**2 / n)
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half), sums.n, n)


def saving_interval(sums: ClusterSums) -> Interval | None:
    """What ``x`` saves against ``y``, ``1 - x / y``, with the linearised interval of a ratio of cluster sums.

    Cochran, Sampling Techniques (1977), section 6.3. None without anything to compare with.
    """
    if sums.y <= 0:
        return None
    ratio = sums.x / sums.y
    if sums.n_clusters < MIN_CLUSTERS:
        return Interval(1 - ratio, None, None, sums.n, sums.n_effective)
    residuals = max(0.0, sums.xx - 2 * ratio * sums.xy + ratio * ratio * sums.yy)
    error = math.sqrt(residuals * sums.n_clusters / (sums.n_clusters - 1)) / sums.y
    return Interval(1 - ratio, 1 - ratio - Z_95 * error, 1 - ratio + Z_95 * error, sums.n, sums.n_effective)
