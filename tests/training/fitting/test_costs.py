"""Costs: what was logged stands, list prices fill what they may, and nothing unknown becomes 0."""

from collections.abc import Sequence

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.labels import outcome_table
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.fitting.costs import (
    MIN_COST_USD,
    MIN_LOGGED_COSTS,
    complete_costs,
    fit_cost_model,
    log_cost_centre,
)

USUAL = np.log([0.03, 0.3])


def completed(steps: Sequence[LoggedStep], catalogue: TierCatalogue) -> Floats:
    return complete_costs(steps, outcome_table(steps, catalogue.names), catalogue)


def step(attempts: Sequence[Attempt], text: str = "x" * 400, input_tokens: int | None = None) -> LoggedStep:
    return LoggedStep("s", Step(text=text, input_tokens=input_tokens), tuple(attempts))


def small(cost_usd: float | None = None, **values: int) -> Attempt:
    return Attempt("small", success=True, cost_usd=cost_usd, **values)  # type: ignore[arg-type]


def test_list_prices_times_tokens_fill_tiers_that_were_not_logged(catalogue: TierCatalogue) -> None:
    """1,000 tokens in and 500 out at 1 and 2 dollars a million: .002; mid and frontier 4 and 16 times as much."""
    found = completed([step([small(output_tokens=500)], input_tokens=1000)], catalogue)
    assert found[0] == pytest.approx([0.002, 0.008, 0.032])


@pytest.mark.parametrize(
    ("logged", "tokens_in"),
    [
        (step([small(output_tokens=500)], input_tokens=1000), 1000),
        (step([small(output_tokens=500, input_tokens=700)]), 700),
        (step([small(output_tokens=500)]), 100),
    ],
    ids=["of the step", "of its attempt", "a quarter of its characters"],
)
def test_input_tokens_come_from_the_best_source(logged: LoggedStep, tokens_in: int, catalogue: TierCatalogue) -> None:
    assert completed([logged], catalogue)[0, 0] == pytest.approx((tokens_in + 2 * 500) / 1e6)


def test_what_was_logged_is_never_replaced(catalogue: TierCatalogue) -> None:
    found = completed([step([small(0.5)]), step([small()])], catalogue)
    assert found[0, 0] == 0.5
    assert found[1, 0] == pytest.approx((100 + 2 * 150) / 1e6)


def test_a_tier_with_enough_logged_costs_keeps_its_gaps(catalogue: TierCatalogue) -> None:
    steps = [step([small(0.5)])] * MIN_LOGGED_COSTS + [step([small()])]
    found = completed(steps, catalogue)
    assert np.isnan(found[-1, 0])
    assert not np.isnan(found[:, 1:]).any()


def test_a_few_logged_costs_do_without_a_price_and_none_do_not() -> None:
    unpriced = TierCatalogue.from_mapping({"tiers": [{"name": "small"}, {"name": "frontier"}]})
    both = [small(0.5), Attempt("frontier", success=True, cost_usd=2.0)]
    found = completed([step(both), *[step([small(0.5)])] * 40], unpriced)
    assert found[0].tolist() == [0.5, 2.0]
    assert np.isnan(found[1:, 1]).all()
    with pytest.raises(CatalogueError, match="tier 'frontier' has neither logged costs nor a price; add a priced"):
        completed([step([small(0.5)])] * 40, unpriced)


def test_the_model_learns_what_makes_a_step_dear_and_what_a_tier_costs() -> None:
    """Costs double where the first column is 1, and the second tier costs ten times the first."""
    rng = np.random.default_rng(0)
    vectors = np.stack([rng.integers(0, 2, 400), rng.normal(size=400)], axis=1).astype(np.float32)
    cost_usd = np.array([0.001, 0.01]) * np.where(vectors[:, :1] == 1, 2.0, 1.0)
    cost_usd[rng.random(cost_usd.shape) < 0.4] = np.nan
    model = fit_cost_model(vectors, cost_usd, 0, 1, np.ones(400), USUAL)
    probe = np.array([[0, 0], [1, 0]], dtype=np.float32)
    assert np.exp(model.log_cost(probe)) == pytest.approx(np.array([[0.001, 0.01], [0.002, 0.02]]), rel=0.05)


def test_a_cost_of_nothing_is_the_least_cost() -> None:
    model = fit_cost_model(np.zeros((80, 1), dtype=np.float32), np.zeros((80, 2)), 0, 1, np.ones(80), USUAL)
    assert np.exp(model.log_cost(np.zeros((1, 1), dtype=np.float32))) == pytest.approx(MIN_COST_USD)


def test_a_few_costs_are_their_tiers_mean_and_a_tier_without_any_gets_the_usual_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    cost_usd = np.full((10, 2), np.nan)
    cost_usd[:2, 0] = [0.001, 0.004]
    model = fit_cost_model(vectors, cost_usd, 0, 1, np.ones(10), USUAL)
    assert np.exp(model.log_cost(vectors)) == pytest.approx(np.tile([0.002, 0.3], (10, 1)))


def test_the_centre_of_known_costs_is_their_geometric_mean() -> None:
    found = log_cost_centre(np.array([[0.001, np.nan], [0.004, np.nan]]))
    assert np.exp(found[0]) == pytest.approx(0.002)
    assert np.isnan(found[1])
