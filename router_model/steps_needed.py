"""How many mirrored steps a promise still needs, told before there is one: the arithmetic of certification, in advance.

Of ``n`` steps whose cheaper answers are the top tier's but for a share ``p``, certification asks whether more than
``m`` differ. Its score test passes once ``sqrt(n) * (m - p) / sqrt(v)`` reaches the normal quantile, with ``v`` the
variance at the edge of the promise and ``ENOUGH_LOSSES`` losses expected there; its bets win once ``n`` reaches
``2 * log(1 / (1 - confidence)) * s / (m - p)**2``, with ``s`` the mean square of a step, or what the largest bet takes
(:mod:`tierwise.training.certification.betting`). At or above ``m`` no number is enough.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

ENOUGH_LOSSES = 5.0
MOST_STAKED = 0.95
MOST_TOLD = 10_000
_SLOW_START = 25  # steps whose bets are small, because they rest on a guess of the spread
_Z_RANGE = 1.2816  # an interval of 80 % for the rate of differences


@dataclass(frozen=True, slots=True)
class StepsNeeded:
    """What was seen, and mirrored steps in all until a promise stands, None for never at that rate of differences.

    ``expected`` is at the rate seen so far, with half a difference added, ``least`` and ``most`` at the ends of its
    80 % interval.
    """

    n_seen: int
    n_different: int
    max_loss: float
    least: int | None
    expected: int | None
    most: int | None

    @property
    def rate(self) -> float:
        return self.n_different / self.n_seen if self.n_seen else 0.0

    def text(self) -> str:
        """One sentence for people."""
        seen = f"{self.n_different:,} of {self.n_seen:,} answers differ ({self.rate:.1%})"
        if self.expected is None and self.least is None:
            return f"{seen}: never at this rate of differences, {self.max_loss:.0%} may differ"
        if self.expected is None and self.rate < self.max_loss:
            return f"{seen}: too few to tell"
        if self.expected is None:
            return f"{seen}: not at this rate of differences; too few were mirrored to rule it out"
        more = self.expected - self.n_seen
        if more <= 0:
            return f"{seen}: enough for {self.max_loss:.0%}"
        if more > MOST_TOLD:
            return f"{seen}: more than {MOST_TOLD:,} more mirrored steps at this rate, if ever"
        return f"{seen}: about {_round_up(more):,} more mirrored steps ({self._range()})"

    def _range(self) -> str:
        least = max(0, (self.least or 0) - self.n_seen)
        most = "never" if self.most is None else f"{_round_up(max(0, self.most - self.n_seen)):,}"
        return f"{_round_up(least):,} to {most}, as the rate may be"


def steps_needed(n_seen: int, n_different: int, max_loss: float, confidence: float = 0.9) -> StepsNeeded:
    """The estimate after ``n_different`` of ``n_seen`` compared steps of separate tasks.

    >>> steps_needed(200, 2, 0.03).expected
    211
    """
    low, high = _rate_interval(n_seen, n_different)
    rate = (n_different + 0.5) / (n_seen + 1)  # half a difference more: none seen is not none there
    least, expected, most = (needed_at(each, max_loss, confidence) for each in (low, rate, high))
    return StepsNeeded(n_seen, n_different, max_loss, least, expected, most)


def needed_at(p_differ: float, max_loss: float, confidence: float = 0.9) -> int | None:
    """Steps in all at a true rate of differences; None for never."""
    room = max_loss - p_differ
    if room <= 0 or max_loss <= 0:
        return None
    upper = 1.0 - max_loss
    square = (1 - p_differ) * max_loss**2 + p_differ * upper**2
    z = NormalDist().inv_cdf(confidence)
    errors = z * math.sqrt(square + room * upper)  # differences come whole: half a one more than expected
    by_score = max(
        ENOUGH_LOSSES / (max_loss * (1 - p_differ)), ((errors + math.sqrt(errors**2 + 2 * room)) / (2 * room)) ** 2
    )
    wall = -math.log1p(-confidence)
    largest_gain = math.log1p(MOST_STAKED * max_loss / upper) if upper > 0 else wall
    by_bets = _SLOW_START + max(2 * wall * square / room**2, wall / largest_gain)
    return math.ceil(min(by_score, by_bets))


def _rate_interval(n_seen: int, n_different: int) -> tuple[float, float]:
    """Wilson's interval at 80 %; anything before the first step."""
    if not n_seen:
        return 0.0, 1.0
    z2, rate = _Z_RANGE**2, n_different / n_seen
    centre = (rate + z2 / (2 * n_seen)) / (1 + z2 / n_seen)
    half = _Z_RANGE / (1 + z2 / n_seen) * math.sqrt(rate * (1 - rate) / n_seen + z2 / (4 * n_seen**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _round_up(n: int) -> int:
    """To two figures: more would claim to know."""
    unit: int = 10 ** max(0, len(str(n)) - 2)
    return math.ceil(n / unit) * unit
