"""Plans are checked before anything runs, and every refusal tells a planner what to change."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.agents.runtime import Plan, PlanError, PlanStep
from tierwise.agents.runtime.plans.plan import make_plan, parse_steps, resolve_inputs


def entry(step_id: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "instruction": f"do {step_id}", "depends_on": list(depends_on), **more}


def plan_of(*entries: dict[str, Any], max_steps: int = 500) -> Plan:
    return make_plan(parse_steps(json.dumps({"steps": list(entries)})), max_steps)


def test_a_plan_is_read_with_everything_that_it_says() -> None:
    schema = {"type": "object"}
    plan = plan_of(
        entry("b", inputs={"total": "a.sum"}, response_schema=schema, human_visible=True),
        entry("a", task_type="extract", input_complexity=3, requires_judgment=True),
    )
    first, second = plan.steps
    assert first == PlanStep("a", "do a", "extract", 3.0, True)
    assert second == PlanStep("b", "do b", None, None, False, True, ("a",), {"total": "a.sum"}, schema)
    assert plan.last_steps == ("b",)


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "Here is my plan:\n{}\nI hope it helps."])
def test_prose_around_a_plan_is_forgiven(wrap: str) -> None:
    text = wrap.replace("{}", json.dumps({"steps": [entry("a")]}))
    assert [step.step_id for step in parse_steps(text)] == ["a"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry("a", "b"), entry("b", "c"), entry("c", "a")], r"in a circle: \w -> \w -> \w -> \w"),
        ([entry("a", "a")], "in a circle: a -> a"),
        ([entry("a", "b")], "step 'a' depends on 'b', which is not in the plan"),
        ([entry("a"), entry("a")], "two steps are called 'a'"),
        ([entry("a b")], r"steps\[0\].id is 'a b'"),
        ([{"id": "a"}], r"steps\[0\].instruction is None"),
        ([entry("a", colour="red")], r"steps\[0\].colour is not known"),
        ([entry("a", input_complexity=11)], r"input_complexity is 11; a number from 1 to 10"),
        ([entry("a", requires_judgment="yes")], r"requires_judgment is 'yes'; true or false"),
        ([entry("a", response_schema={"type": "numbre"})], r"response_schema: the JSON schema is wrong"),
        ([entry("a", inputs=["b"])], r"inputs is \['b'\]; names with references"),
        ([entry("a") | {"depends_on": "b"}], r"depends_on is 'b'; a list of step ids"),
        (["a"], r"steps\[0\] is no JSON object"),
        ([], "the answer holds no plan"),
    ],
)
def test_a_plan_that_cannot_run_is_refused(entries: list[Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(*entries)


@pytest.mark.parametrize("text", ["I would first read the invoice.", "", "{", "42", '{"steps": {}}', "[" * 100_000])
def test_prose_is_no_plan(text: str) -> None:
    with pytest.raises(PlanError, match="the answer holds no plan"):
        parse_steps(text)


def test_five_hundred_steps_are_a_plan_and_one_more_is_not() -> None:
    entries = [entry("s0"), *(entry(f"s{i}", f"s{i - 1}") for i in range(1, 500))]
    assert [step.step_id for step in plan_of(*reversed(entries)).steps] == [f"s{i}" for i in range(500)]
    with pytest.raises(PlanError, match="the plan has 501 steps; at most 500"):
        plan_of(*entries, entry("more"))


@given(st.lists(st.sets(st.integers(0, 19)), min_size=1, max_size=20))
def test_whatever_a_step_depends_on_stands_before_it(dependencies: list[set[int]]) -> None:
    entries = [entry(f"s{i}", *(f"s{j}" for j in found if j < i)) for i, found in enumerate(dependencies)]
    order = [step.step_id for step in plan_of(*reversed(entries)).steps]
    assert sorted(order) == sorted(each["id"] for each in entries)
    assert all(order.index(name) < order.index(each["id"]) for each in entries for name in each["depends_on"])


def test_a_failed_branch_is_replaced_and_the_rest_stays() -> None:
    plan = plan_of(entry("a"), entry("b", "a"), entry("c", "b"), entry("d", "a"))
    assert plan.branch_of(["b"]) == {"b", "c"}
    repaired = plan.with_branch(["b"], parse_steps(json.dumps([entry("b2", "a", "d")])), max_steps=9)
    assert [step.step_id for step in repaired.steps] == ["a", "d", "b2"]
    with pytest.raises(PlanError, match="depends on 'c', which is not in the plan"):
        plan.with_branch(["b"], parse_steps(json.dumps([entry("b2", "c")])), max_steps=9)


def test_inputs_are_taken_from_earlier_answers() -> None:
    (step,) = parse_steps(json.dumps([entry("b", inputs={"n": "a.sum.value", "all": "c"})]))
    outputs = {"a": '```json\n{"sum": {"value": 7}}\n```', "c": "free text"}
    assert resolve_inputs(step, outputs) == {"n": 7, "all": "free text"}
    with pytest.raises(PlanError, match=r"needs 'a.sum.value', but the answer of 'a' has no 'value'"):
        resolve_inputs(step, outputs | {"a": '{"sum": {}}'})
    with pytest.raises(PlanError, match="but 'a' answered no JSON"):
        resolve_inputs(step, outputs | {"a": "seven"})
