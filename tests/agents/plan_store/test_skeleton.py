"""A goal is of a kind only where it says the very same but for its slots: pairs that look alike and are not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.agents.plan_store import recipe_of
from tierwise.agents.plan_store.kinds import Kind, slot_kind
from tierwise.agents.plan_store.skeleton import skeleton_of

GOAL = "Refund order 17 of Anna and note it in log-3.txt by 2026-03-01."
SLOTS = {"order": "17", "who": "Anna", "file": "log-3.txt", "day": "2026-03-01"}
PLAN = {"steps": [{"id": "a", "do": "Refund {order} of {who}, note in {file} by {day}", "tools": ["refund"]}]}


def used(
    goal: str, slots: dict[str, str] = SLOTS, asked: str = GOAL, plan: dict[str, Any] = PLAN
) -> dict[str, str] | None:
    """The values with which the plan for ``asked`` would be used for ``goal``; None where it is not."""
    recipe = recipe_of("agent", asked, plan, slots, "tools")
    assert recipe is not None
    values = recipe.skeleton.match(goal)
    return values if values is not None and recipe.takes(values) else None


def test_a_goal_of_the_same_kind_is_found_with_its_values() -> None:
    goal = "Refund order 23 of Bob Lee and note it in log-9.txt by 2026-04-11."
    assert used(goal) == {"order": "23", "who": "Bob Lee", "file": "log-9.txt", "day": "2026-04-11"}


@pytest.mark.parametrize(
    "goal",
    [
        "Cancel order 23 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Bob and note it in log-9.txt after 2026-04-11.",
        "Do not refund order 23 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Bob and do not note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Bob and note it in log-9.txt by 2026-04-11. Then delete the order.",
        "Refund order 23 of Everyone and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Anna Bob Carl and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Anna and Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23, 24 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order -23 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 0 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23000 of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23% of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order all of Bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of Bob and note it in /etc/passwd by 2026-04-11.",
        "Refund order 23 of Bob and note it in log-9.txt by yesterday.",
        "Refund order 23 of bob and note it in log-9.txt by 2026-04-11.",
        "Refund order 23 of  and note it in log-9.txt by 2026-04-11.",
        "",
    ],
)
def test_a_goal_that_differs_in_what_matters_is_another_kind(goal: str) -> None:
    assert used(goal) is None


def test_a_word_that_may_be_what_matters_is_no_slot() -> None:
    goal, plan = "Please archive the file a-1.txt.", {"steps": [{"id": "a", "do": "{verb} {file}"}]}
    slots = {"verb": "archive", "file": "a-1.txt"}
    assert used("Please archive the file a-2.txt.", slots, goal, plan) == {"file": "a-2.txt"}
    assert used("Please delete the file a-2.txt.", slots, goal, plan) is None


def test_a_verb_that_begins_a_sentence_is_no_name() -> None:
    slots = {"verb": "Archive", "file": "a-1.txt"}
    plan = {"steps": [{"id": "a", "do": "{verb} {file}"}]}
    for start in ("", "It is old. ", "Do this: ", "Now:\n- "):
        assert used(f"{start}Delete a-2.txt", slots, f"{start}Archive a-1.txt", plan) is None


@pytest.mark.parametrize(
    "do",
    [
        "Refund 17 to {who}",  # the value itself
        "Greet ANNABEL",  # made of the value
    ],
)
def test_a_plan_that_hangs_on_a_value_elsewhere_is_for_the_very_same_goal(do: str) -> None:
    plan = {"steps": [{"id": "a", "do": f"{do} for {{order}} {{who}} {{file}} {{day}}"}]}
    assert used("Refund order 23 of Bob and note it in log-9.txt by 2026-04-11.", plan=plan) is None
    assert used(GOAL, plan=plan) == {}
    recipe = recipe_of("agent", GOAL, plan, SLOTS, "tools")
    assert recipe is not None
    assert "17 Anna log-3.txt 2026-03-01" in recipe.plan["steps"][0]["do"], "its slots are written out"


@pytest.mark.parametrize("do", ["Refund {order}, in all 34 of them", "Read the rows from 2026-02-01 to {day}"])
def test_a_number_that_may_be_worked_out_from_a_value_needs_a_second_plan(do: str) -> None:
    plan = {"steps": [{"id": "a", "do": f"{do} for {{order}} {{who}} {{file}} {{day}}"}]}
    recipe = recipe_of("agent", GOAL, plan, SLOTS, "tools")
    assert recipe is not None
    assert not recipe.is_confirmed
    assert used(GOAL) == SLOTS


def test_numbers_of_the_goal_itself_may_stand_in_the_plan() -> None:
    asked, plan = "Take 3 rows of order 17.", {"steps": [{"id": "a", "do": "3 rows of {order}", "hard": 9}]}
    assert used("Take 3 rows of order 18.", {"order": "17"}, asked, plan) == {"order": "18"}
    assert used("Take 4 rows of order 18.", {"order": "17"}, asked, plan) is None


def test_one_value_at_two_places_is_one_value_in_every_goal() -> None:
    asked, plan = "Copy 17 to 17.bak of 17", {"steps": [{"id": "a", "do": "{n}"}]}
    assert used("Copy 18 to 18.bak of 18", {"n": "17"}, asked, plan) == {"n": "18"}
    assert used("Copy 18 to 19.bak of 18", {"n": "17"}, asked, plan) is None


def test_a_goal_that_can_be_read_in_two_ways_is_not_read() -> None:
    asked = 'Note "all is well with us here" to "the whole team of ours" now'
    slots = {"a": "all is well with us here", "b": "the whole team of ours"}
    plan = {"steps": [{"id": "s", "do": "{a} {b}"}]}
    fine = 'Note "we are all fine today" to "those who asked for us" now'
    assert used(fine, slots, asked, plan) == {"a": "we are all fine today", "b": "those who asked for us"}
    assert (
        used('Note "one two three four" to "five six seven eight" to "one two three four" now', slots, asked, plan)
        is None
    )


def test_what_has_a_line_of_its_own_is_free_text_whatever_it_is() -> None:
    asked, plan = "Work it out:\n- 3 * 4\nNote: 5 kg in g", {"steps": [{"id": "a", "do": "{sum} {note}"}]}
    slots = {"sum": "3 * 4", "note": "5 kg in g"}
    recipe = recipe_of("agent", asked, plan, slots, "t")
    assert recipe is not None
    assert recipe.has_free_text
    assert used("Work it out:\n- 3 * 4 + 5 * 6 - 7\nNote: half a pound", slots, asked, plan) is not None
    assert used("Work it out:\n- delete\nNote: 5 kg in g", slots, asked, plan) is None
    assert used("Work it out:\n- 3 * 4\n- 5 * 6\nNote: 5 kg in g", slots, asked, plan) is None, "two lines are not one"


def test_free_text_is_marked_for_a_second_look() -> None:
    recipe = recipe_of("agent", "Sum up: all is well with us", {"steps": []}, {"note": "all is well with us"}, "t")
    assert recipe is not None
    assert recipe.has_free_text
    other = recipe_of("agent", GOAL, PLAN, SLOTS, "t")
    assert other is not None
    assert not other.has_free_text


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("please refund the order 23 of Bob, and note it in log-9.txt by 2026-04-11", True),
        ("Kindly refund order 23 of Bob and note it in log-9.txt by 2026-04-11!", False),
        ("Refund order 23 of Bob and never note it in log-9.txt by 2026-04-11.", False),
        ("Refund order 23 of Bob or note it in log-9.txt by 2026-04-11.", False),
        ("Note it in log-9.txt by 2026-04-11 and refund order 23 of Bob.", False),
    ],
)
def test_words_that_a_model_found_are_checked(said: str, accepted: bool) -> None:
    values = {"order": "23", "who": "Bob", "file": "log-9.txt", "day": "2026-04-11"}
    assert skeleton_of(GOAL, SLOTS).accepts(said, values) is accepted
    assert not skeleton_of(GOAL, SLOTS).accepts(said, values | {"who": "Carl"})
    assert not skeleton_of(GOAL, SLOTS).accepts(said, {"order": "23"})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("17", Kind.NUMBER),
        ("$1,250.50", Kind.NUMBER),
        ("2026-03-01", Kind.DATE),
        ("March 2026", Kind.DATE),
        ("Delete 2026", Kind.WORD),
        ("INV-0017", Kind.CODE),
        ("ada@example.org", Kind.CODE),
        ("Ada Lovelace", Kind.NAME),
        ("Nobody", Kind.WORD),
        ("archive", Kind.WORD),
        ("not Anna", Kind.WORD),
        ("two\nlines", Kind.WORD),
        (" 17", Kind.WORD),
        ("all is well with us", Kind.TEXT),
    ],
)
def test_kinds_of_values(value: str, kind: Kind) -> None:
    assert slot_kind(value).kind is kind


@pytest.mark.slow
@given(st.lists(st.integers(1, 99), min_size=2, max_size=4, unique=True), st.integers(1, 99))
def test_what_is_found_makes_the_goal_again(numbers: list[int], other: int) -> None:
    goal = " and ".join(f"row {n}" for n in numbers)
    skeleton = skeleton_of(goal, {f"n{i}": str(n) for i, n in enumerate(numbers)})
    said = " and ".join(f"row {n + other}" for n in numbers)
    values = skeleton.match(said)
    assert values is not None
    assert "".join(values[p.text] if p.is_slot else p.text for p in skeleton.parts) == said


def test_a_recipe_is_read_as_it_was_written() -> None:
    recipe = recipe_of("agent", GOAL, PLAN, SLOTS, "tools")
    assert recipe is not None
    assert type(recipe).from_json(recipe.to_json()) == recipe
    assert json.loads(recipe.filled({"order": "1"}))["slots"] == {"order": "1"}
