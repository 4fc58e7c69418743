"""The fallback: the configured tier or the dearest, within what is open, marked as what it is."""

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.rules import RulesRouter
from tierwise.serving.deciding.fallback import ERROR_CODE, OVERLOADED_CODE, Fallback
from tierwise.serving.http.wire import RouteRequest

CATALOGUE = TierCatalogue.from_mapping(
    {"tiers": [{"name": name, "models": [{"name": f"{name}-1"}]} for name in ("small", "mid", "frontier")]}
)
ROUTER = RulesRouter(CATALOGUE, Guardrails(), "learned", "v7")


def asked(step: Step = Step("a"), options: DecideOptions = NO_OPTIONS) -> RouteRequest:  # noqa: B008 - frozen
    return RouteRequest(step, options, None, None, None, {})


@pytest.mark.parametrize(
    ("configured", "options", "tier"),
    [
        (None, NO_OPTIONS, "frontier"),
        ("mid", NO_OPTIONS, "mid"),
        ("nowhere", NO_OPTIONS, "frontier"),
        ("frontier", DecideOptions(max_tier="mid"), "mid"),
        (None, DecideOptions(max_tier="small"), "small"),
        ("small", DecideOptions(min_tier="mid"), "mid"),
    ],
)
def test_the_tier_is_the_configured_or_the_dearest_that_is_open(
    configured: str | None, options: DecideOptions, tier: str
) -> None:
    decision = Fallback(configured, Guardrails()).decide(asked(options=options), ROUTER)
    assert (decision.tier, decision.model) == (tier, f"{tier}-1")


def test_the_floors_of_the_settings_hold_for_it_too() -> None:
    fallback = Fallback("small", Guardrails(human_visible_min_tier="mid"))
    assert fallback.decide(asked(Step("a", human_visible=True)), ROUTER).tier == "mid"
    assert fallback.decide(asked(), ROUTER).tier == "small"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (ERROR_CODE, "The router failed; 'mid' is the fallback."),
        (OVERLOADED_CODE, "Too many decisions are under way; 'mid' is the fallback."),
    ],
)
def test_it_is_marked_and_says_why_and_for_whom(code: str, text: str) -> None:
    decision = Fallback("mid", Guardrails()).decide(asked(), ROUTER, code)
    assert (decision.is_fallback, decision.policy, decision.router_version) == (True, "learned", "v7")
    assert (decision.reason.code, decision.reason.text) == (code, text)
    assert decision.propensity == 1.0
