"""Courses that learn nothing, and what logged answers say of every course: whether answers are the same.

The cheapest two tiers are asked; with two tiers, the one that is cheap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.answers import AnswerKey, Question, same_answer
from tierwise.data.records import LoggedStep
from tierwise.features.evidence import Answer

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plays:
    """Of n steps: ``final`` int64 [n] is the tier whose answer is used, ``asked`` bool [n, k] all tiers that are
    called."""

    final: NDArray[np.int64]
    asked: NDArray[np.bool_]

    @classmethod
    def of(cls, final: NDArray[np.int64], first: Sequence[int], n_tiers: int) -> "Plays":
        """The tiers ``first`` are asked on every step, and then the one that is used."""
        asked = np.zeros((len(final), n_tiers), dtype=np.bool_)
        asked[:, list(first)] = True
        asked[np.arange(len(final)), final] = True
        return cls(final, asked)

    def cost(self, cost: Floats) -> Floats:
        """float64 [n]: the sum over all calls of ``cost`` float64 [n, k]."""
        return np.asarray(np.where(self.asked, cost, 0.0).sum(axis=1))

    def waited(self, latency: Floats) -> Floats:
        """float64 [n]: how long a step takes when tier t takes ``latency`` float64 [n, k]. Cheap tiers are asked side
        by side, the top one after them."""
        cheap = np.where(self.asked[:, :-1], latency[:, :-1], 0.0).max(axis=1, initial=0.0)
        return np.asarray(cheap + np.where(self.asked[:, -1], latency[:, -1], 0.0))


def asked_first(n_tiers: int) -> tuple[int, ...]:
    """The tiers that plain courses ask."""
    return tuple(range(min(2, n_tiers - 1)))


def equal_or_top(is_equal: NDArray[np.bool_], n_tiers: int) -> Plays:
    """The dearer of two cheap answers is used where they are equal, bool [n]; else the top tier's."""
    first = asked_first(n_tiers)
    return Plays.of(np.where(is_equal, first[-1], n_tiers - 1), first, n_tiers)


def right_or_top(is_right: NDArray[np.bool_]) -> Plays:
    """The oracle of courses: of the cheap answers one that is right, bool [n, k], wherever there is one."""
    first = asked_first(is_right.shape[1])
    found = is_right[:, list(first)]
    final = np.where(found.any(axis=1), np.argmax(found, axis=1), is_right.shape[1] - 1)
    return Plays.of(final, first, is_right.shape[1])


@dataclass(frozen=True, slots=True)
class Sameness:
    """Of n steps: ``is_same`` bool [n, k], whether each tier's answer is the top tier's, whose own always is;
    ``is_equal`` bool [n], whether the cheap answers that plain courses ask for are the same on an open key."""

    is_same: NDArray[np.bool_]
    is_equal: NDArray[np.bool_]

    @classmethod
    def of(cls, steps: Sequence[LoggedStep], tiers: Sequence[str]) -> "Sameness":
        """Read from the first answer on each tier. What has no key, or was not answered, differs."""
        keys = [_keys(logged, tiers) for logged in steps]
        same = [[*(same_answer(key, row[-1]) is True for key in row[:-1]), True] for row in keys]
        equal = [_are_equal([row[tier] for tier in asked_first(len(tiers))]) for row in keys]
        shape = (len(steps), len(tiers))
        return cls(np.array(same, dtype=np.bool_).reshape(shape), np.array(equal, dtype=np.bool_))


def first_answers(logged: LoggedStep, tiers: Sequence[str]) -> dict[str, Answer]:
    """The first recorded answer on each of ``tiers``."""
    found: dict[str, Answer] = {}
    for attempt in logged.attempts:
        answer = Answer.of(attempt)
        if attempt.tier in tiers and attempt.tier not in found and answer.is_known:
            found[attempt.tier] = answer
    return found


def _keys(logged: LoggedStep, tiers: Sequence[str]) -> list[AnswerKey | None]:
    question, answers = Question(logged.step), first_answers(logged, tiers)
    return [answers[tier].key(question) if tier in answers else None for tier in tiers]


def _are_equal(keys: Sequence[AnswerKey | None]) -> bool:
    first = keys[0]
    if len(keys) < 2 or first is None or not first.is_open:
        return False
    return all(same_answer(first, key) is True for key in keys[1:])
