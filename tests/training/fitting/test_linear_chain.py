"""The linear half learns from whichever outcomes are known, and knows a linear truth when it sees one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.router_model.predicting.linear_chain import LinearChain
from tierwise.training.fitting.linear_chain import fit_linear_chain

N_STEPS, N_TIERS = 4000, 3
Outcomes = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def world() -> Outcomes:
    """Vectors, outcomes and true success probabilities of a world whose chain is linear."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(N_STEPS, 6)).astype(np.float32)
    ease = vectors[:, 0] - vectors[:, 1]
    hazard = np.stack([ease - 1, 0.7 * ease, 0.5 * ease + 1], axis=1)
    truth = tier_probabilities(np.hstack([hazard, hazard[:, 1:] + 2]))
    success = np.empty((N_STEPS, N_TIERS))
    reached = np.zeros(N_STEPS, dtype=np.bool_)
    for tier in range(N_TIERS):
        p = np.where(reached, truth.keep[:, tier], truth.hazard[:, tier])
        success[:, tier] = rng.random(N_STEPS) < p
        reached |= success[:, tier] == 1
    return vectors, success, truth.p_success


def fitted(vectors: NDArray[np.float32], success: NDArray[np.float64]) -> LinearChain:
    return fit_linear_chain(vectors, success, np.ones(len(success)))


def mean_error(chain: LinearChain, world: Outcomes) -> float:
    vectors, _, p_success = world
    return float(np.abs(tier_probabilities(chain.scores(vectors)).p_success - p_success).mean())


def test_full_information_recovers_a_linear_truth(world: Outcomes) -> None:
    vectors, success, _ = world
    assert mean_error(fitted(vectors, success), world) < 0.02


def test_one_random_attempt_a_step_recovers_it_too(world: Outcomes) -> None:
    vectors, success, _ = world
    tried = np.random.default_rng(3).integers(N_TIERS, size=N_STEPS)
    partial = np.where(np.arange(N_TIERS) == tried[:, None], success, np.nan)
    assert mean_error(fitted(vectors, partial), world) < 0.04


def test_an_escalation_log_does_not_teach_that_dear_tiers_are_bad(world: Outcomes) -> None:
    vectors, success, _ = world
    partial = success.copy()
    partial[success[:, 0] == 1, 1:] = np.nan
    partial[(success[:, 0] == 0) & (success[:, 1] == 1), 2] = np.nan
    assert mean_error(fitted(vectors, partial), world) < 0.04


def test_the_gradient_leads_to_the_optimum_of_every_row(world: Outcomes) -> None:
    """At the optimum a shared shift of the log-odds changes nothing: predicted and seen successes are as many."""
    vectors, success, _ = world
    p_success = tier_probabilities(fitted(vectors, success).scores(vectors)).p_success
    assert p_success.mean(axis=0) == pytest.approx(success.mean(axis=0), abs=0.01)


@pytest.mark.slow
def test_weights_count_like_copies(world: Outcomes) -> None:
    vectors, success, _ = world
    weight = np.where(np.arange(N_STEPS) < 500, 2.0, 1.0)
    copied = np.concatenate([np.arange(N_STEPS), np.arange(500)])
    weighted = fit_linear_chain(vectors, success, weight)
    doubled = fit_linear_chain(vectors[copied], success[copied], np.ones(len(copied)))
    assert weighted.scores(vectors) == pytest.approx(doubled.scores(vectors), abs=0.05)


def test_the_fit_is_reproducible(world: Outcomes) -> None:
    vectors, success, _ = world
    assert np.array_equal(fitted(vectors, success).weight, fitted(vectors, success).weight)
