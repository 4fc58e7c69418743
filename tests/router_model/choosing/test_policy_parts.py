"""Parts of a policy: each step under its own terms, and cascades where a verifier catches failures."""

import json
from dataclasses import replace

import pytest

from tierwise.data.records import Step
from tierwise.router_model.choosing.escalation import Outlook
from tierwise.router_model.choosing.guardrails import TierRange
from tierwise.router_model.choosing.operating_point import CATCH_RATES, OperatingPoint
from tierwise.router_model.choosing.parts import Part
from tierwise.router_model.choosing.policy import Choice, Policy
from tierwise.router_model.options import NO_OPTIONS, DecideOptions

ALL_TIERS = (0, 1, 2)


def point(max_loss: float, weight: float | None, **more: int) -> OperatingPoint:
    return OperatingPoint(max_loss, weight, 0.01, 0.02, 0.5, **more)  # type: ignore[arg-type]


def part(name: str, weight: float | None, tiers: tuple[int, ...] = ALL_TIERS, **more: object) -> Part:
    return Part(name, (name,), (point(0.0, None), point(0.03, weight)), tiers, 300, 300, 300.0, **more)  # type: ignore[arg-type]


POLICY = Policy(
    points=(point(0.0, None), point(0.03, 0.06)),
    cost_scale_usd=16.0,
    confidence=0.9,
    n_steps=900,
    is_relative=True,
    tiers=ALL_TIERS,
    part_field="task_type",
    parts=(
        part("easy", 10.0),
        part("hard", None),
        part("untried", None, (2,), missing="no tier below the top was tried in 30 tasks (at most 3)"),
        part("mid only", 10.0, (1, 2)),
    ),
)
OUTLOOK = Outlook([0.80, 0.90, 0.95], [1.0, 4.0, 16.0])
OPEN = TierRange(0, 2)


def choice(task_type: str | None, options: DecideOptions = NO_OPTIONS, outlook: Outlook = OUTLOOK) -> Choice:
    return POLICY.choose(Step("x", task_type=task_type), outlook, OPEN, options)


@pytest.mark.parametrize(
    ("task_type", "tier", "code"),
    [
        ("easy", 0, "learned"),
        ("hard", 2, "unsupported"),
        ("untried", 2, "no_evidence"),
        ("mid only", 1, "learned"),
        (None, 2, "learned_top"),
        ("never seen", 2, "unsupported"),
    ],
)
def test_each_step_is_decided_under_the_terms_of_its_part(task_type: str | None, tier: int, code: str) -> None:
    assert (choice(task_type).tier, choice(task_type).reason.code) == (tier, code)


def test_the_reason_names_the_part_and_what_is_missing() -> None:
    assert "task_type 'easy'" in choice("easy").reason.text
    assert "task_type 'hard'" in choice("hard").reason.text
    assert "no tier below the top was tried" in choice("untried").reason.text
    assert "task_type" not in choice(None).reason.text


def test_costs_count_in_the_steps_own_cost_on_the_top_tier() -> None:
    """A step that costs a hundred times as much on every tier is decided the same; in dollars it would not be."""
    dear = replace(OUTLOOK, cost_usd=[100 * cost for cost in OUTLOOK.cost_usd])
    assert choice(None, outlook=dear).tier == choice(None).tier
    policy = replace(POLICY, is_relative=False)
    tiers = [policy.choose(Step("x"), outlook, OPEN, NO_OPTIONS).tier for outlook in (OUTLOOK, dear)]
    assert tiers[0] != tiers[1]


def test_a_weight_below_zero_asks_the_cheap_tier_to_be_better() -> None:
    policy = replace(POLICY, points=(point(0.03, -0.2),))
    better = Outlook([0.99, 0.5, 0.7], [1.0, 4.0, 16.0])
    assert policy.choose(Step("x"), better, OPEN, NO_OPTIONS).tier == 0
    assert policy.choose(Step("x"), replace(better, p_success=[0.8, 0.5, 0.7]), OPEN, NO_OPTIONS).tier == 2


def cascades(learned: float | None, start: int | None, plain_start: int) -> tuple[tuple[OperatingPoint, ...], ...]:
    one = OperatingPoint(0.0, learned, 0.0, 0.0, 0.5, 0.5, start, plain_start)
    return tuple((one,) for _ in CATCH_RATES)


@pytest.mark.parametrize(
    ("cascade", "is_unfamiliar", "tier"),
    [
        (cascades(0.0, 1, 1), False, 1),
        (cascades(0.0, 1, 1), True, 1),
        (cascades(100.0, None, 1), False, 0),
        (cascades(100.0, None, 1), True, 1),
        (cascades(-100.0, None, 0), False, 2),
        (cascades(None, None, 2), False, 2),
    ],
)
def test_a_cascade_starts_where_it_was_certified_to(
    cascade: tuple[tuple[OperatingPoint, ...], ...], is_unfamiliar: bool, tier: int
) -> None:
    policy = replace(POLICY, parts=(), cascades=cascade)
    outlook = replace(OUTLOOK, is_unfamiliar=is_unfamiliar)
    found = policy.choose(Step("x"), outlook, OPEN, DecideOptions(catch_rate=0.8))
    assert (found.tier, found.reason.code) == (tier, "escalate")


@pytest.mark.parametrize(("catch_rate", "has_cascade"), [(None, False), (0.3, False), (0.5, True), (0.79, True)])
def test_a_rate_below_those_that_were_certified_starts_as_a_single_attempt(
    catch_rate: float | None, has_cascade: bool
) -> None:
    policy = replace(POLICY, parts=(), cascades=cascades(0.0, 0, 0))
    assert policy.has_cascade(Step("x"), DecideOptions(catch_rate=catch_rate)) is has_cascade


def test_a_rate_between_two_is_served_by_the_lower_one() -> None:
    points = tuple((OperatingPoint(0.0, 0.0, 0.0, 0.0, 0.5, 0.5, n % 3, n % 3),) for n in range(len(CATCH_RATES)))
    policy = replace(POLICY, parts=(), cascades=points)
    found = [policy.choose(Step("x"), OUTLOOK, OPEN, DecideOptions(catch_rate=rate)).tier for rate in (0.5, 0.7, 0.85)]
    assert found == [0, 1, 2]


def test_the_form_on_disk_loses_nothing() -> None:
    policy = replace(
        POLICY,
        parts=(*POLICY.parts, part("escalating", 1.0, cascades=cascades(1.0, None, 1))),
        cascades=cascades(0.0, 1, 1),
        together=POLICY.points,
        n_tasks=900,
        n_effective=850.5,
        missing="nothing",
    )
    assert Policy.from_mapping(json.loads(json.dumps(policy.to_mapping()))) == policy
