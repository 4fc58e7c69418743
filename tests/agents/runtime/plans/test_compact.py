"""Short plans say the same as long ones, refer to what is there alone, and stay within bounds."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.runtime.script import Workshop, entry, plan_of
from tierwise.agents.runtime import PlanStep, StepTemplate
from tierwise.agents.runtime.plans.compact import PlanFrame
from tierwise.agents.runtime.plans.plan import parse_steps
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.plans.schema_words import schema_of
from tierwise.data.errors import TierwiseError

ROW = StepTemplate("row", "Write {record} as CSV, columns {columns}.", task_type="format", input_complexity=2)
GOAL = "Work through these:\n- read the note\n- say the date"


def steps_of(*entries: dict[str, Any], frame: PlanFrame | None = None, **beside: Any) -> list[PlanStep]:
    return parse_steps(json.dumps({"steps": list(entries), **beside}), frame or PlanFrame(GOAL, {"row": ROW}))


def test_short_words_mean_the_long_ones() -> None:
    short = {"id": "b", "do": "add up", "type": "reason", "hard": 3, "judge": True, "show": True, "after": ["a"]}
    more = {"in": {"n": "a.total"}, "json": {"sum": "number"}, "tools": ["calc"]}
    long = {
        "id": "b",
        "instruction": "add up",
        "task_type": "reason",
        "input_complexity": 3,
        "requires_judgment": True,
        "human_visible": True,
        "depends_on": ["a"],
        "inputs": {"n": "a.total"},
        "response_schema": {
            "type": "object",
            "properties": {"sum": {"type": "number"}},
            "required": ["sum"],
            "additionalProperties": False,
        },
        "tools": ["calc"],
    }
    assert steps_of(short | more) == steps_of(long)


def test_lines_of_the_goal_need_not_be_copied() -> None:
    one, two = steps_of({"id": "a", "do": "{#2}"}, {"id": "b", "do": "Do both: {#2-3}"})
    assert one.instruction == "read the note"
    assert two.instruction == "Do both: - read the note\n- say the date"


def test_templates_are_filled_and_their_fields_may_be_changed() -> None:
    (step,) = steps_of({"id": "a", "use": "row", "with": {"record": "{#2}", "columns": ["id", "name"]}, "hard": 4})
    assert step.instruction == "Write read the note as CSV, columns id, name."
    assert (step.task_type, step.input_complexity) == ("format", 4.0)


def test_the_planner_is_told_of_the_templates_that_are_there(workshop: Callable[..., Workshop]) -> None:
    shop = workshop(plan_of(entry("a")))
    shop.run(templates=[ROW])
    (prompt,) = shop.script.prompts("Plan how")
    assert "  - row(record, columns): Write {record} as CSV, columns {columns}.\n" in prompt


def test_a_plan_says_its_own_templates_once() -> None:
    own = {"look": {"do": "Look {city} up.", "type": "extract", "tools": ["search"]}}
    cities = [{"city": "Oslo"}, {"city": "Rome"}]
    found = steps_of(
        {"id": "look", "use": "look", "each": cities}, {"id": "sum", "do": "Sum.", "after": ["look"]}, templates=own
    )
    assert [(s.step_id, s.instruction, s.tools) for s in found[:2]] == [
        ("look-1", "Look Oslo up.", ("search",)),
        ("look-2", "Look Rome up.", ("search",)),
    ]
    assert found[2].depends_on == ("look-1", "look-2")


def test_what_a_parameter_is_filled_with_is_not_read_again() -> None:
    frame = PlanFrame("Say {record} and {#1}", {"row": ROW})
    (step,) = steps_of({"id": "a", "use": "row", "with": {"record": "{#1}", "columns": "x"}}, frame=frame)
    assert step.instruction == "Write Say {record} and {#1} as CSV, columns x."


def test_an_instruction_in_the_long_form_stays_as_it_is() -> None:
    (step,) = steps_of({"id": "a", "instruction": 'Reply as {"id": 7} or {name}, see {#9}'})
    assert step.instruction == 'Reply as {"id": 7} or {name}, see {#9}'


def test_json_in_what_to_do_is_no_parameter() -> None:
    assert steps_of({"id": "a", "do": 'Reply as {"id": 7} or {}.'})[0].instruction == 'Reply as {"id": 7} or {}.'


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"do": "{#4}"}, r"says \{#4\}; the goal has the lines 1 to 3"),
        ({"do": "{#3-2}"}, r"says \{#3-2\}; the goal has the lines 1 to 3"),
        ({"do": "{#99999999999999999999}"}, "the goal has the lines 1 to 3"),
        ({"do": "go to {city}"}, r"says \{city\}, which nothing gives; given are none"),
        ({"use": "row", "with": {"record": "x"}}, r"says \{columns\}, which nothing gives; given are record"),
        ({"use": "raw"}, "use is 'raw'; there are the templates row"),
        ({"use": "row", "do": "x"}, "uses the template 'row' and says what to do as well"),
        ({"do": "x", "instruction": "y"}, "gives both do and instruction"),
        ({"do": "x", "with": ["y"]}, "with is .* parameters by name"),
        ({"do": "x", "each": {"a": 1}}, "each needs a list of parameters"),
        ({"do": "x", "each": [1] * 501}, "each makes 501 steps; at most 500"),
        ({"do": "{item}", "each": ["x" * 50_001]}, "says 50001 characters; at most 50000"),
        ({"do": "x", "json": {"a": "numbre"}}, r"json\.a is 'numbre'; array, boolean"),
        ({"do": "x", "json": 7}, "fields with their types are needed"),
        ({"do": 7}, "instruction is 7; say what the step has to do"),
    ],
)
def test_what_a_short_plan_cannot_say_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        steps_of({"id": "a"} | entry)


def test_a_plan_cannot_blow_up() -> None:
    """Two kilobytes of plan that would be gigabytes of instructions."""
    blown = [{"id": f"s{i}", "do": "{#1}", "each": [1] * 400} for i in range(400)]
    with pytest.raises(PlanError, match="the plan says more than 2000000 characters"):
        steps_of(*blown, frame=PlanFrame("x" * 40_000))


@pytest.mark.parametrize("around", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "fields"])
def test_a_schema_is_nested_twenty_levels_deep_at_most(around: Callable[[Any], Any]) -> None:
    deep: Any = "string"
    for _ in range(20):
        deep = around(deep)
    schema_of(deep, "json")
    with pytest.raises(PlanError, match="nested too deeply"):
        schema_of(around(deep), "json")


def test_a_template_of_the_runtime_is_not_replaced() -> None:
    with pytest.raises(PlanError, match="the template 'row' is there already"):
        steps_of({"id": "a", "use": "row"}, templates={"row": {"do": "Delete all."}})
    with pytest.raises(PlanError, match="templates needs names with steps"):
        steps_of({"id": "a", "use": "row"}, templates=["row"])


def test_slots_are_words_of_the_goal_and_stand_in_the_steps() -> None:
    frame = PlanFrame("Close the ticket 17.\n- note: all is well")
    slots = {"ticket": "17", "note": "#2"}
    (step,) = steps_of({"id": "a", "do": "Close {ticket}: {note}"}, frame=frame, slots=slots)
    assert step.instruction == "Close 17: note: all is well"
    with pytest.raises(PlanError, match="the slot 'ticket' is '18', which the goal does not say"):
        steps_of({"id": "a", "do": "Close {ticket}"}, frame=frame, slots={"ticket": "18"})


def test_schemas_in_words() -> None:
    assert schema_of({"state": "open|closed", "n?": "integer", "tags": ["string"]}, "json") == {
        "type": "object",
        "properties": {
            "state": {"enum": ["open", "closed"]},
            "n": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["state", "tags"],
        "additionalProperties": False,
    }
    whole = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert schema_of(whole, "json") is whole


@pytest.mark.parametrize(("name", "instruction"), [("a b", "x"), ("", "x"), ("a", " ")])
def test_a_template_that_no_plan_could_use_is_refused(name: str, instruction: str) -> None:
    with pytest.raises(TierwiseError, match="the template"):
        StepTemplate(name, instruction)
