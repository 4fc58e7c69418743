"""What several answers to a step have in common."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.data.answers import AnswerKey, same_answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """An answer among others: how many can be compared with it, and which share of those is the same (NaN of none)."""

    n_compared: int
    share_same: float


def agreement(key: AnswerKey | None, others: Sequence[AnswerKey | None]) -> Agreement:
    """How many of ``others`` mean the same as ``key``."""
    found = [same for other in others if (same := same_answer(key, other)) is not None]
    return Agreement(len(found), sum(found) / len(found) if found else math.nan)


def overlap(words: set[str], others: set[str]) -> float:
    """Words in common over words in either (Jaccard); NaN where both are empty."""
    either = len(words | others)
    return len(words & others) / either if either else math.nan


def grounding(words: set[str], prompt: set[str]) -> float:
    """The share of an answer's words that the prompt holds; NaN of none."""
    return len(words & prompt) / len(words) if words else math.nan
