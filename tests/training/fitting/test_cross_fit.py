"""Cross-fitting: no step is predicted by a model that saw it, and copies help without leaking."""

from collections.abc import Iterator

import numpy as np
import pytest

from tierwise.training.engines.local import LocalEngine
from tierwise.training.fitting.cross_fit import CrossFit, TrainingRows, cross_fit, with_rounds
from tierwise.training.fitting.tier_classifier import BoosterParams

PARAMS = BoosterParams(n_rounds=16, learning_rate=0.2, num_leaves=7, min_child_samples=5)
N_STEPS, N_TIERS, N_FOLDS, N_REPEATS = 120, 2, 3, 2


def rows(seed: int = 0) -> TrainingRows:
    """Steps whose outcome follows the first column, and a copy of each with a little noise."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(N_STEPS, 3)).astype(np.float32)
    copies = vectors + rng.normal(scale=0.01, size=vectors.shape).astype(np.float32)
    success = (vectors[:, :1] + np.array([0.0, 1.0]) > rng.normal(scale=0.5, size=(N_STEPS, 1))).astype(np.float64)
    cost_usd = np.exp(rng.normal(scale=0.1, size=(N_STEPS, N_TIERS))) * [0.001, 0.01]
    folds = np.stack([np.arange(N_STEPS) % N_FOLDS, np.arange(N_STEPS) // (N_STEPS // N_FOLDS)])
    return TrainingRows(
        np.vstack([vectors, copies]), np.tile(np.arange(N_STEPS), 2), success, cost_usd, folds, np.ones(N_STEPS)
    )


def fitted(training: TrainingRows, n_processes: int = 1) -> CrossFit:
    engine = LocalEngine(n_processes, worth_seconds=0)
    found = cross_fit(training, PARAMS, 0, lambda: None, engine)
    engine.close()
    return found


@pytest.fixture(scope="module")
def found() -> CrossFit:
    return fitted(rows())


@pytest.mark.slow
def test_every_step_gets_a_prediction_that_tells_easy_from_hard(found: CrossFit) -> None:
    assert found.scores.shape == (N_REPEATS, N_STEPS, 3)
    assert found.log_cost.shape == (N_REPEATS, N_STEPS, N_TIERS)
    assert np.isfinite(found.scores).all()
    for scores in found.scores:
        assert np.corrcoef(scores[:, 0], rows().vectors[:N_STEPS, 0])[0, 1] > 0.7
    assert np.exp(found.log_cost).mean(axis=(0, 1)) == pytest.approx([0.001, 0.01], rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(N_REPEATS))
def test_a_step_is_predicted_without_its_own_outcome(repeat: int, found: CrossFit) -> None:
    """Turning all outcomes and costs of one fold moves predictions of the other folds, and none of its own."""
    training = rows()
    is_turned = training.folds[repeat] == 1
    training.success[is_turned] = 1 - training.success[is_turned]
    training.cost_usd[is_turned] *= 100
    turned = cross_fit(training, with_rounds(PARAMS, 16), 0, lambda: None)
    assert np.array_equal(turned.log_cost[repeat, is_turned], found.log_cost[repeat, is_turned])
    assert not np.array_equal(turned.log_cost[repeat, ~is_turned], found.log_cost[repeat, ~is_turned])
    if turned.n_rounds == found.n_rounds:
        assert np.array_equal(turned.scores[repeat, is_turned], found.scores[repeat, is_turned])


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [1, 2])
def test_it_is_reproducible_although_folds_run_side_by_side(n_processes: int, found: CrossFit) -> None:
    again = fitted(rows(), n_processes)
    assert np.array_equal(again.scores, found.scores)
    assert np.array_equal(again.log_cost, found.log_cost)
    assert again.n_rounds == found.n_rounds


@pytest.mark.slow
def test_progress_is_told_once_a_fold_and_repeat() -> None:
    told: Iterator[int] = iter(range(N_FOLDS * N_REPEATS))
    cross_fit(rows(), PARAMS, 0, lambda: next(told) and None)
    assert list(told) == []


def test_rounds_are_one_of_a_few_stages_and_rounds_alone_are_replaced(found: CrossFit) -> None:
    assert found.n_rounds in {2, 4, 6, 8, 10, 12, 14, 16}
    assert with_rounds(PARAMS, 5) == BoosterParams(n_rounds=5, learning_rate=0.2, num_leaves=7, min_child_samples=5)
