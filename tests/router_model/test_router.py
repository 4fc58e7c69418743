"""The learned router: a step stands alone, outcomes do not exist for it, and options do what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import LoggedStep, Step
from tierwise.router_model.bundle import read_bundle
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router

LOSSES = (0.0, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
TEXTS = st.text(max_size=200)
STEPS = st.builds(
    Step,
    text=TEXTS,
    task_type=st.one_of(st.none(), TEXTS, st.sampled_from(["extract", "plan", "tool_call"])),
    input_complexity=st.one_of(st.none(), st.floats(allow_nan=False)),
    requires_judgment=st.one_of(st.none(), st.booleans()),
    input_tokens=st.one_of(st.none(), st.integers(0, 10**12)),
    previous_error=st.one_of(st.none(), TEXTS),
    agent=st.one_of(st.none(), TEXTS),
)


@pytest.fixture(scope="module")
def steps(held_out_steps: tuple[LoggedStep, ...]) -> list[Step]:
    return [logged.step for logged in held_out_steps[:200]]


def mean_cost_usd(router: Router, steps: list[Step], options: DecideOptions) -> float:
    return float(np.mean([one.expected_cost_usd[one.tier] for one in router.decide_many(steps, options)]))


def test_a_step_decided_alone_is_decided_as_in_a_batch(router: Router, steps: list[Step]) -> None:
    for options in (DecideOptions(), DecideOptions(max_quality_loss=0.2, catch_rate=0.9)):
        batch = router.decide_many(steps, options)
        assert [router.decide(step, options) for step in steps[:40]] == batch[:40]
        assert router.decide_many(steps[::-1], options) == batch[::-1]
    assert router.decide_many([]) == []


def test_golden_rows_come_out_the_same_to_the_last_digit(router: Router, bundle_folder) -> None:  # type: ignore[no-untyped-def]
    bundle = read_bundle(bundle_folder)
    assert len(bundle.golden) == 12
    router.check_golden(bundle)
    assert router.version == bundle.version


@given(STEPS)
def test_any_step_gets_a_sound_decision(router: Router, step: Step) -> None:
    decision = router.decide(step)
    assert not decision.is_fallback
    assert list(decision.p_success) == list(decision.expected_cost_usd) == list(router.catalogue.names)
    assert all(0 <= p <= 1 for p in decision.p_success.values())
    assert all(0 < usd < float("inf") for usd in decision.expected_cost_usd.values())


@pytest.mark.slow
def test_a_higher_tolerated_loss_never_raises_the_cost_on_held_out_steps(router: Router, steps: list[Step]) -> None:
    costs = [mean_cost_usd(router, steps, DecideOptions(max_quality_loss=loss)) for loss in LOSSES]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.5 * costs[0]


def test_a_higher_floor_never_lowers_a_tier_nor_a_lower_ceiling_raises_one(router: Router, steps: list[Step]) -> None:
    for option in ("min_tier", "max_tier"):
        decided = [
            [router.catalogue.index(one.tier) for one in router.decide_many(steps, DecideOptions(**{option: name}))]  # type: ignore[arg-type]
            for name in router.catalogue.names
        ]
        assert (np.diff(np.array(decided), axis=0) >= 0).all()


def test_a_cost_limit_is_kept_wherever_a_tier_can_keep_it(router: Router, steps: list[Step]) -> None:
    limit = 1e-4
    for decision in router.decide_many(steps, DecideOptions(max_cost_usd=limit)):
        cheapest = min(decision.expected_cost_usd.values())
        assert decision.expected_cost_usd[decision.tier] <= max(limit, cheapest)


def test_with_a_verifier_steps_start_as_cascades_and_costs_are_those_of_all_attempts(
    router: Router, steps: list[Step]
) -> None:
    """Catching everything, cheap starts lose nothing: none is kept at the top, for caution or for the promise."""
    caught = router.decide_many(steps, DecideOptions(catch_rate=1.0))
    assert {decision.reason.code for decision in caught} == {"escalate"}
    assert all(decision.tier != "frontier" for decision in caught)
    alone, verified = (router.decide_many(steps, DecideOptions(catch_rate=rate)) for rate in (0.0, 0.9))
    assert all(
        verified_one.expected_cost_usd[name] >= one.expected_cost_usd[name]
        for one, verified_one in zip(alone, verified, strict=True)
        for name in router.catalogue.names
    )


def test_guardrails_hold_for_the_copy_and_leave_the_router_as_it_was(router: Router, steps: list[Step]) -> None:
    before = router.decide_many(steps)
    guarded = router.guarded(Guardrails(min_tier="mid", human_visible_min_tier="frontier"))
    assert all(decision.tier != "small" for decision in guarded.decide_many(steps))
    shown = guarded.decide(replace(steps[0], human_visible=True))
    assert shown.tier == "frontier"
    assert router.decide_many(steps) == before
    with pytest.raises(CatalogueError, match="tier 'huge' is not in the catalogue"):
        router.guarded(Guardrails(min_tier="huge"))


def test_explaining_changes_nothing_but_the_explanation(router: Router, steps: list[Step]) -> None:
    plain = router.decide_many(steps[:10])
    explained = router.decide_many(steps[:10], DecideOptions(explain=True))
    assert all(one.explanation for one in explained)
    assert [replace(one, explanation=(), explanation_figures={}) for one in explained] == plain


def priced(router: Router, cached_input_usd_per_mtok: float | None) -> Router:
    """The router with the frontier tier at 10 dollars a million input tokens, 20 for output."""
    tiers = [
        {"name": name, "models": [{"name": name, "input_usd_per_mtok": 10.0, "output_usd_per_mtok": 20.0}]}
        for name in router.catalogue.names
    ]
    for tier in tiers:
        tier["models"][0]["cached_input_usd_per_mtok"] = cached_input_usd_per_mtok  # type: ignore[index]
    return Router(replace(router.parts, catalogue=TierCatalogue.from_mapping({"tiers": tiers})), "priced")


def test_a_warm_cache_makes_its_own_tier_cheaper_by_exactly_what_it_saves(router: Router, steps: list[Step]) -> None:
    cached = priced(router, 1.0)
    without = cached.decide(steps[0])
    found = cached.decide(steps[0], DecideOptions(current_tier="frontier", cached_tokens=2))
    saved = {name: without.expected_cost_usd[name] - found.expected_cost_usd[name] for name in without.p_success}
    assert saved == pytest.approx({"small": 0.0, "mid": 0.0, "frontier": 2 * 9.0 / 1e6})


@pytest.mark.slow
def test_a_cache_saves_no_more_than_the_cached_price_of_the_whole_step(router: Router, steps: list[Step]) -> None:
    """More tokens in the cache than the step will send: a tenth of the price is the least that it can cost."""
    cached = priced(router, 1.0)
    without = cached.decide(steps[0]).expected_cost_usd["frontier"]
    found = cached.decide(steps[0], DecideOptions(current_tier="frontier", cached_tokens=10**9))
    assert found.expected_cost_usd["frontier"] == pytest.approx(without / 10)


def test_without_a_cached_price_a_cache_saves_nothing(router: Router, steps: list[Step]) -> None:
    dear = priced(router, None)
    options = DecideOptions(current_tier="frontier", cached_tokens=100)
    assert dear.decide(steps[0], options) == dear.decide(steps[0])


def test_staying_can_only_become_more_attractive_with_a_warm_cache(router: Router, steps: list[Step]) -> None:
    cached = priced(router, 1.0)
    cold = cached.decide_many(steps, DecideOptions(max_quality_loss=0.2))
    warm = cached.decide_many(steps, DecideOptions(max_quality_loss=0.2, current_tier="frontier", cached_tokens=100))
    assert all(w.tier == "frontier" for c, w in zip(cold, warm, strict=True) if c.tier == "frontier")
