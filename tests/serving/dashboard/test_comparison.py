"""The rules beside the router, and what another quality target would choose, on a handful of exact steps."""

from dataclasses import replace

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log.views.search import Sampled
from tierwise.router_model.guardrails import Guardrails
from tierwise.router_model.operating_point import OperatingPoint
from tierwise.router_model.policy import Policy
from tierwise.serving.dashboard.comparison import against_rules, targets

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
