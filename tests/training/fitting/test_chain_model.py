"""Both halves of the predictor are fitted to the same chain and blended stage by stage."""

import numpy as np
import pytest

from tierwise.router_model.predicting.linear_chain import blended
from tierwise.training.fitting.chain_model import ChainModel, fit_chain_model
from tierwise.training.fitting.tier_classifier import BoosterParams

PARAMS = BoosterParams(n_rounds=12, learning_rate=0.2, num_leaves=7, min_child_samples=5)
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(150, 3)).astype(np.float32)
SUCCESS = (VECTORS[:, :1] + np.array([-0.5, 0.0, 0.5]) > RNG.normal(size=(150, 1))).astype(np.float64)


@pytest.fixture(scope="module")
def model() -> ChainModel:
    return fit_chain_model(VECTORS, SUCCESS, np.ones(150), PARAMS, 0)


def test_a_stage_is_the_blend_of_so_many_rounds_with_the_linear_half(model: ChainModel) -> None:
    staged = model.staged_scores(VECTORS, [3, 12])
    assert staged.shape == (2, 150, 5)
    for stage, scores in zip((3, 12), staged, strict=True):
        expected = blended(model.trees.decision_function(VECTORS, stage), model.linear.scores(VECTORS))
        assert np.array_equal(scores, expected)


def test_the_last_stage_is_all_of_the_trees(model: ChainModel) -> None:
    assert np.array_equal(model.trees.decision_function(VECTORS, 12), model.trees.decision_function(VECTORS))


def test_outcomes_of_no_weight_do_not_count(model: ChainModel) -> None:
    """Turned outcomes with hardly any weight leave the linear half where it was without them."""
    doubled = np.vstack([VECTORS, VECTORS])
    outcomes = np.vstack([SUCCESS, 1 - SUCCESS])
    weight = np.repeat([1.0, 1e-9], 150)
    found = fit_chain_model(doubled, outcomes, weight, PARAMS, 0)
    assert found.linear.scores(VECTORS) == pytest.approx(model.linear.scores(VECTORS), abs=0.02)
