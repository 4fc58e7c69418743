"""A course on logged steps: what is asked, which answer would be accepted, what that loses and what it costs.

Everything is an array with one entry a step, which is what a certificate of an operating point takes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.router_model.accepting.acceptance import Judgement
from tierwise.training.accepting.acceptance_table import AcceptanceTable

Floats = NDArray[np.float64]
Tiers = NDArray[np.int64]
_NEVER = 1e6


@dataclass(frozen=True, slots=True)
class CourseOutcome:
    """Of n steps: ``final`` int64 [n] is the tier whose answer is used; ``lost`` float64 [n] the success that the top
    tier would have had beyond it (-1, 0, 1; NaN unknown); ``relative_cost`` float64 [n] all calls, in costs of the
    step's own top-tier call."""

    final: Tiers
    lost: Floats
    relative_cost: Floats


@dataclass(frozen=True, slots=True)
class AskedSet:
    """One asked set on n steps: ``step`` int64 [n]; ``candidate`` int64 [n] the tier whose answer would be accepted;
    ``p_lost`` float64 [n] what accepting it is expected to lose; ``lost`` float64 [n] what it loses; ``top`` float64
    [n] whether the top tier succeeds; ``asked_cost`` float64 [n] the relative cost of what is asked first."""

    step: NDArray[np.int64]
    candidate: Tiers
    p_lost: Floats
    lost: Floats
    top: Floats
    asked_cost: Floats
    n_tiers: int

    def at(self, threshold: float) -> CourseOutcome:
        """Accepts where at most ``threshold`` is expected to be lost, and asks the top tier otherwise."""
        is_accepted = self.p_lost <= threshold
        final = np.where(is_accepted, self.candidate, self.n_tiers - 1)
        return CourseOutcome(final, np.where(is_accepted, self.lost, 0.0), self.asked_cost + ~is_accepted)

    def of(self, places: NDArray[np.bool_]) -> "AskedSet":
        """The steps of ``places`` bool [n]."""
        arrays = {name: getattr(self, name)[places] for name in AskedSet.__slots__ if name != "n_tiers"}
        return replace(self, **arrays)


def course_of(table: AcceptanceTable, asked: int, judgement: Judgement, relative_cost: Floats) -> AskedSet:
    """The course that asks the set ``asked`` of ``table``; of several answers the likeliest to succeed is the
    candidate, the cheaper of equal ones. ``relative_cost`` float64 [n, k] is by step and tier."""
    places = np.flatnonzero(table.asked == asked)
    order = places[np.lexsort((table.tier[places], -judgement.p_answer[places], table.step[places]))]
    step, first = np.unique(table.step[order], return_index=True)
    best = order[first]
    asked_cost = np.zeros(len(step))
    np.add.at(
        asked_cost, np.searchsorted(step, table.step[places]), relative_cost[table.step[places], table.tier[places]]
    )
    return AskedSet(
        step,
        table.tier[best],
        judgement.p_lost[best],
        table.top[best] - table.answer[best],
        table.top[best],
        asked_cost,
        relative_cost.shape[1],
    )


def expected_acceptances(course: AskedSet, max_loss: float) -> int:
    """How many of the surest answers can be accepted so that all of them are *expected* to lose at most ``max_loss`` of
    the steps: from predictions alone."""
    expected = np.cumsum(np.clip(np.sort(course.p_lost), -1.0, _NEVER))
    return int((expected <= max_loss * len(expected)).sum())


def expected_threshold(course: AskedSet, max_loss: float) -> float:
    """The threshold that accepts those; minus infinity where there are none. No certificate."""
    n_accepted = expected_acceptances(course, max_loss)
    return float(np.sort(course.p_lost)[n_accepted - 1]) if n_accepted else -np.inf
