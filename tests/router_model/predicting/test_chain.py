"""The chain: known numbers, bounds, and what must hold whatever the scores are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.router_model.predicting.ways import WAYS, Way
from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import (
    KEEP_LOG_ODDS,
    TierProbabilities,
    chain_columns,
    chain_offsets,
    chain_rows,
    chain_scores,
    n_chain_rows,
)

SCORES = st.integers(2, 8).flatmap(
    lambda n_tiers: st.lists(st.floats(-50, 50), min_size=2 * n_tiers - 1, max_size=2 * n_tiers - 1)
)


both_ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def probabilities(way: Way, scores: list[float]) -> TierProbabilities:
    """Of one step, as its scores say."""
    return way(Calibration.identity((len(scores) + 1) // 2), np.array([scores]))


def log_odds(*p: float) -> list[float]:
    odds: list[float] = np.log(np.array(p) / (1 - np.array(p))).tolist()
    return odds


@both_ways
def test_probabilities_follow_from_hazards_and_keeps(way: Way) -> None:
    """Small .5; mid .4 where small fails and .8 where it does not; frontier .75 and .9."""
    found = probabilities(way, log_odds(0.5, 0.4, 0.75, 0.8, 0.9))
    assert found.p_enough[0] == pytest.approx([0.5, 0.7, 0.925])
    assert found.p_success[0] == pytest.approx([0.5, 0.5 * 0.4 + 0.5 * 0.8, 0.3 * 0.75 + 0.7 * 0.9])


@both_ways
@given(scores=SCORES)
def test_probabilities_are_bounded_and_enough_only_grows_with_the_tier(way: Way, scores: list[float]) -> None:
    found = probabilities(way, scores)
    for p in (found.hazard, found.keep, found.p_success, found.p_enough):
        assert ((p >= 0) & (p <= 1)).all()
    assert (np.diff(found.p_enough[0]) >= 0).all()
    assert (found.p_success <= found.p_enough + 1e-12).all()
    assert found.p_success[0, 0] == pytest.approx(found.hazard[0, 0])


@both_ways
@given(scores=SCORES, row=st.integers(0, 14), more=st.floats(0.01, 5))
def test_a_higher_score_of_a_row_never_lowers_what_is_enough(
    way: Way, scores: list[float], row: int, more: float
) -> None:
    raised = list(scores)
    raised[row % len(scores)] += more
    before, after = (probabilities(way, s).p_enough for s in (scores, raised))
    assert (after >= before - 1e-12).all()


def test_rows_of_a_step_are_its_vector_with_every_tier_and_state() -> None:
    vectors = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    rows = chain_rows(vectors, 3)
    assert rows.shape == (2 * n_chain_rows(3), 4)
    assert rows.dtype == np.float32
    assert (rows[:5, :2] == [1, 2]).all()
    assert (rows[5:, :2] == [3, 4]).all()
    assert rows[:5, 2:].tolist() == chain_columns(3).tolist() == [[0, 0], [1, 0], [2, 0], [1, 1], [2, 1]]


@pytest.mark.parametrize("n_tiers", [2, 3, 8])
def test_raw_scores_are_shifted_on_the_keep_rows_alone(n_tiers: int) -> None:
    scores = chain_scores(np.zeros(2 * n_chain_rows(n_tiers), dtype=np.float32), n_tiers)
    assert scores.shape == (2, n_chain_rows(n_tiers))
    assert (scores == chain_offsets(n_tiers)).all()
    assert scores[0].tolist() == [0.0] * n_tiers + [KEEP_LOG_ODDS] * (n_tiers - 1)
