"""The gambler behind every interval: capital that grows only where a claim about a mean is false.

Whoever bets on "the mean is above m" against fair odds can not make money while it is not: the capital is then a
supermartingale, and by Ville's inequality reaches ``1 / alpha`` at any time with probability ``alpha`` at most. So the
values of m against which the capital stays below are an interval that holds at every look at once, without a
normal approximation, for any number of terms, any tail and any share of traffic, as long as each term is bounded by
something known before it. Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
JRSS B 2024 (arXiv 2010.09686); for terms weighted by known propensities: Waudby-Smith, Wu, Ramdas, Karampatziakis and
Mineiro, "Anytime-valid off-policy inference for contextual bandits", 2024 (arXiv 2210.10768).
"""

from dataclasses import dataclass

import numpy as np

from tierwise.training.evaluation.bootstrap import FloatArray

_MOST_AT_STAKE = 0.9  # of the capital, whatever the next term turns out to be
_STAKES = _MOST_AT_STAKE * 2.0 ** (-0.75 * np.arange(12))
"""The gambler's fixed stakes, side by side: large ones win early, small ones where the truth is close to the claim."""
_LOG_SHARES = np.log(_STAKES**0.5 / (_STAKES**0.5).sum())
"""The part of the capital on each stake: most on large ones, as experiments should end early."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The terms of ``mean(top) / mean(bottom)`` of ``n`` tasks; a plain mean has a known ``bottom``.

    ``top``, ``bottom``            float64 [n]
    ``top_ends``, ``bottom_ends``  float64 [k, n]: the pairs that a task could come to at the extremes, known before it
    ``weights``                    float64 [n]: how much a task counts, known before it; 0 leaves it out
    """

    top: FloatArray
    bottom: FloatArray
    top_ends: FloatArray
    bottom_ends: FloatArray
    weights: FloatArray

    def log_gains(self, claim: float, sign: int) -> FloatArray:
        """float64 [stakes, n]: what each stake gains with each task on "the ratio is above ``claim``", below at -1."""
        terms = sign * self.weights * (self.top - claim * self.bottom)
        worst = (sign * self.weights * (self.top_ends - claim * self.bottom_ends)).min(axis=0)
        at_most = np.divide(_MOST_AT_STAKE, -worst, out=np.full(len(worst), np.inf), where=worst < 0)
        return np.asarray(np.log1p(np.minimum(_STAKES[:, None], at_most) * terms))


def running_log_capital(terms: Terms, claim: float, sign: int) -> FloatArray:
    """The logarithm of the capital after each task, float64 [n], of the bet that the ratio is above (1), below (-1)."""
    return _mixed(np.cumsum(terms.log_gains(claim, sign), axis=1))


def log_capital(terms: Terms, claim: float, sign: int) -> float:
    """The logarithm of the capital after the last task."""
    return float(_mixed(terms.log_gains(claim, sign).sum(axis=1, keepdims=True))[0])


def _mixed(log_capitals: FloatArray) -> FloatArray:
    """float64 [stakes, n] to [n]: the stakes' capital together."""
    shared = log_capitals + _LOG_SHARES[:, None]
    highest = shared.max(axis=0)
    return np.asarray(highest + np.log(np.exp(shared - highest).sum(axis=0)))
