"""Courses on hand-built steps: exact losses and costs, and what is expected of thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.router_model.accepting.acceptance import Judgement
from tierwise.training.accepting.acceptance_table import AcceptanceTable
from tierwise.training.accepting.courses import AskedSet, course_of, expected_acceptances, expected_threshold

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


def course(p_lost: list[float], lost: list[float]) -> AskedSet:
    n = len(p_lost)
    return AskedSet(
        np.arange(n), np.zeros(n, dtype=np.int64), np.array(p_lost), np.array(lost), np.ones(n), np.zeros(n), 2
    )


@pytest.mark.parametrize(("max_loss", "threshold"), [(0.0, -np.inf), (0.05, 0.1), (0.15, 0.2), (0.25, 0.4), (1.0, 0.4)])
def test_as_many_are_accepted_as_are_expected_to_lose_no_more(max_loss: float, threshold: float) -> None:
    assert expected_threshold(course([0.4, 0.1, 0.3, 0.2], [0, 0, 1, 1]), max_loss) == threshold


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=20),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_a_laxer_promise_never_accepts_less_and_each_is_expected_to_be_kept(
    p_lost: list[float], one: float, other: float
) -> None:
    found = course(p_lost, [0.0] * len(p_lost))
    low, high = sorted((one, other))
    assert expected_acceptances(found, low) <= expected_acceptances(found, high)
    surest = np.sort(p_lost)[: expected_acceptances(found, high)]
    assert surest.sum() <= high * len(p_lost) + 1e-9
