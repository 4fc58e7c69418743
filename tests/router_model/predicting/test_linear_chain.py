"""The linear half of the predictor: known sums, rows that do not depend on each other, and its form on disk."""

import json

import numpy as np
import pytest

from tierwise.router_model.predicting.chain import KEEP_LOG_ODDS
from tierwise.router_model.predicting.linear_chain import MAX_DEVIATIONS, LinearChain, blended

CHAIN = LinearChain(
    centre=np.array([1.0, 0.0]),
    scale=np.array([2.0, 1.0]),
    weight=np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 0.0], [0.0, 0.0, -1.0]]),
)


def test_scores_are_weighted_sums_of_standardised_features() -> None:
    scores = CHAIN.scores(np.array([[3.0, 0.25]], dtype=np.float32))
    assert scores == pytest.approx(np.array([[1.5, 0.5, -1.0 + KEEP_LOG_ODDS]]))


def test_an_outlier_counts_no_more_than_the_clip() -> None:
    far, farther = (CHAIN.scores(np.array([[x, 0.0]], dtype=np.float32))[0, 0] for x in (1e3, 1e30))
    assert far == farther == pytest.approx(MAX_DEVIATIONS + 0.5)


def test_a_row_is_the_same_alone_and_in_a_batch() -> None:
    rng = np.random.default_rng(0)
    chain = LinearChain(rng.normal(size=90), rng.random(90) + 0.5, rng.normal(size=(5, 91)))
    vectors = rng.normal(size=(64, 90)).astype(np.float32)
    batch = chain.scores(vectors)
    assert all(np.array_equal(chain.scores(vectors[i : i + 1])[0], batch[i]) for i in range(64))


def test_the_form_on_disk_loses_nothing() -> None:
    restored = LinearChain.from_mapping(json.loads(json.dumps(CHAIN.to_mapping())))
    assert all(np.array_equal(getattr(restored, name), getattr(CHAIN, name)) for name in LinearChain.__slots__)


def test_the_predictor_takes_the_mean_of_both_halves() -> None:
    assert blended(np.array([[1.0]]), np.array([[-3.0]])).item() == -1.0
