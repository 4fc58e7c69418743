"""Perturbed copies: other words around the same work."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.records import LoggedStep, Message, Step
from tierwise.training.fitting.perturbation import perturbed, perturbed_copies


def test_a_copy_keeps_everything_but_the_text(train_steps: tuple[LoggedStep, ...]) -> None:
    steps = train_steps[:60]
    for original, copy in zip(steps, perturbed_copies(steps, 0), strict=True):
        assert copy.step.text != original.step.text
        assert replace(copy, step=replace(copy.step, text=original.step.text)) == original


def test_the_work_is_still_in_the_text(train_steps: tuple[LoggedStep, ...]) -> None:
    for original, copy in zip(train_steps[:60], perturbed_copies(train_steps[:60], 0), strict=True):
        assert original.step.prompt.upper() in copy.step.text.upper()


def test_the_same_seed_gives_the_same_copies_and_another_gives_others(train_steps: tuple[LoggedStep, ...]) -> None:
    assert perturbed_copies(train_steps[:30], 1) == perturbed_copies(train_steps[:30], 1)
    assert perturbed_copies(train_steps[:30], 1) != perturbed_copies(train_steps[:30], 2)


def test_copies_of_the_first_steps_do_not_depend_on_how_many_follow(train_steps: tuple[LoggedStep, ...]) -> None:
    assert perturbed_copies(train_steps[:30], 1)[:10] == perturbed_copies(train_steps[:10], 1)


@pytest.mark.parametrize("step", [Step(), Step(text="😀 שלום"), Step(messages=(Message("user", "Hi"),))])
def test_any_step_has_a_copy_whose_prompt_holds_its_own(step: Step) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        copy = perturbed(LoggedStep("s", step), rng).step
        assert step.prompt.upper() in copy.prompt.upper()
