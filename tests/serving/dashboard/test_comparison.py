"""The rules beside the router, and what another quality target would choose, on a handful of exact steps."""

from dataclasses import replace

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log.views.search import Sampled
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.parts import Part
from tierwise.router_model.choosing.policy import Policy
from tierwise.serving.dashboard.pages.comparison import against_rules, targets
from tierwise.serving.dashboard.pages.promises import part_promises

P_SUCCESS = {"small": 0.6, "mid": 0.8, "frontier": 0.9}
COST_USD = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
STEP = Sampled("d-1", 0.0, "t-1", "mid", "extract", 2.0, False, False, False, P_SUCCESS, COST_USD, True, 4.0, 10.0)


def test_the_rules_would_have_taken_the_cheapest_tier(catalogue: TierCatalogue) -> None:
    sample = [replace(STEP, decision_id=f"d-{i}", task_id=f"t-{i}") for i in range(10)]
    found = against_rules(sample, catalogue, Guardrails())
    assert found is not None
    assert found.saving is not None
    assert found.saving.value == pytest.approx(1 - 4.0 / 1.0)
    assert (found.p_success, found.p_success_rules) == (pytest.approx(0.8), pytest.approx(0.6))
    assert found.rules_split == {"small": 1.0, "mid": 0.0, "frontier": 0.0}


def test_the_guardrails_hold_for_the_rules_too(catalogue: TierCatalogue) -> None:
    found = against_rules([replace(STEP, human_visible=True)], catalogue, Guardrails(human_visible_min_tier="mid"))
    assert found is not None
    assert found.rules_split["mid"] == 1.0


def test_decisions_without_expectations_are_compared_with_nothing(catalogue: TierCatalogue) -> None:
    silent = replace(STEP, p_success={}, expected_cost_usd={})
    assert against_rules([silent], catalogue, Guardrails()) is None
    assert targets([silent], catalogue, policy(None)) == []


def policy(*weights: float | None) -> Policy:
    points = tuple(OperatingPoint(0.01 * i, weight, 0.0, 0.0, 0.0) for i, weight in enumerate(weights))
    return Policy(points, cost_scale_usd=16.0, confidence=0.9, n_steps=100)


def test_a_higher_price_of_money_chooses_cheaper_tiers(catalogue: TierCatalogue) -> None:
    found = targets([STEP], catalogue, policy(None, 0.0, 0.2, 100.0))
    assert [next(tier for tier, share in each.split.items() if share) for each in found] == [
        "frontier", "frontier", "mid", "small",
    ]  # fmt: skip
    assert [each.cost_usd for each in found] == [16.0, 16.0, 4.0, 1.0]
    assert found[-1].saving == pytest.approx(15 / 16)


def test_unfamiliar_steps_stay_with_the_top_tier(catalogue: TierCatalogue) -> None:
    (found,) = targets([replace(STEP, is_unfamiliar=True)], catalogue, policy(100.0))
    assert found.split["frontier"] == 1.0


def part(name: str, weight: float | None, tiers: tuple[int, ...] = (0, 1, 2), missing: str = "") -> Part:
    points = (OperatingPoint(0.0, None, 0.0, 0.0, 0.0), OperatingPoint(0.03, weight, 0.01, 0.03, 0.5))
    return Part(name, (name,), points, tiers, 300, 90, 60.0, missing=missing)


def by_parts(*parts: Part) -> Policy:
    points = (OperatingPoint(0.0, None, 0.0, 0.0, 0.0), OperatingPoint(0.03, None, 0.0, 0.0, 0.0))
    whole = (points[0], OperatingPoint(0.03, 0.1, 0.015, 0.028, 0.4, 0.3))
    return replace(policy(None), points=points, together=whole, part_field="task_type", parts=parts)


def test_each_step_goes_by_the_terms_of_its_part(catalogue: TierCatalogue) -> None:
    """Extract may take every tier, plan only mid, chat is not certified, code is no part at all."""
    served = by_parts(part("extract", 100.0), part("plan", 100.0, tiers=(1,)), part("chat", None))
    sample = [replace(STEP, task_type=kind) for kind in ("extract", "plan", "chat", "code", None)]
    nothing, found = targets(sample, catalogue, served)
    assert nothing.split["frontier"] == 1.0
    assert found.split == {"small": 0.2, "mid": 0.2, "frontier": pytest.approx(0.6)}
    assert (found.point.max_quality_loss, found.point.loss, found.point.saving_usd) == (0.03, 0.015, 0.3)


def test_a_relative_policy_counts_in_the_top_cost_of_the_step_itself(catalogue: TierCatalogue) -> None:
    """At weight .2 of its own top tier a step goes to mid, cheap or dear; in one scale for all, only the cheap does."""
    dear = replace(STEP, expected_cost_usd={name: 100 * usd for name, usd in COST_USD.items()})
    relative = replace(policy(0.2), is_relative=True)
    (found,) = targets([STEP, dear], catalogue, relative)
    assert found.split["mid"] == 1.0
    assert found.saving == found.saving_relative == pytest.approx(0.75)
    (one_scale,) = targets([STEP, dear], catalogue, policy(0.2))
    assert one_scale.split == {"small": 0.5, "mid": 0.5, "frontier": 0.0}
    assert one_scale.saving == pytest.approx(1 - 104 / 1616)
    assert one_scale.saving_relative == pytest.approx(1 - (4 / 16 + 1 / 16) / 2)


def test_the_promises_of_parts_are_told_with_what_refuses_them() -> None:
    found = part_promises(
        by_parts(part("extract", 0.1), part("plan", None), part("chat", None, missing="no outcomes")), 0.03
    )
    assert [(each.name, each.refused) for each in found] == [
        ("task_type 'extract'", ""),
        ("task_type 'plan'", "its steps cannot support this target"),
        ("task_type 'chat'", "no outcomes"),
    ]
    assert (found[0].n_steps, found[0].n_tasks, found[0].n_effective) == (300, 90, 60.0)
    assert found[0].point.loss_upper == 0.03
    assert part_promises(by_parts(part("extract", 0.1), part("plan", 0.1)), 0.0)[0].refused
    assert part_promises(policy(None), 0.03) == []
