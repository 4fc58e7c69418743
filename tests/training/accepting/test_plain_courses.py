"""Courses that learn nothing, on hand-built answers: exact costs, and what is the same and what is equal."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.training.accepting.plain_courses import Plays, Sameness, asked_first, equal_or_top, right_or_top

TIERS = ("small", "mid", "frontier")
COST = np.array([[1.0, 4.0, 16.0]])


def answered(*outputs: str | None, text: str = "How many? (17)") -> LoggedStep:
    attempts = tuple(Attempt(tier, output=output) for tier, output in zip(TIERS, outputs, strict=True))
    return LoggedStep("s", Step(text, task_type="count"), attempts)


@pytest.mark.parametrize(("is_equal", "final", "usd"), [(True, 1, 5.0), (False, 2, 21.0)])
def test_equal_answers_cost_both_calls_and_others_the_top_tiers_too(is_equal: bool, final: int, usd: float) -> None:
    plays = equal_or_top(np.array([is_equal]), 3)
    assert plays.final.tolist() == [final]
    assert plays.cost(COST).tolist() == [usd]


@pytest.mark.parametrize(
    ("is_right", "final", "usd"),
    [([True, True, True], 0, 5.0), ([False, True, True], 1, 5.0), ([False, False, True], 2, 21.0)],
)
def test_the_oracle_pays_both_cheap_answers_and_uses_one_that_is_right(
    is_right: list[bool], final: int, usd: float
) -> None:
    plays = right_or_top(np.array([is_right]))
    assert plays.final.tolist() == [final]
    assert plays.cost(COST).tolist() == [usd]


def test_a_single_shot_costs_its_own_call() -> None:
    assert Plays.of(np.array([1]), (), 3).cost(COST).tolist() == [4.0]


def test_with_two_tiers_one_answer_is_asked_and_nothing_is_equal() -> None:
    assert asked_first(2) == (0,)
    assert right_or_top(np.array([[True, True]])).final.tolist() == [0]
    step = answered("The answer is 812.", "**812**", None)
    assert not Sameness.of([step], TIERS[:2]).is_equal.any()


def test_answers_are_the_same_by_their_keys_and_what_has_none_differs() -> None:
    steps = [
        answered("The answer is 812.", "**812**", "812"),
        answered("The answer is 812.", "813", "813"),
        answered(None, "812", "812"),
        answered("812", "812", None),
    ]
    found = Sameness.of(steps, TIERS)
    assert found.is_same.tolist() == [
        [True, True, True],
        [False, True, True],
        [False, True, True],
        [False, False, True],
    ]
    assert found.is_equal.tolist() == [True, False, False, True]


def test_the_first_answer_of_a_tier_counts() -> None:
    step = answered("812", "812", "812")
    more = replace(step, attempts=(*step.attempts, Attempt("small", output="5")))
    assert Sameness.of([more], TIERS).is_same.all()
