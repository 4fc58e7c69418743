"""Repairs say only what is different, and the rest of the plan stays as it was."""

import json
from typing import Any

import pytest

from tests.agents.runtime.script import entry, plan_of
from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.runtime import Plan
from tierwise.agents.runtime.plans.compact import PlanFrame
from tierwise.agents.runtime.plans.difference import repaired
from tierwise.agents.runtime.plans.plan import decode_plan, make_plan, parse_steps
from tierwise.agents.runtime.plans.plan_error import PlanError

PLAN = make_plan(
    parse_steps(
        plan_of(
            entry("a"),
            entry("b", "look", depends_on=["a"], response_schema={"type": "object"}),
            entry("c", depends_on=["b", "a"]),
            entry("d", inputs={"total": "b.sum"}),
            entry("e"),
        )
    ),
    500,
)


def repair(*steps: dict[str, Any], failed: str = "b", **beside: Any) -> Plan:
    raw = decode_plan(json.dumps({"steps": list(steps), **beside}))
    return repaired(PLAN, [failed], raw, PlanFrame(), 1)


def test_a_step_takes_what_it_does_not_say_from_the_one_that_it_stands_for() -> None:
    plan = repair({"for": "b", "do": "try otherwise"})
    old, new = PLAN.by_id["b"], plan.by_id["b-r1"]
    assert new.instruction == "try otherwise"
    assert (new.tools, new.response_schema, new.depends_on) == (old.tools, old.response_schema, old.depends_on)


def test_whatever_waited_waits_for_the_new_step_and_is_not_said_again() -> None:
    plan = repair({"for": "b", "id": "b2", "do": "try otherwise"})
    assert set(plan.by_id) == {"a", "b2", "c", "d", "e"}
    assert plan.by_id["c"].depends_on == ("b2", "a")
    assert (plan.by_id["d"].inputs, plan.by_id["d"].depends_on) == ({"total": "b2.sum"}, ("b2",))
    assert (plan.by_id["a"], plan.by_id["e"]) == (PLAN.by_id["a"], PLAN.by_id["e"])


def test_inputs_may_be_all_that_is_different() -> None:
    plan = repair({"for": "d", "in": {"total": "b.total"}}, failed="d")
    assert plan.by_id["d-r1"].inputs == {"total": "b.total"}
    assert plan.by_id["d-r1"].instruction == PLAN.by_id["d"].instruction


def test_a_failed_step_may_become_two_or_none() -> None:
    plan = repair({"id": "x", "do": "first"}, {"for": "b", "do": "then", "after": ["x"]})
    assert plan.by_id["b-r1"].depends_on == ("x",)
    assert set(repair(drop=["b", "c", "d"]).by_id) == {"a", "e"}


@pytest.mark.parametrize(
    ("steps", "beside", "message"),
    [
        ([{"id": "x", "do": "y"}, {"for": "c", "do": "z"}], {}, "the step 'b' failed and nothing stands for it"),
        ([{"for": "a", "do": "y"}], {}, "for is 'a'; there are b, c, d"),
        ([{"for": "b", "do": "y"}, {"for": "b", "id": "b3", "do": "z"}], {}, "two steps stand for 'b'"),
        ([{"for": "b", "id": "e", "do": "y"}], {}, "the id 'e' was used before"),
        ([], {"drop": ["b"]}, "step 'c' depends on 'b', which is not in the plan"),
        ([], {"drop": ["e"]}, "drop names 'e', which neither failed nor waits"),
        ([], {"drop": "b"}, "drop is 'b'; a list of step ids"),
        ([{"for": "b", "do": "y", "colour": 1}], {}, r"steps\[0\].colour is not known"),
    ],
)
def test_a_difference_that_leaves_no_plan_is_refused(
    steps: list[dict[str, Any]], beside: dict[str, Any], message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        repair(*steps, **beside)


def test_a_run_goes_on_after_a_difference(workshop: Any) -> None:
    plans = [
        plan_of(entry("a"), entry("b", depends_on=["a"]), entry("c", depends_on=["b"])),
        '{"steps": [{"for": "b"}]}',
    ]
    bench = workshop(plans)
    n_asked = {"b": 0}

    def is_fine(step: Any) -> Any:
        def judged(_: object) -> bool:
            if step.step_id != "b":
                return True
            n_asked["b"] += 1
            return False

        return FunctionVerifier(judged, "judge")

    result = bench.run(verifier_for=is_fine)
    assert result.answer == "the answer"
    assert [sorted(plan.by_id) for plan in result.plans] == [["a", "b", "c"], ["a", "b-r1", "c"]]
    (asked,) = bench.script.prompts("A plan has failed")
    assert "- c, after b: do c!" in asked
    assert asked.count("do c!") == 1, "a waiting step is shown at a glance"
    assert len(bench.script.turns_of("a")) == 1, "what worked is not done again"
