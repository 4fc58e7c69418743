"""The listing of the idea: a step, a registry of functions by tier, escalation, and the log."""

import doctest
from pathlib import Path

import pytest

from tierwise import ConstantRouter, LocalClient, TierCatalogue
from tierwise.agents import AgentStep, ModelTier, execute_step, route_to_model, simple
from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import CatalogueError

MODELS = {"small": lambda _: "wrong", "mid": lambda _: "wrong", "frontier": lambda prompt: f"right: {prompt}"}


@pytest.mark.parametrize(
    ("step", "tier"),
    [
        (AgentStep("extract", 9, False), ModelTier.SMALL),
        (AgentStep("summarise", 6, False), ModelTier.MID),
        (AgentStep("summarise", 7, False), ModelTier.FRONTIER),
        (AgentStep("extract", 1, True), ModelTier.FRONTIER),
    ],
)
def test_the_rules_of_the_heuristic(step: AgentStep, tier: ModelTier) -> None:
    assert route_to_model(step) is tier


def test_a_router_may_take_the_place_of_the_rules() -> None:
    assert route_to_model(AgentStep("extract", 1), ConstantRouter(TierCatalogue.load(), "mid")) is ModelTier.MID
    other = TierCatalogue.from_mapping({"tiers": [{"name": "lite"}, {"name": "pro"}]})
    with pytest.raises(CatalogueError, match="tier 'pro' is not one of small, mid, frontier"):
        route_to_model(AgentStep("plan", 9), ConstantRouter(other, "pro"))


def test_the_function_of_the_tier_runs_and_a_failure_goes_up(tmp_path: Path) -> None:
    log_url = f"sqlite:///{tmp_path}/log.db"
    step = AgentStep("extract", 2)
    with LocalClient(log_url=log_url) as client:
        plain = execute_step(step, "x", MODELS, client=client)
        checked = execute_step(step, "x", MODELS, client=client, verify=lambda output: output.startswith("right"))
        never = execute_step(step, "x", MODELS, client=client, verify=lambda _: False)
    assert (plain.output, plain.tier, plain.success) == ("wrong", "small", None)
    assert (checked.output, checked.tier, checked.success) == ("right: x", "frontier", True)
    assert (never.tier, never.success) == ("frontier", False)
    with DecisionLog.open(log_url) as log:
        logged = [[(attempt.tier, attempt.success) for attempt in step.attempts] for step in log.logged_steps()]
    assert logged == [
        [("small", None)],
        [("small", False), ("mid", False), ("frontier", True)],
        [("small", False), ("mid", False), ("frontier", False)],
    ]


def test_the_article_listing_works_as_printed() -> None:
    """``execute_step(step, model_registry)``: the tier's function gets the step, its result comes back as it is."""
    step, result = AgentStep("extract", 2), object()
    registry = {ModelTier.SMALL: lambda given: (given, result), ModelTier.FRONTIER: lambda _: None}
    assert execute_step(step, registry) == (step, result)
    assert execute_step(step, model_registry=registry) == (step, result)
    assert execute_step(AgentStep("plan", 9, True), registry) is None
    with pytest.raises(CatalogueError, match="no function for tier 'mid'; models has frontier, small"):
        execute_step(AgentStep("plan", 5), registry)
    with pytest.raises(TypeError, match=r"call execute_step\(step, prompt, models\), or"):
        execute_step(step, "x")  # type: ignore[call-overload]


def test_a_missing_function_and_one_that_raises() -> None:
    with pytest.raises(CatalogueError, match="no function for tier 'small'; models has mid"):
        execute_step(AgentStep("extract", 2), "x", {"mid": str.upper})
    with pytest.raises(ZeroDivisionError, match="division"):
        execute_step(AgentStep("extract", 2), "x", {"small": lambda _: 1 / 0})


def test_the_examples_run() -> None:
    assert doctest.testmod(simple).failed == 0
