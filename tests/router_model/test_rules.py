"""The seed heuristic as a table, and what it shares with constant tiers: guardrails, options, reasons."""

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError, RecordError
from tierwise.data.records import Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import ConstantRouter, RulesRouter


@pytest.mark.parametrize(
    ("task_type", "complexity", "judgment", "tier", "code"),
    [
        ("extract", 9, False, "small", "rule_simple_task"),
        ("format", None, None, "small", "rule_simple_task"),
        ("classify", 1, False, "small", "rule_simple_task"),
        ("ROUTE", 10, False, "small", "rule_simple_task"),
        ("extract", 1, True, "frontier", "rule_judgment"),
        ("plan", 6, False, "mid", "rule_complexity"),
        ("plan", 6, None, "mid", "rule_complexity"),
        ("plan", 6.5, False, "frontier", "rule_default"),
        ("plan", 6, True, "frontier", "rule_judgment"),
        (None, 0, False, "mid", "rule_complexity"),
        (None, None, None, "frontier", "rule_default"),
        ("", 7, False, "frontier", "rule_default"),
        ("extraction", 8, False, "frontier", "rule_default"),
    ],
)
def test_the_heuristic(
    task_type: str | None,
    complexity: float | None,
    judgment: bool | None,
    tier: str,
    code: str,
    catalogue: TierCatalogue,
) -> None:
    step = Step(task_type=task_type, input_complexity=complexity, requires_judgment=judgment)
    decision = RulesRouter(catalogue).decide(step)
    assert (decision.tier, decision.reason.code) == (tier, code)
    assert decision.reason.text.endswith(".")
    assert (decision.policy, decision.model, decision.propensity) == ("rules", f"{tier}-1", 1.0)
    assert not decision.is_fallback


@pytest.mark.parametrize(("n_tiers", "middle"), [(2, 0), (3, 1), (4, 1), (5, 2), (8, 3)])
def test_other_numbers_of_tiers_have_a_middle_too(n_tiers: int, middle: int) -> None:
    router = RulesRouter(TierCatalogue.from_mapping({"tiers": [{"name": f"t{i}"} for i in range(n_tiers)]}))
    assert router.decide(Step(input_complexity=5)).tier == f"t{middle}"
    assert router.decide(Step(task_type="extract")).tier == "t0"
    assert router.decide(Step()).tier == f"t{n_tiers - 1}"
    assert router.decide(Step()).model is None


@pytest.fixture(params=["rules", "small", "mid", "frontier"])
def router(request: pytest.FixtureRequest, catalogue: TierCatalogue) -> Decider:
    guardrails = Guardrails(human_visible_min_tier="mid")
    if request.param == "rules":
        return RulesRouter(catalogue, guardrails)
    return ConstantRouter(catalogue, request.param, guardrails)


STEPS = [
    Step(task_type=task_type, input_complexity=complexity, human_visible=visible)
    for task_type in ("extract", "plan")
    for complexity in (None, 3, 9)
    for visible in (None, True)
]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: f"{s.task_type}-{s.input_complexity}-{s.human_visible}")
def test_no_decision_leaves_the_open_tiers(router: Decider, step: Step, catalogue: TierCatalogue) -> None:
    for floor in (None, *catalogue.names):
        for ceiling in (None, *catalogue.names):
            if floor and ceiling and catalogue.index(floor) > catalogue.index(ceiling):
                continue
            chosen = catalogue.index(router.decide(step, DecideOptions(min_tier=floor, max_tier=ceiling)).tier)
            assert chosen <= catalogue.index(ceiling or "frontier")
            assert chosen >= catalogue.index(floor or "small")
            if step.human_visible:
                assert chosen >= min(1, catalogue.index(ceiling or "frontier"))


def test_deciding_is_deterministic_and_says_who_decided(router: Decider) -> None:
    assert router.decide(STEPS[0]) == router.decide(STEPS[0])
    assert router.decide(STEPS[0]).policy == router.policy
    assert router.decide(STEPS[0]).router_version == router.version


def test_options_that_cannot_be_honoured_are_refused(router: Decider) -> None:
    with pytest.raises(RecordError, match=r"^options\.min_tier: is 'large'"):
        router.decide(Step(), DecideOptions(min_tier="large"))


def test_limits_give_their_own_reasons(catalogue: TierCatalogue) -> None:
    small = ConstantRouter(catalogue, "small", Guardrails(human_visible_min_tier="frontier"))
    raised = small.decide(Step(human_visible=True))
    assert (raised.tier, raised.reason.code) == ("frontier", "guardrail")
    assert raised.reason.text == "Raised to 'frontier' by human_visible."
    limited = ConstantRouter(catalogue, "frontier").decide(Step(), DecideOptions(max_tier="mid"))
    assert (limited.tier, limited.reason.code) == ("mid", "max_tier")
    assert ConstantRouter(catalogue, "mid").decide(Step()).reason.code == "constant"


def test_a_constant_tier_must_exist(catalogue: TierCatalogue) -> None:
    with pytest.raises(CatalogueError, match="tier 'large' is not in the catalogue"):
        ConstantRouter(catalogue, "large").decide(Step())
