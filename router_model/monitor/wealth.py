"""The gambler behind the alarm: wealth that grows only where a claim about a mean is false.

While the mean of the terms is 0 or less, the product of ``1 + stake * term`` is a supermartingale for any stake, and by
Ville's inequality ever reaches ``1 / alpha`` with probability ``alpha`` at most: one may look as often as one likes.
Stakes from large to small run side by side, so that no number of tasks is planned for ("Estimating means of bounded
random variables by betting", Waudby-Smith and Ramdas, JRSS B 2024).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESTART_TASKS = 200

_MOST_AT_STAKE = 0.9
_STAKES = _MOST_AT_STAKE * 2.0 ** (-0.75 * np.arange(12))
_LOG_SHARES = np.log(_STAKES**0.5 / (_STAKES**0.5).sum())


def running_log_wealth(terms: Floats, worst: Floats) -> Floats:
    """float64 [n]: the logarithm of the wealth after each of ``terms`` float64 [n], bet to have a mean above 0.

    ``worst`` float64 [n] is how far below 0 a term could have fallen; no stake risks more than nine tenths on it.

    Every ``RESTART_TASKS`` a fresh gambler comes with the share ``1 / (k * (k + 1))`` that was kept for it: what the
    others lost while all was well would else have to be won back first when something breaks after a year.
    """
    wealth = np.cumsum(_log_gains(terms, worst), axis=1)
    starts = np.arange(0, len(terms), RESTART_TASKS)
    order = np.arange(1, len(starts) + 1)
    before = np.where(starts > 0, wealth[:, starts - 1], 0.0)
    joined = np.logaddexp.accumulate(-np.log(order * (order + 1)) - before, axis=1)
    n_started = np.arange(len(terms)) // RESTART_TASKS + 1
    playing = wealth + joined[:, n_started - 1]
    return np.asarray(np.logaddexp(mixed(playing, _LOG_SHARES), -np.log(n_started + 1)))


def last_log_wealth(terms: Floats, worst: Floats) -> float:
    """The logarithm of the wealth of the first gambler alone after the last term: it judges the mean of all terms."""
    return float(mixed(_log_gains(terms, worst).sum(axis=1, keepdims=True), _LOG_SHARES)[0])


def _log_gains(terms: Floats, worst: Floats) -> Floats:
    """float64 [stakes, n]"""
    stakes = np.minimum(_STAKES[:, None], _MOST_AT_STAKE / np.maximum(worst, 1e-12))
    return np.asarray(np.log1p(stakes * terms))


def mixed(log_wealths: Floats, log_shares: Floats) -> Floats:
    """The wealth of several gamblers together, float64 [k, n] to [n]; each begins with its share."""
    shared = log_wealths + log_shares[:, None]
    highest = shared.max(axis=0)
    return np.asarray(highest + np.log(np.exp(shared - highest).sum(axis=0)))
