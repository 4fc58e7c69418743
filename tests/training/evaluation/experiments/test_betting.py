"""The gambler: makes money only where the claim is false, and never stakes all of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.training.evaluation.experiments.betting import Terms, log_capital, running_log_capital


def plain(values: np.ndarray, low: float = 0.0, high: float = 1.0, weight: float = 1.0) -> Terms:
    """Terms of a mean of ``values`` in [low, high]."""
    one = np.ones(len(values))
    return Terms(values, one, np.stack([low * one, high * one]), one[None, :], weight * one)


def test_one_stake_is_the_product_of_its_gains() -> None:
    values = np.array([1.0, 0.0, 1.0])
    gains = plain(values).log_gains(0.5, 1)
    assert np.allclose(gains[0], np.log1p(0.9 * (values - 0.5)))
    assert np.allclose(gains[1] - np.log1p(0.9 * 2**-0.75 * (values - 0.5)), 0.0)


def test_the_whole_capital_is_one_at_the_start_and_its_parts_add_up() -> None:
    terms = plain(np.full(4, 0.5))
    assert np.allclose(running_log_capital(terms, 0.5, 1), 0.0)
    assert log_capital(terms, 0.5, -1) == pytest.approx(0.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0, 1), st.sampled_from([1, -1]))
def test_no_task_can_take_all_the_capital(values: list[float], claim: float, sign: int) -> None:
    gains = plain(np.array(values), weight=4.0).log_gains(claim, sign)
    assert gains.min() >= np.log(0.1) - 1e-9


@given(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=5, max_size=60))
def test_the_further_the_claim_is_from_the_terms_the_more_is_won(values: list[float]) -> None:
    terms = plain(np.array(values))
    above = [log_capital(terms, claim, 1) for claim in np.linspace(0, 1, 21)]
    below = [log_capital(terms, claim, -1) for claim in np.linspace(0, 1, 21)]
    assert np.all(np.diff(above) <= 1e-9)
    assert np.all(np.diff(below) >= -1e-9)


def test_the_capital_is_what_a_fair_game_allows() -> None:
    """The mean of the capital under a true claim is 1: exactly, by walking through all that can happen."""
    p, outcomes = 0.05, []
    for bits in range(2**10):
        values = np.array([bits >> place & 1 for place in range(10)], dtype=np.float64)
        odds = np.prod(np.where(values > 0, p, 1 - p))
        outcomes.append([odds * np.exp(log_capital(plain(values), p, sign)) for sign in (1, -1)])
    assert np.allclose(np.sum(outcomes, axis=0), 1.0)
