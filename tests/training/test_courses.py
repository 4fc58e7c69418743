"""Courses on hand-built steps: exact losses and costs, and thresholds that keep what they are asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.router_model.acceptance import Judgement
from tierwise.training.acceptance_table import AcceptanceTable
from tierwise.training.courses import Course, course_of, largest_threshold

COST = np.array([[0.01, 0.1, 1.0], [0.02, 0.2, 1.0]])


def two_steps() -> tuple[AcceptanceTable, Judgement]:
    """On the first step mid looks better, on the second both look the same."""
    table = AcceptanceTable(
        rows=np.zeros((4, 1), dtype=np.float32),
        step=np.array([0, 0, 1, 1]),
        tier=np.array([0, 1, 0, 1]),
        asked=np.zeros(4, dtype=np.int64),
        answer=np.array([0.0, 1.0, 0.0, 0.0]),
        top=np.ones(4),
        weight=np.full(4, 0.5),
    )
    return table, Judgement(np.array([0.2, 0.9, 0.5, 0.5]), np.full(4, 0.95))


def test_the_likeliest_answer_is_the_candidate_and_the_cheaper_of_equal_ones() -> None:
    table, judgement = two_steps()
    course = course_of(table, 0, judgement, COST)
    assert course.candidate.tolist() == [1, 0]
    assert course.p_lost == pytest.approx([0.05, 0.45])
    assert course.lost.tolist() == [0.0, 1.0]
    assert course.asked_cost == pytest.approx([0.11, 0.22])


def test_every_call_is_paid() -> None:
    table, judgement = two_steps()
    outcome = course_of(table, 0, judgement, COST).at(0.1)
    assert outcome.final.tolist() == [1, 2]
    assert outcome.lost.tolist() == [0.0, 0.0]
    assert outcome.relative_cost == pytest.approx([0.11, 1.22])


def course(p_lost: list[float], lost: list[float]) -> Course:
    n = len(p_lost)
    return Course(
        np.arange(n), np.zeros(n, dtype=np.int64), np.array(p_lost), np.array(lost), np.ones(n), np.zeros(n), 2
    )


@pytest.mark.parametrize(("max_loss", "threshold"), [(0.0, 0.2), (0.25, 0.3), (0.5, 0.4), (1.0, 0.4)])
def test_the_largest_threshold_that_keeps_the_loss(max_loss: float, threshold: float) -> None:
    assert largest_threshold(course([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]), max_loss) == threshold


def test_equal_chances_are_accepted_together_or_not_at_all() -> None:
    assert largest_threshold(course([0.1, 0.1, 0.1, 0.1], [0, 0, 0, 1]), 0.0) == -np.inf


def test_a_margin_asks_for_more() -> None:
    rising = course([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 0])
    assert largest_threshold(rising, 0.25) == 0.4
    assert largest_threshold(rising, 0.25, deviations=1.0) == 0.2


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([-1.0, 0.0, 1.0])), min_size=1, max_size=20),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_a_laxer_promise_never_accepts_less_and_each_is_kept(
    steps: list[tuple[float, float]], one: float, other: float
) -> None:
    found = course([p for p, _ in steps], [lost for _, lost in steps])
    low, high = sorted((one, other))
    assert largest_threshold(found, low) <= largest_threshold(found, high)
    lost = found.at(largest_threshold(found, high)).lost
    assert lost.sum() <= high * len(steps) + 1e-6
