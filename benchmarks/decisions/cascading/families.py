"""A way to decide with one knob: what each setting of it would use, lose and cost, step by step; and how it is set.

A knob is set on steps to learn from, held out from whatever was fitted, for each part of the log (task type), and then
used on the steps to decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.accepting.courses import AskedSet, CourseOutcome

Floats = NDArray[np.float64]
N_SETTINGS = 81
_MIN_PART = 40


@dataclass(frozen=True, slots=True)
class Family:
    """Of g settings, the same on both sides: ``final`` int64 [g, n] the tier whose answer is used, ``lost`` and
    ``cost`` float64 [g, n]; costs in the step's top-tier call."""

    final: NDArray[np.int64]
    lost: Floats
    cost: Floats

    @classmethod
    def joined(cls, families: Sequence["Family"]) -> "Family":
        """Any setting of any of them."""
        return cls(*(np.concatenate([getattr(f, name) for f in families]) for name in ("final", "lost", "cost")))


@dataclass(frozen=True, slots=True)
class Used:
    """What one setting, or one for each part, comes to on n steps."""

    final: NDArray[np.int64]
    lost: Floats
    cost: Floats


@dataclass(frozen=True, slots=True)
class Sides:
    """A family on the steps to learn from and on those to decide."""

    train: Family
    test: Family


def of_courses(train: AskedSet, test: AskedSet) -> Sides:
    """Acceptance at thresholds that accept evenly growing shares of the steps to learn from."""
    thresholds = np.unique(np.quantile(train.p_lost, np.linspace(0, 1, N_SETTINGS), method="higher"))
    settings = [-np.inf, *thresholds.tolist()]
    return Sides(*(_family([course.at(setting) for setting in settings]) for course in (train, test)))


def of_single_shots(train: Floats, test: Floats, success: Sequence[Floats], cost: Sequence[Floats]) -> Sides:
    """The tier with the best chance minus so much times its usual relative cost; chances float64 [n, k]."""
    usual = cost[0].mean(axis=0)
    weights = np.concatenate([[0.0], np.geomspace(0.003, 3.0, N_SETTINGS)])
    sides = []
    for p_success, came, paid in zip((train, test), success, cost, strict=True):
        chosen = [np.argmax(p_success - weight * usual, axis=1) for weight in weights]
        rows = np.arange(len(p_success))
        final = np.array([np.full(len(rows), came.shape[1] - 1), *chosen])
        sides.append(Family(final, came[:, -1] - came[rows, final], paid[rows, final]))
    return Sides(*sides)


def set_by_part(
    sides: Sides,
    top: Floats,
    parts: Sequence[NDArray[np.str_]],
    max_loss: float,
    deviations: float,
    unseen: Family | None,
) -> Used:
    """The steps to decide, with the knob set for each part on ``top`` float64 of the steps to learn from.

    Parts that are too small are set as the whole; those never seen use the one setting of ``unseen`` where it is given.
    Where no setting fits, it is the top tier.
    """
    train_parts, test_parts = parts
    n = len(test_parts)
    used = Used(np.full(n, sides.test.final.max()), np.zeros(n), np.ones(n))
    whole = _setting(sides.train, top, np.ones(len(train_parts), dtype=np.bool_), max_loss, deviations)
    for part in np.unique(test_parts):
        learned, decided = train_parts == part, test_parts == part
        if unseen is not None and not learned.any():
            take(used, unseen, 0, decided)
            continue
        found = _setting(sides.train, top, learned, max_loss, deviations) if learned.sum() >= _MIN_PART else whole
        if found is not None:
            take(used, sides.test, found, decided)
    return used


def take(used: Used, family: Family, setting: int, places: NDArray[np.bool_]) -> None:
    """Uses ``setting`` at ``places`` bool [n]."""
    for name in ("final", "lost", "cost"):
        getattr(used, name)[places] = getattr(family, name)[setting, places]


def _setting(family: Family, top: Floats, places: NDArray[np.bool_], max_loss: float, deviations: float) -> int | None:
    """The cheapest setting whose loss, with a margin of standard errors, is kept; None where that is the top tier."""
    lost = family.lost[:, places]
    excess = lost.sum(axis=1) - max_loss * top[places].sum() + deviations * np.sqrt((lost**2).sum(axis=1))
    cost = np.where(excess <= 1e-9, family.cost[:, places].mean(axis=1), np.inf)
    best = int(np.argmin(cost))
    return best if cost[best] < 1.0 else None


def _family(outcomes: Sequence[CourseOutcome]) -> Family:
    final, lost, cost = (
        np.array([getattr(outcome, name) for outcome in outcomes]) for name in ("final", "lost", "relative_cost")
    )
    return Family(final, lost, cost)
