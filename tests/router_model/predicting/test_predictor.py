"""The predictor on real graphs: rows stand alone, probabilities and costs are sound."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import chain_rows, chain_scores
from tierwise.router_model.predicting.linear_chain import blended
from tierwise.router_model.predicting.predictor import Predictor, open_graph, run_graph, tier_rows
from tierwise.router_model.router import Router

N_STEPS = 60


@pytest.fixture(scope="module")
def vectors(router: Router, held_out_steps: tuple[LoggedStep, ...]) -> NDArray[np.float32]:
    return router.parts.pipeline().transform([logged.step for logged in held_out_steps[:N_STEPS]])


@pytest.fixture(scope="module")
def predictor(router: Router) -> Predictor:
    return router.parts.predictor()


def test_a_row_is_the_same_alone_in_a_batch_and_in_any_order(
    predictor: Predictor, vectors: NDArray[np.float32]
) -> None:
    batch, turned = predictor.predict(vectors), predictor.predict(vectors[::-1])
    for row in range(0, N_STEPS, 7):
        alone = predictor.predict(vectors[row : row + 1])
        for found, place in ((batch, row), (turned, N_STEPS - 1 - row)):
            assert np.array_equal(alone.probabilities.p_success[0], found.probabilities.p_success[place])
            assert np.array_equal(alone.cost_usd[0], found.cost_usd[place])


def test_probabilities_are_bounded_and_costs_positive(predictor: Predictor, vectors: NDArray[np.float32]) -> None:
    found = predictor.predict(vectors)
    assert found.probabilities.p_success.shape == found.cost_usd.shape == (N_STEPS, 3)
    assert ((found.probabilities.p_success >= 0) & (found.probabilities.p_success <= 1)).all()
    assert (found.cost_usd > 0).all()
    assert np.isfinite(found.cost_usd).all()


def test_dearer_tiers_are_expected_to_cost_more(predictor: Predictor, vectors: NDArray[np.float32]) -> None:
    mean_usd = predictor.predict(vectors).cost_usd.mean(axis=0)
    assert mean_usd[0] < mean_usd[1] < mean_usd[2]


def test_it_is_trees_and_linear_half_blended_then_calibrated(
    router: Router, predictor: Predictor, vectors: NDArray[np.float32]
) -> None:
    parts = router.parts
    trees = chain_scores(run_graph(open_graph(parts.router_graph), chain_rows(vectors, 3)), 3)
    expected = parts.calibration.probabilities(blended(trees, parts.linear.scores(vectors)))
    assert np.array_equal(predictor.predict(vectors).probabilities.p_success, expected.p_success)


def test_tier_rows_repeat_the_vector_with_each_tier() -> None:
    rows = tier_rows(np.array([[7.0, 8.0], [9.0, 1.0]], dtype=np.float32), 2)
    assert rows.tolist() == [[7, 8, 0], [7, 8, 1], [9, 1, 0], [9, 1, 1]]
