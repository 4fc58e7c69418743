"""A decision on the wire and back: nothing is lost, nothing of the wrong type gets in."""

from dataclasses import replace

import pytest

from tierwise.data.errors import RecordError
from tierwise.data.records import Decision, Reason
from tierwise.data.told import asked_fields, decision_fields, told_decision, told_if_asked
from tierwise.router_model.options import DecideOptions

DECISION = Decision(
    tier="mid",
    policy="learned",
    router_version="v1",
    reason=Reason("cheapest_enough", "Good enough."),
    model="model-1",
    p_success={"small": 0.8, "mid": 0.9},
    expected_cost_usd={"small": 0.001, "mid": 0.01},
    propensity=0.95,
    arm="arm-1",
    is_fallback=True,
    is_unfamiliar=True,
)


def test_a_decision_comes_back_as_it_was_told() -> None:
    told = told_decision(DECISION)
    assert (told["fallback"], told["unfamiliar"]) == (True, True)
    assert Decision(**decision_fields(told)) == DECISION


def test_the_experiment_is_not_told_and_without_one_the_policy_is_the_arm() -> None:
    told = told_decision(replace(DECISION, arm=None, experiment="secret-plan"))
    assert told["arm"] == "learned"
    assert "secret-plan" not in str(told)


def test_an_older_service_that_tells_nothing_of_familiarity_is_understood() -> None:
    told = told_decision(DECISION)
    del told["unfamiliar"]
    assert Decision(**decision_fields(told)) == replace(DECISION, is_unfamiliar=False)


def test_what_is_told_only_when_asked_is_told_only_then() -> None:
    explained = replace(DECISION, explanation=("It is short.",), explanation_figures={"margin": 0.5})
    assert told_if_asked(explained, DecideOptions()) == {}
    told = told_if_asked(explained, DecideOptions(explain=True))
    assert told == {"explanation": ["It is short."], "explanation_figures": {"margin": 0.5}}
    assert Decision(**decision_fields(told_decision(explained)), **asked_fields(told)) == explained
    assert asked_fields({"explanation": "no list", "explanation_figures": 3}) == {}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"policy": 3}, "policy: is 3; a string or null is needed"),
        ({"fallback": "yes"}, "fallback: is 'yes'; true, false or null is needed"),
        ({"p_success": {"small": None}}, "p_success: is .* a number for each tier is needed"),
        ({"p_success": [1]}, "p_success: is .* a JSON object is needed"),
        ({"propensity": True}, "propensity: is True; a number or null is needed"),
        ({"reason": {"code": 1}}, "reason.code: is 1; a string or null is needed"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        decision_fields(told_decision(DECISION) | wrong)
