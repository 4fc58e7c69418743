"""Guardrails, checked over every combination of floors and ceilings: the caller's ceiling always holds."""

from itertools import product

import pytest

from tests.features.turns import act, conversation
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import Step
from tierwise.router_model.choosing.guardrails import Guardrails, TierRange, open_tiers
from tierwise.router_model.options import NO_OPTIONS, DecideOptions

NAMES = (None, "small", "mid", "frontier")
FLAGS = (None, False, True)


def index(name: str | None, default: int) -> int:
    return default if name is None else NAMES.index(name) - 1


def test_the_laws_hold_for_every_combination(catalogue: TierCatalogue) -> None:
    for floor, ceiling, visible, judgment, low, high in product(NAMES, repeat=6):
        options = DecideOptions(min_tier=low, max_tier=high)
        guardrails = Guardrails(floor, ceiling, visible, judgment)
        for step in (Step(), Step(human_visible=True), Step(requires_judgment=True)):
            open_range = open_tiers(step, options, guardrails, catalogue)
            floors = [index(floor, 0), index(low, 0)]
            floors += [index(visible, 0)] if step.human_visible else []
            floors += [index(judgment, 0)] if step.requires_judgment else []
            caller_max = index(high, 2)
            assert 0 <= open_range.low <= open_range.high <= 2
            assert open_range.high <= caller_max
            assert open_range.low == min(max(floors), caller_max)
            assert open_range.high == min(caller_max, max(index(ceiling, 2), *floors))
            assert (open_range.raised_by is None) == (max(floors) == 0)
            for tier in range(3):
                assert open_range.low <= open_range.clamp(tier) <= open_range.high


def test_clamping_keeps_the_order_and_what_is_open() -> None:
    for low, high in ((0, 0), (0, 2), (1, 1), (1, 2), (2, 2)):
        clamped = [TierRange(low, high).clamp(tier) for tier in range(3)]
        assert clamped == sorted(clamped)
        assert [TierRange(low, high).clamp(tier) for tier in clamped] == clamped


@pytest.mark.parametrize("flag", FLAGS)
def test_only_a_step_that_says_so_meets_the_floors_of_its_kind(flag: bool | None, catalogue: TierCatalogue) -> None:
    guardrails = Guardrails(human_visible_min_tier="mid", judgment_min_tier="frontier")
    seen = open_tiers(Step(human_visible=flag), NO_OPTIONS, guardrails, catalogue)
    assert (seen.low, seen.raised_by) == ((1, "human_visible") if flag else (0, None))
    judged = open_tiers(Step(requires_judgment=flag), NO_OPTIONS, guardrails, catalogue)
    assert (judged.low, judged.raised_by) == ((2, "requires_judgment") if flag else (0, None))


def test_the_highest_floor_is_the_one_that_is_named(catalogue: TierCatalogue) -> None:
    guardrails = Guardrails(min_tier="mid", human_visible_min_tier="frontier", judgment_min_tier="mid")
    step = Step(human_visible=True, requires_judgment=True)
    assert open_tiers(step, NO_OPTIONS, guardrails, catalogue) == TierRange(2, 2, "human_visible")
    asked = open_tiers(Step(), DecideOptions(min_tier="frontier"), guardrails, catalogue)
    assert asked == TierRange(2, 2, "options.min_tier")


def test_a_floor_beats_the_ceiling_of_the_configuration_but_not_that_of_the_caller(catalogue: TierCatalogue) -> None:
    guardrails = Guardrails(min_tier="frontier", max_tier="small")
    assert open_tiers(Step(), NO_OPTIONS, guardrails, catalogue) == TierRange(2, 2, "min_tier")
    assert open_tiers(Step(), DecideOptions(max_tier="mid"), guardrails, catalogue).high == 1


def test_a_guardrail_that_names_no_tier_is_refused(catalogue: TierCatalogue) -> None:
    Guardrails("small", "frontier", "mid", None).check(catalogue)
    for field in ("min_tier", "max_tier", "human_visible_min_tier", "judgment_min_tier", "stuck_min_tier"):
        with pytest.raises(CatalogueError, match="tier 'large' is not in the catalogue"):
            Guardrails(**{field: "large"}).check(catalogue)


def test_what_another_sets_replaces_and_what_it_leaves_open_stays() -> None:
    ours = Guardrails("small", "frontier", None, "mid")
    assert ours.overlaid(Guardrails()) == ours
    assert ours.overlaid(Guardrails(max_tier="mid", human_visible_min_tier="frontier")) == Guardrails(
        "small", "mid", "frontier", "mid"
    )
    assert Guardrails().overlaid(ours) == ours


def test_a_stuck_agent_gets_a_dearer_tier_for_the_next_steps_and_comes_back(catalogue: TierCatalogue) -> None:
    guardrails = Guardrails(stuck_min_tier="frontier")

    def floor(commands: list[str]) -> TierRange:
        messages = conversation(*map(act, commands))
        return open_tiers(Step(messages=messages), NO_OPTIONS, guardrails, catalogue)

    assert floor(["ls", "ls"]).low == 0
    assert floor(["ls", "ls", "ls"]) == TierRange(2, 2, "stuck (bash:ls gave the same result 3 times in a row)")
    assert floor(["ls"] * 3 + ["pwd", "cat a"]).raised_by == (
        "stuck (bash:ls gave the same result 3 times in a row, 2 actions ago)"
    )
    assert floor(["ls"] * 3 + ["pwd", "cat a", "cat b"]) == TierRange(0, 2, None)
    assert open_tiers(Step(text="ls"), NO_OPTIONS, guardrails, catalogue).low == 0
