"""How many mirrored steps a promise still needs, told before there is one: the arithmetic of certification, in advance.

Of ``n`` steps whose cheaper answers are the top tier's but for a share ``p``, certification asks whether more than
``m`` differ. Its score test passes once ``sqrt(n) * (m - p) / sqrt(v)`` reaches the normal quantile, with ``v`` the
variance at the edge of the promise and ``ENOUGH_LOSSES`` losses expected there; its bets win once ``n`` reaches
``2 * log(1 / (1 - confidence)) * s / (m - p)**2``, with ``s`` the mean square of a step, or what the largest bet takes
(:mod:`tierwise.training.certification.betting`). At or above ``m`` no number is enough.

Certification counts tasks, and steps of one task may all differ together. So ``n`` are tasks of equal size, and the
steps that they need are told at as many steps a task as were seen.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tierwise.router_model.task_sizes import n_effective

ENOUGH_LOSSES = 5.0
MOST_STAKED = 0.95
MOST_TOLD = 10_000
_SLOW_START = 25  # steps whose bets are small, because they rest on a guess of the spread
_Z_RANGE = 1.2816  # an interval of 80 % for the rate of differences
_LEAST_DIFFERENT = 0.5  # tasks: none seen is not none there


@dataclass(frozen=True, slots=True)
class StepsNeeded:
    """What was seen, and mirrored steps in all until a promise stands, None for never at that rate of differences.

    ``expected`` is at the rate seen so far, half a task where none differs, ``least`` and ``most`` at the ends of its
    80 % interval. Of the ``n_different`` answers ``n_unclear`` cannot be compared.
    """

    seen: "Seen"
    max_loss: float
    least: int | None
    expected: int | None
    most: int | None

    def text(self) -> str:
        """One sentence for people."""
        seen, n_seen = self.seen.text(), self.seen.n_compared
        if self.expected is None and self.least is None:
            return f"{seen}: never at this rate of differences, {self.max_loss:.0%} may differ"
        if self.expected is None and self.seen.rate < self.max_loss:
            return f"{seen}: too few to tell"
        if self.expected is None:
            return f"{seen}: not at this rate of differences; too few were mirrored to rule it out"
        more = self.expected - n_seen
        if more <= 0:
            return f"{seen}: enough for {self.max_loss:.0%}"
        if more > MOST_TOLD:
            return f"{seen}: more than {MOST_TOLD:,} more mirrored steps at this rate, if ever"
        return f"{seen}: about {_round_up(more):,} more mirrored steps ({self._range()})"

    def _range(self) -> str:
        least = max(0, (self.least or 0) - self.seen.n_compared)
        most = "never" if self.most is None else f"{_round_up(max(0, self.most - self.seen.n_compared)):,}"
        return f"{_round_up(least):,} to {most}, as the rate may be"


@dataclass(frozen=True, slots=True)
class Seen:
    """Answers of one tier beside the top tier's: how many were compared and how many of them differ, ``n_unclear`` of
    these because nobody can tell them alike. ``n_tasks`` is what they are worth in tasks of equal size."""

    n_compared: int
    n_different: int
    n_tasks: float
    n_unclear: int = 0

    @classmethod
    def by_task(cls, n_different: int, n_unclear: int, sizes: Iterable[int]) -> "Seen":
        """``sizes`` are the compared steps of each task; what cannot be compared differs, as it does in training."""
        counts = np.array(list(sizes), dtype=np.float64)
        return cls(int(counts.sum()), n_different + n_unclear, n_effective(counts), n_unclear)

    @property
    def rate(self) -> float:
        return self.n_different / self.n_compared if self.n_compared else 0.0

    def text(self) -> str:
        """What was seen, for people."""
        differ = f"{self.n_different:,} of {self.n_compared:,} answers differ ({self.rate:.1%})"
        if self.n_unclear:
            differ += f", {self.n_unclear:,} because they cannot be compared"
        is_alone = self.n_tasks > 0.99 * self.n_compared
        return differ if is_alone else f"{differ}, worth {self.n_tasks:,.0f} tasks of equal size"


def steps_needed(seen: Seen, max_loss: float, confidence: float = 0.9) -> StepsNeeded:
    """The estimate after what was seen.

    >>> steps_needed(Seen(200, 2, n_tasks=200), 0.03).expected
    144
    >>> steps_needed(Seen(200, 2, n_tasks=100), 0.03).expected
    288
    """
    if not seen.n_compared:
        return StepsNeeded(seen, max_loss, 0, None, None)
    n_different = seen.rate * seen.n_tasks
    low, high = _rate_interval(seen.n_tasks, n_different)
    rate = max(n_different, _LEAST_DIFFERENT) / seen.n_tasks
    tasks = (needed_at(each, max_loss, confidence) for each in (low, rate, high))
    steps_a_task = seen.n_compared / seen.n_tasks
    least, expected, most = (None if each is None else math.ceil(each * steps_a_task) for each in tasks)
    return StepsNeeded(seen, max_loss, least, expected, most)


def needed_at(p_differ: float, max_loss: float, confidence: float = 0.9) -> int | None:
    """Tasks of equal size in all at a true rate of differences; None for never."""
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


def _rate_interval(n_seen: float, n_different: float) -> tuple[float, float]:
    """Wilson's interval at 80 %."""
    z2, rate = _Z_RANGE**2, n_different / n_seen
    centre = (rate + z2 / (2 * n_seen)) / (1 + z2 / n_seen)
    half = _Z_RANGE / (1 + z2 / n_seen) * math.sqrt(rate * (1 - rate) / n_seen + z2 / (4 * n_seen**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _round_up(n: int) -> int:
    """To two figures: more would claim to know."""
    unit: int = 10 ** max(0, len(str(n)) - 2)
    return math.ceil(n / unit) * unit
