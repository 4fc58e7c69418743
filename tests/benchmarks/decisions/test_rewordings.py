"""Rewordings: the same seed gives the same words, data stay, and each kind changes what it is for."""

import numpy as np
import pytest

from benchmarks.attacks.rewordings import REWORDINGS
from benchmarks.decisions.questions.paraphrases import reworded
from tierwise.data.records import Step

TEXT = (
    "Choose the queue for the ticket. It cannot be changed. Reply with only the queue name.\n"
    "- roads: streets, lights\n- parks: trees (1) old\n\nExample task: My bin.\nExample answer: waste\n\n"
    "Task: Nobody has emptied the 28 containers of Kavya for weeks."
)
ONE_LINE = "Choose the queue for the ticket. Reply with only the queue name.\n\nTask: Nobody came."


@pytest.mark.parametrize("name", REWORDINGS)
def test_a_rewording_changes_words_and_keeps_names_and_numbers(name: str) -> None:
    text = ONE_LINE if "order" in name else TEXT
    step = Step(text, task_type="route")
    rng_seeds = range(5)
    found = [reworded(step, REWORDINGS[name], seed) for seed in rng_seeds]
    assert any(each.text != text for each in found)
    assert found == [reworded(step, REWORDINGS[name], seed) for seed in rng_seeds]
    for each in found:
        assert each.task_type == "route"
        if text is TEXT:
            assert all(word in each.text for word in ("28", "Kavya"))


def test_a_step_that_a_rule_says_nothing_of_is_the_very_same() -> None:
    step = Step("817 * 60")
    assert reworded(step, REWORDINGS["labels"], 0) is step
    assert reworded(step, REWORDINGS["list markers"], 0) is step


def test_what_some_rules_write() -> None:
    rng = np.random.default_rng(0)
    assert "Sample input: My bin." in REWORDINGS["labels"](TEXT, rng)
    assert REWORDINGS["list markers"](TEXT, rng).count("\n* ") == 2
    moved = REWORDINGS["sentences in another order"](ONE_LINE, rng)
    assert moved.startswith("Reply with only the queue name. Choose")
    assert "can't" in REWORDINGS["short forms, other spelling"](TEXT, rng)
