"""The chain likelihood against brute force over all outcomes."""

from itertools import product

import numpy as np
import pytest

from tierwise.router_model.predicting.chain import TierProbabilities, n_chain_rows, tier_probabilities
from tierwise.training.fitting.chain_likelihood import chain_posterior, expected_success


def random_scores(n_tiers: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1, n_chain_rows(n_tiers)))


def probability_of(outcome: tuple[int, ...], chain: TierProbabilities) -> float:
    p, has_succeeded = 1.0, False
    for tier, success in enumerate(outcome):
        q = chain.keep[0, tier] if has_succeeded else chain.hazard[0, tier]
        p *= q if success else 1 - q
        has_succeeded = has_succeeded or bool(success)
    return float(p)


@pytest.mark.parametrize("n_tiers", [2, 3, 4])
def test_marginals_equal_the_sum_over_all_outcomes(n_tiers: int) -> None:
    chain = tier_probabilities(random_scores(n_tiers))
    for tier in range(n_tiers):
        expected = sum(probability_of(o, chain) for o in product((0, 1), repeat=n_tiers) if o[tier])
        assert chain.p_success[0, tier] == pytest.approx(expected)


@pytest.mark.parametrize("n_tiers", [2, 3, 4])
def test_likelihood_and_expectation_equal_brute_force_for_every_pattern_of_gaps(n_tiers: int) -> None:
    chain = tier_probabilities(random_scores(n_tiers, seed=1))
    for seen in product((0.0, 1.0, np.nan), repeat=n_tiers):
        agreeing = [
            o
            for o in product((0, 1), repeat=n_tiers)
            if all(np.isnan(s) or s == y for s, y in zip(seen, o, strict=True))
        ]
        weights = np.array([probability_of(o, chain) for o in agreeing])
        success = np.array([seen])
        assert np.exp(chain_posterior(chain, success).log_likelihood[0]) == pytest.approx(weights.sum())
        expected = (weights[:, None] * np.array(agreeing)).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(expected_success(chain, success)[0], expected, atol=1e-9)


def test_gradient_equals_finite_differences() -> None:
    scores, success = random_scores(3, seed=2), np.array([[np.nan, 1.0, np.nan]])
    posterior = chain_posterior(tier_probabilities(scores), success)
    gradient = posterior.at_risk / (1 + np.exp(-scores)) - posterior.succeeded
    for row in range(scores.shape[1]):
        step = np.zeros_like(scores)
        step[0, row] = 1e-5
        up, down = (chain_posterior(tier_probabilities(scores + s * step), success).log_likelihood[0] for s in (1, -1))
        assert gradient[0, row] == pytest.approx(-(up - down) / 2e-5, abs=1e-6)
