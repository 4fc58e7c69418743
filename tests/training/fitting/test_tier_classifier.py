"""The tier classifier on a world with a known truth, read through different logs."""

import numpy as np
import pytest

from tierwise.training.fitting.tier_classifier import BoosterParams, TierClassifier

PARAMS = BoosterParams(n_rounds=60, learning_rate=0.1, num_leaves=7, n_threads=1)


def world(n_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, true P(success) and outcomes; a dearer tier succeeds more often, all less often on harder steps."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_steps, 4)).astype(np.float32)
    p_success = 1 / (1 + np.exp(1.5 * vectors[:, :1] - np.array([-1.0, 0.5, 2.0])))
    draw = rng.random((n_steps, 1)) * 0.7 + rng.random((n_steps, 3)) * 0.3
    return vectors, p_success, (draw < p_success).astype(np.float64)


def one_attempt(success: np.ndarray) -> np.ndarray:
    tried = np.random.default_rng(1).integers(0, 3, len(success))
    return np.where(np.arange(3) == tried[:, None], success, np.nan)


def escalation(success: np.ndarray) -> np.ndarray:
    has_succeeded = np.maximum.accumulate(success, axis=1)
    is_tried = np.hstack([np.ones((len(success), 1), bool), has_succeeded[:, :-1] == 0])
    return np.where(is_tried, success, np.nan)


def log_loss(p_success: np.ndarray, success: np.ndarray) -> float:
    p = np.clip(p_success, 1e-6, 1 - 1e-6)
    return float(-np.mean(success * np.log(p) + (1 - success) * np.log(1 - p)))


@pytest.mark.parametrize("see", [lambda y: y, one_attempt, escalation], ids=["full", "one attempt", "escalation"])
def test_every_kind_of_log_recovers_the_order_of_difficulty(see: object) -> None:
    vectors, _, success = world(1500, seed=0)
    test_vectors, p_true, _ = world(400, seed=9)
    found = TierClassifier(PARAMS).fit(vectors, see(success)).predict_proba(test_vectors)  # type: ignore[operator]
    for tier in range(3):
        assert np.corrcoef(found[:, tier], p_true[:, tier])[0, 1] > 0.85


@pytest.mark.slow
def test_an_escalation_log_does_not_get_worse_as_it_grows() -> None:
    test_vectors, _, test_success = world(2000, seed=9)
    losses = []
    for n_steps in (250, 1000, 4000):
        vectors, _, success = world(n_steps, seed=0)
        classifier = TierClassifier(PARAMS).fit(vectors, escalation(success))
        losses.append(log_loss(classifier.predict_proba(test_vectors), test_success))
    assert losses[1] <= losses[0] + 0.01
    assert losses[2] <= losses[1] + 0.01


def test_the_same_seed_gives_the_same_predictions() -> None:
    vectors, _, success = world(300, seed=0)
    first, second = (TierClassifier(PARAMS, seed=3).fit(vectors, success).predict_proba(vectors) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_stages_are_what_stopping_early_gives() -> None:
    vectors, _, success = world(400, seed=3)
    trees = TierClassifier(PARAMS).fit(vectors, success)
    many, _, _ = world(2_300, seed=4)
    for stage, found in zip((1, 20, 60), trees.staged_decision_function(many, (1, 20, 60)), strict=True):
        assert np.array_equal(found, trees.decision_function(many, stage))
