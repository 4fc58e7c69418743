"""Prompt caches: the router stays on the session's tier where a switch does not pay, and leaves where it does."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Step
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import train_router

STEPS = [logged.step for logged in World(seed=9).draw(40, "full").logged_steps()]


@pytest.fixture(scope="module")
def router() -> Router:
    """Caching makes a prompt ten times cheaper; the policy weighs cost and knows every step."""
    tiers = [
        {
            "name": name,
            "models": [
                {
                    "name": name,
                    "input_usd_per_mtok": usd,
                    "cached_input_usd_per_mtok": usd / 10,
                    "output_usd_per_mtok": usd,
                }
            ],
        }
        for name, usd in {"small": 1.0, "mid": 4.0, "frontier": 16.0}.items()
    ]
    steps = World(seed=9).draw(200, "full").logged_steps()
    config = TrainConfig(n_folds=2, n_repeats=1, n_components=0, booster=BoosterParams(n_rounds=10))
    trained = train_router(steps, TierCatalogue.from_mapping({"tiers": tiers}), config)
    point = OperatingPoint(0.03, cost_weight=0.2, loss=0.0, loss_upper=0.0, saving=0.0)
    policy: Policy = replace(trained.parts.policy, points=(point,))
    return Router(replace(trained.parts, policy=policy), "test")


def tiers(router: Router, options: DecideOptions) -> list[int]:
    return [router.catalogue.index(router.decide(step, options).tier) for step in STEPS]


@pytest.mark.slow
def test_the_saved_tokens_are_taken_off_the_current_tier_alone(router: Router) -> None:
    plain = router.decide(STEPS[0]).expected_cost_usd
    session = router.decide(STEPS[0], DecideOptions(current_tier="mid", cached_tokens=10)).expected_cost_usd
    assert session["mid"] == pytest.approx(plain["mid"] - 10 * (4.0 - 0.4) / 1e6)
    assert (session["small"], session["frontier"]) == (plain["small"], plain["frontier"])


@pytest.mark.parametrize("current", [0, 1, 2])
def test_more_cached_tokens_never_make_the_router_leave(router: Router, current: int) -> None:
    name = router.catalogue.names[current]
    stays = [
        [tier == current for tier in tiers(router, DecideOptions(current_tier=name, cached_tokens=n))]
        for n in (0, 100, 1000, 100_000)
    ]
    for fewer, more in pairwise(stays):
        assert all(not stayed or stays_on for stayed, stays_on in zip(fewer, more, strict=True))
    assert sum(stays[-1]) >= sum(stays[0])


def test_a_step_never_costs_less_than_its_whole_prompt_at_the_cached_price(router: Router) -> None:
    plain = router.decide(STEPS[0]).expected_cost_usd
    cached = router.decide(STEPS[0], DecideOptions(current_tier="mid", cached_tokens=10**6)).expected_cost_usd
    assert cached["mid"] == pytest.approx(plain["mid"] / 10)


def test_without_cached_tokens_the_current_tier_binds_nobody(router: Router) -> None:
    assert tiers(router, DecideOptions(current_tier="frontier")) == tiers(router, DecideOptions())


def test_limits_win_over_the_cache(router: Router) -> None:
    options = DecideOptions(current_tier="frontier", cached_tokens=100_000, max_tier="mid")
    assert max(tiers(router, options)) <= 1


def test_a_step_without_a_session_is_as_it_was(router: Router) -> None:
    assert router.decide(Step("x"), DecideOptions()).tier == router.decide(Step("x")).tier
