"""What holds for everything that decides: constants, rules and the learned router walk the same tests."""

from collections.abc import Callable

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError, RecordError
from tierwise.data.records import LoggedStep, Message, Step, Tool
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.router_model.rules import ConstantRouter, RulesRouter

STEPS = [
    Step(),
    Step(text="Extract the total.", task_type="extract"),
    Step(text="Plan the launch.", task_type="plan", input_complexity=9, requires_judgment=True, human_visible=True),
    Step(messages=(Message("system", "Be brief."), Message("user", "Hi")), retry=2, previous_error="timeout"),
    Step(text="Call it.", tools=(Tool("look_up", "Looks it up.", {"type": "object"}),), response_schema={"type": "a"}),
    Step(text="x" * 100_000, input_tokens=10**9, step_index=10**9),
    Step(text="😀 שלום עולם مرحبا \u202e\x00", agent="Ω", node=""),
]


@pytest.fixture(params=["rules", "always-small", "always-frontier", "learned"])
def decider(request: pytest.FixtureRequest, sample_catalogue: TierCatalogue, router: Router) -> Decider:
    made: dict[str, Callable[[], Decider]] = {
        "rules": lambda: RulesRouter(sample_catalogue),
        "always-small": lambda: ConstantRouter(sample_catalogue, "small"),
        "always-frontier": lambda: ConstantRouter(sample_catalogue, "frontier"),
        "learned": lambda: router,
    }
    return made[request.param]()


def test_every_step_gets_a_decision_that_says_who_decided_and_why(decider: Decider) -> None:
    for step in STEPS:
        decision = decider.decide(step)
        assert decision.tier in decider.catalogue.names
        assert decision.model == decider.catalogue.tiers[decider.catalogue.index(decision.tier)].models[0].name
        assert (decision.policy, decision.router_version) == (decider.policy, decider.version)
        assert decision.reason.code
        assert decision.reason.text.endswith(".")
        assert not decision.is_fallback


def test_the_same_step_gets_the_same_decision(decider: Decider, held_out_steps: tuple[LoggedStep, ...]) -> None:
    steps = [logged.step for logged in held_out_steps[:20]]
    assert [decider.decide(step) for step in steps] == [decider.decide(step) for step in steps]


def test_limits_of_the_request_are_kept_and_a_higher_floor_never_lowers_the_tier(decider: Decider) -> None:
    index = decider.catalogue.index
    for step in STEPS:
        found = [index(decider.decide(step, DecideOptions(min_tier=name)).tier) for name in decider.catalogue.names]
        assert found == sorted(found)
        assert all(tier >= floor for floor, tier in enumerate(found))
        limited = [index(decider.decide(step, DecideOptions(max_tier=name)).tier) for name in decider.catalogue.names]
        assert limited == sorted(limited)
        assert all(tier <= ceiling for ceiling, tier in enumerate(limited))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (DecideOptions(min_tier="huge"), "options.min_tier: is 'huge'; the tiers are small, mid, frontier"),
        (DecideOptions(max_quality_loss=1.5), "options.max_quality_loss: is 1.5"),
        (DecideOptions(catch_rate=-1), "options.catch_rate: is -1"),
    ],
)
def test_options_that_cannot_be_honoured_are_refused(decider: Decider, options: DecideOptions, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        decider.decide(Step(text="a"), options)


def test_a_constant_needs_a_tier_of_the_catalogue(sample_catalogue: TierCatalogue) -> None:
    with pytest.raises(CatalogueError, match="tier 'huge' is not in the catalogue"):
        ConstantRouter(sample_catalogue, "huge").decide(Step(text="a"))
