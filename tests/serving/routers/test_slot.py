"""The slot: what serves, whether it is a bundle, and why the last newcomer was not taken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import LoggedStep, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import RulesRouter
from tierwise.serving.routers.slot import RouterSlot, SlotState, guardrails_of, load_router, stand_in_router
from tierwise.serving.settings import load_settings
from tierwise.serving.watching.metrics import Metrics


def router(version: str) -> RulesRouter:
    return RulesRouter(TierCatalogue.load(), Guardrails(), "learned", version)


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_swap_takes_the_newcomer_as_a_bundle_and_forgets_the_refusal() -> None:
    metrics, first, second = Metrics(), router("v1"), router("v2")
    slot = RouterSlot(first, metrics)
    assert slot.state == SlotState(first, has_bundle=False)
    slot.refuse("broken")
    slot.swap(second)
    assert slot.state == SlotState(second, has_bundle=True, refusal=None)
    assert slot.decider is second
    assert sample(metrics, "tierwise_router_info", role="champion", policy="learned", version="v1") == 0
    assert sample(metrics, "tierwise_router_info", role="champion", policy="learned", version="v2") == 1


def test_a_refusal_keeps_what_is_live_and_counts_each_reason_once() -> None:
    metrics, live = Metrics(), router("v1")
    slot = RouterSlot(live, metrics, has_bundle=True)
    for reason in ("broken", "broken", "worse", "broken"):
        slot.refuse(reason)
    assert slot.state == SlotState(live, has_bundle=True, refusal="broken")
    assert sample(metrics, "tierwise_router_refusals_total", role="champion") == 3


@pytest.mark.parametrize("has_bundle", [False, True])
def test_a_confirmation_forgets_the_refusal_and_nothing_else(has_bundle: bool) -> None:
    live = router("v1")
    slot = RouterSlot(live, Metrics(), has_bundle)
    slot.refuse("broken")
    slot.confirm()
    assert slot.state == SlotState(live, has_bundle, refusal=None)


def test_the_challengers_stand_in_is_not_announced_as_a_router() -> None:
    metrics = Metrics()
    slot = RouterSlot(router("v1"), metrics, role="challenger")
    assert sample(metrics, "tierwise_router_info", role="challenger", policy="learned", version="v1") is None
    slot.refuse("broken")
    slot.swap(router("v2"))
    assert sample(metrics, "tierwise_router_info", role="challenger", policy="learned", version="v2") == 1
    assert sample(metrics, "tierwise_router_refusals_total", role="challenger") == 1


def test_each_guardrail_of_the_settings_is_its_own() -> None:
    settings = load_settings({}, human_visible_min_tier="mid", judgment_min_tier="frontier")
    expected = Guardrails(human_visible_min_tier="mid", judgment_min_tier="frontier")
    assert guardrails_of(settings) == expected
    assert stand_in_router(settings).guardrails == expected


def test_guardrails_that_name_no_tier_are_refused_at_the_start() -> None:
    with pytest.raises(CatalogueError, match="tier 'huge' is not in the catalogue"):
        stand_in_router(load_settings({}, judgment_min_tier="huge"))


@pytest.mark.slow
def test_a_bundle_decides_within_the_guardrails_of_the_settings(
    bundle_folder: Path, held_out_steps: tuple[LoggedStep, ...]
) -> None:
    """On steps that the bundle itself would give to a cheaper tier, so that the floor is what raises them."""
    steps = [replace(logged.step, human_visible=True, requires_judgment=False) for logged in held_out_steps[:100]]
    anything_goes = DecideOptions(max_quality_loss=1.0)
    plain, guarded = (load_router(bundle_folder, rails) for rails in (Guardrails(), Guardrails(None, None, "frontier")))
    cheap = [step for step in steps if plain.decide(step, anything_goes).tier != "frontier"]
    assert len(cheap) > 10
    assert {guarded.decide(step, anything_goes).tier for step in cheap} == {"frontier"}
    assert guarded.guardrails == plain.guardrails.overlaid(Guardrails(human_visible_min_tier="frontier"))


@pytest.mark.slow
def test_a_bundle_runs_its_stages_through_what_it_is_given(bundle_folder: Path) -> None:
    ran: list[str] = []

    def note(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        ran.append(name)
        return work(*arguments)

    load_router(bundle_folder, Guardrails(), note).decide(Step("Extract the total."))
    assert set(ran) == {"features", "predict", "policy"}


def test_a_bundle_without_the_tiers_of_the_guardrails_is_refused(bundle_folder: Path) -> None:
    with pytest.raises(CatalogueError, match="tier 'huge' is not in the catalogue"):
        load_router(bundle_folder, Guardrails(judgment_min_tier="huge"))
