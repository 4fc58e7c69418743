"""Escalation: hand-built numbers, a brute-force simulation, and what a better verifier may and may not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tierwise.router_model.choosing.escalation import expect_escalations
from tierwise.router_model.predicting.chain import TierProbabilities, tier_probabilities

COST_USD = np.array([[1.0, 4.0, 16.0]])
N_SIMULATED = 200_000


def chain(*p: float) -> TierProbabilities:
    """From hazards and keeps of three tiers, strictly between 0 and 1."""
    return tier_probabilities(np.log(np.array([p]) / (1 - np.array([p]))))


WORLD = chain(0.5, 0.4, 0.75, 0.8, 0.9)


def test_without_a_verifier_a_start_is_one_attempt() -> None:
    found = expect_escalations(WORLD, COST_USD, 0.0)
    assert np.allclose(found.p_success, WORLD.p_success)
    assert np.array_equal(found.cost_usd, COST_USD)


def test_a_verifier_that_catches_everything_reaches_what_is_enough() -> None:
    """From the cheapest tier: 1 + .5 * 4 + .3 * 16 dollars, and .925 of the steps end well."""
    found = expect_escalations(WORLD, COST_USD, 1.0)
    assert found.cost_usd[0, 0] == pytest.approx(1 + 0.5 * 4 + 0.3 * 16)
    assert found.p_success[0, 0] == pytest.approx(WORLD.p_enough[0, -1])


def test_the_top_tier_has_nowhere_to_go() -> None:
    for catch_rate in (0.0, 0.3, 1.0):
        found = expect_escalations(WORLD, COST_USD, catch_rate)
        assert found.p_success[0, -1] == pytest.approx(WORLD.p_success[0, -1])
        assert found.cost_usd[0, -1] == 16.0


@given(
    st.lists(st.floats(0.01, 0.99), min_size=5, max_size=5),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_better_verifier_never_lowers_success_or_cost(p: list[float], one: float, other: float) -> None:
    worse, better = (expect_escalations(chain(*p), COST_USD, rate) for rate in sorted((one, other)))
    assert (better.p_success >= worse.p_success - 1e-12).all()
    assert (better.cost_usd >= worse.cost_usd - 1e-12).all()
    assert (better.p_success <= 1 + 1e-12).all()
    assert (better.cost_usd[0] <= np.cumsum(COST_USD[0, ::-1])[::-1] + 1e-9).all()


@pytest.mark.parametrize("start", [0, 1, 2])
def test_it_is_what_a_simulation_of_the_chain_finds(start: int) -> None:
    catch_rate = 0.7
    rng = np.random.default_rng(start)
    success = simulated_outcomes(WORLD, rng)
    ended_well, cost_usd = np.zeros(N_SIMULATED, dtype=np.bool_), np.zeros(N_SIMULATED)
    is_running = np.ones(N_SIMULATED, dtype=np.bool_)
    for tier in range(start, 3):
        cost_usd += is_running * COST_USD[0, tier]
        ended_well |= is_running & success[:, tier]
        is_running &= ~success[:, tier] & (rng.random(N_SIMULATED) < catch_rate)
    found = expect_escalations(WORLD, COST_USD, catch_rate)
    assert found.p_success[0, start] == pytest.approx(ended_well.mean(), abs=0.005)
    assert found.cost_usd[0, start] == pytest.approx(cost_usd.mean(), rel=0.01)


def simulated_outcomes(world: TierProbabilities, rng: np.random.Generator) -> NDArray[np.bool_]:
    """bool [n, 3]: a tier succeeds by its keep probability where a cheaper one does, by its hazard elsewhere."""
    success = np.zeros((N_SIMULATED, 3), dtype=np.bool_)
    for tier in range(3):
        has_succeeded = success[:, :tier].any(axis=1)
        p = np.where(has_succeeded, world.keep[0, tier], world.hazard[0, tier])
        success[:, tier] = rng.random(N_SIMULATED) < p
    return success
