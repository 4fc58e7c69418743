"""Exploration stays within the limits, and the propensity is the probability that it says it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.exploration import Pick, explored, neighbours, propensity
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.rules import RulesRouter

COSTS = {"small": 0.001, "mid": 0.004, "frontier": 0.016}


def decision(tier: str, is_fallback: bool = False, cost_usd: dict[str, float] = COSTS) -> Decision:
    reason = Reason("learned", "")
    return Decision(tier, "learned", "v1", reason, expected_cost_usd=cost_usd, is_fallback=is_fallback)


@pytest.fixture
def router(catalogue: TierCatalogue) -> RulesRouter:
    return RulesRouter(catalogue, Guardrails(human_visible_min_tier="mid"))


@pytest.mark.parametrize(
    ("tier", "step", "options", "expected"),
    [
        ("small", Step("a"), NO_OPTIONS, ("mid",)),
        ("mid", Step("a"), NO_OPTIONS, ("small", "frontier")),
        ("frontier", Step("a"), NO_OPTIONS, ("mid",)),
        ("mid", Step("a", human_visible=True), NO_OPTIONS, ("frontier",)),
        ("mid", Step("a"), DecideOptions(max_tier="mid"), ("small",)),
        ("mid", Step("a"), DecideOptions(min_tier="mid", max_tier="mid"), ()),
        ("mid", Step("a"), DecideOptions(max_cost_usd=0.005), ("small",)),
        ("mid", Step("a", retry=1), NO_OPTIONS, ()),
    ],
)
def test_only_open_neighbours_may_be_tried(
    router: RulesRouter, tier: str, step: Step, options: DecideOptions, expected: tuple[str, ...]
) -> None:
    assert neighbours(decision(tier), step, options, router) == expected


def test_nothing_is_tried_where_trouble_decided_or_a_cost_limit_meets_unknown_costs(router: RulesRouter) -> None:
    assert neighbours(decision("mid", is_fallback=True), Step("a"), NO_OPTIONS, router) == ()
    assert neighbours(decision("mid", cost_usd={}), Step("a"), DecideOptions(max_cost_usd=1.0), router) == ()


def test_an_explored_decision_names_the_tried_tier_its_model_and_why(router: RulesRouter) -> None:
    tried = explored(decision("small"), "mid", router)
    assert (tried.tier, tried.model, tried.reason.code) == ("mid", "mid-1", "explored")
    assert "'mid' is tried instead of 'small'" in tried.reason.text


PICKS = st.lists(
    st.tuples(st.sampled_from(["small", "mid", "frontier"]), st.integers(0, 2), st.floats(0.01, 1)), min_size=1
).map(
    lambda rows: [
        Pick(tier, tuple(n for n in ("small", "mid", "frontier") if n != tier)[:n], share / sum(r[2] for r in rows))
        for tier, n, share in rows
    ]
)


@given(PICKS, st.floats(0, 0.2))
def test_the_propensities_of_all_tiers_add_up_to_one(picks: list[Pick], exploration: float) -> None:
    total = sum(propensity(tier, picks, exploration) for tier in ("small", "mid", "frontier"))
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("pick", [Pick("mid", ("small", "frontier")), Pick("small", ("mid",)), Pick("small", ())])
def test_tiers_are_drawn_as_often_as_their_probability_says(pick: Pick) -> None:
    exploration, n = 0.15, 30_000
    drawn = [pick.drawn(exploration, (i + 0.5) / n) for i in range(n)]
    for tier in ("small", "mid", "frontier"):
        assert drawn.count(tier) / n == pytest.approx(pick.p_tier(tier, exploration), abs=2 / n)


def test_arms_that_agree_leave_nothing_to_chance() -> None:
    assert propensity("mid", [Pick("mid", (), 0.3), Pick("mid", (), 0.7)], 0.0) == 1.0
    assert propensity("mid", [Pick("mid", (), 0.3), Pick("small", (), 0.7)], 0.0) == pytest.approx(0.3)
