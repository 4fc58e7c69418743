"""The policy: exact choices in a small world, and its laws over random outlooks, limits and operating points."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.records import Step
from tierwise.router_model.choosing.escalation import Outlook
from tierwise.router_model.choosing.guardrails import Guardrails, TierRange
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy, choose_all
from tierwise.router_model.options import NO_OPTIONS, DecideOptions

POLICY = Policy(
    points=(
        OperatingPoint(0.0, None, 0.0, 0.0, 0.0),
        OperatingPoint(0.03, 0.1, 0.01, 0.02, 0.5),
        OperatingPoint(0.2, 1.0, 0.1, 0.15, 0.9),
        OperatingPoint(1.0, 1e6, 0.5, 0.6, 0.99),
    ),
    cost_scale_usd=16.0,
    confidence=0.9,
    n_steps=100,
)
ANY_TIER = TierRange(0, 2)
STEP_OF_NO_PART = Step(text="x")
STEP = Outlook([0.80, 0.90, 0.95], [1.0, 4.0, 16.0])
"""At weight .1 a dollar counts .1 / 16: .794, .875 and .85. At weight 1: .74, .65 and -.05."""

OUTLOOKS = st.builds(
    lambda p, cost, unfamiliar: Outlook(p, sorted(cost), unfamiliar),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(1e-6, 100), min_size=3, max_size=3),
    st.booleans(),
)
LOSSES = st.one_of(st.none(), st.floats(0, 1))


def chosen(outlook: Outlook, allowed: TierRange = ANY_TIER, options: DecideOptions = NO_OPTIONS) -> int:
    return POLICY.choose(STEP_OF_NO_PART, outlook, allowed, options).tier


@pytest.mark.parametrize(
    ("max_quality_loss", "tier", "code"),
    [
        (0.0, 2, "unsupported"),
        (0.02, 2, "unsupported"),
        (0.03, 1, "learned"),
        (None, 1, "learned"),
        (0.19, 1, "learned"),
        (0.2, 0, "learned"),
        (1.0, 0, "learned"),
    ],
)
def test_each_tolerated_loss_uses_the_point_that_was_certified_for_it(
    max_quality_loss: float | None, tier: int, code: str
) -> None:
    choice = POLICY.choose(STEP_OF_NO_PART, STEP, ANY_TIER, DecideOptions(max_quality_loss=max_quality_loss))
    assert (choice.tier, choice.reason.code) == (tier, code)


@pytest.mark.parametrize(
    ("outlook", "allowed", "options", "tier", "code"),
    [
        (replace(STEP, is_unfamiliar=True), ANY_TIER, {}, 2, "unfamiliar"),
        (replace(STEP, is_unfamiliar=True), TierRange(0, 1), {}, 1, "unfamiliar"),
        (replace(STEP, is_unfamiliar=True), ANY_TIER, {"max_cost_usd": 5.0}, 1, "unfamiliar"),
        (STEP, ANY_TIER, {"max_cost_usd": 0.5}, 0, "max_cost"),
        (STEP, TierRange(1, 2, "min_tier"), {"max_cost_usd": 0.5}, 1, "max_cost"),
        (STEP, TierRange(1, 2, "min_tier"), {"max_quality_loss": 1.0}, 1, "raised"),
        (STEP, ANY_TIER, {"catch_rate": 1.0}, 0, "escalate"),
        (STEP, TierRange(0, 1), {"catch_rate": 1.0}, 1, "learned_top"),
        (Outlook([0.1, 0.2, 0.99], [1.0, 4.0, 16.0]), ANY_TIER, {}, 2, "learned_top"),
    ],
)
def test_caution_and_limits_come_in_a_known_order(
    outlook: Outlook, allowed: TierRange, options: dict[str, float], tier: int, code: str
) -> None:
    choice = POLICY.choose(STEP_OF_NO_PART, outlook, allowed, DecideOptions(**options))  # type: ignore[arg-type]
    assert (choice.tier, choice.reason.code) == (tier, code)


def test_ties_go_to_the_cheaper_tier() -> None:
    assert chosen(Outlook([0.9, 0.9, 0.9], [1.0, 1.0, 1.0])) == 0
    assert choose_all(np.full((1, 3), 0.9), np.ones((1, 3)), 1.0).tolist() == [0]


def test_every_choice_says_why() -> None:
    reason = POLICY.choose(STEP_OF_NO_PART, STEP, ANY_TIER, NO_OPTIONS).reason
    assert reason.text == "90% expected to succeed; the top open tier adds +5.0% at 4 times the cost."


@given(OUTLOOKS, LOSSES, LOSSES)
def test_a_higher_tolerated_loss_never_raises_the_cost(
    outlook: Outlook, one: float | None, other: float | None
) -> None:
    losses = sorted((one, other), key=lambda loss: POLICY.default_max_quality_loss if loss is None else loss)
    careful, bold = (chosen(outlook, options=DecideOptions(max_quality_loss=loss)) for loss in losses)
    assert outlook.cost_usd[bold] <= outlook.cost_usd[careful]


@given(OUTLOOKS, LOSSES, st.integers(0, 2), st.integers(0, 2))
def test_a_higher_floor_never_lowers_the_tier(outlook: Outlook, loss: float | None, one: int, other: int) -> None:
    options = DecideOptions(max_quality_loss=loss)
    low, high = sorted((one, other))
    assert chosen(outlook, TierRange(high, 2), options) >= chosen(outlook, TierRange(low, 2), options)
    assert chosen(outlook, TierRange(0, low), options) <= chosen(outlook, TierRange(0, high), options)


@given(OUTLOOKS, LOSSES, st.floats(0, 100), st.floats(0, 100))
def test_a_lower_cost_limit_never_raises_the_cost(
    outlook: Outlook, loss: float | None, one: float, other: float
) -> None:
    costs = [
        outlook.cost_usd[chosen(outlook, options=DecideOptions(max_quality_loss=loss, max_cost_usd=limit))]
        for limit in sorted((one, other))
    ]
    assert costs[0] <= costs[1]
    assert costs[1] <= max(one, other) or costs[1] == min(outlook.cost_usd)


@given(OUTLOOKS, LOSSES, st.one_of(st.none(), st.floats(0, 100)), st.one_of(st.none(), st.floats(0, 1)), st.data())
def test_a_choice_never_leaves_the_open_tiers(
    outlook: Outlook, loss: float | None, limit: float | None, catch_rate: float | None, data: st.DataObject
) -> None:
    low = data.draw(st.integers(0, 2))
    allowed = TierRange(low, data.draw(st.integers(low, 2)))
    options = DecideOptions(max_quality_loss=loss, max_cost_usd=limit, catch_rate=catch_rate)
    assert allowed.low <= chosen(outlook, allowed, options) <= allowed.high


@given(st.lists(OUTLOOKS, min_size=1, max_size=20), st.sampled_from([0.03, 0.2, 1.0]))
def test_what_training_certifies_is_what_serving_chooses(outlooks: list[Outlook], loss: float) -> None:
    familiar = [replace(outlook, is_unfamiliar=False) for outlook in outlooks]
    p_success, cost_usd = (np.array([getattr(o, name) for o in familiar]) for name in ("p_success", "cost_usd"))
    weight = POLICY.point(loss).cost_weight
    assert weight is not None
    found = choose_all(p_success, cost_usd, weight / POLICY.cost_scale_usd).tolist()
    assert found == [chosen(outlook, options=DecideOptions(max_quality_loss=loss)) for outlook in familiar]


def test_the_form_on_disk_loses_nothing() -> None:
    policy = replace(POLICY, guardrails=Guardrails(human_visible_min_tier="mid"), default_max_quality_loss=0.2)
    assert Policy.from_mapping(json.loads(json.dumps(policy.to_mapping()))) == policy
