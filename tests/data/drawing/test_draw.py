"""Drawing steps from a log: at random, and the same ones whoever draws from whichever parts in whatever order."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.drawing.draw import StepDraw, draw_steps
from tierwise.data.drawing.fingerprint import dataset_fingerprint, in_canonical_order
from tierwise.data.records import Attempt, LoggedStep, Step

TIERS = ("small", "frontier")


def a_step(number: int, success: bool | None = True, tier: str = "small") -> LoggedStep:
    attempt = Attempt(tier, success=success, extra={"output": "long"})
    return LoggedStep(f"s-{number}", Step(f"text {number}"), (attempt,), extra={"gold": "long"})


STEPS = [a_step(number, success=number % 2 == 0) for number in range(400)]


@pytest.mark.parametrize("max_steps", [0, 400, 5000])
def test_a_log_that_is_short_enough_is_taken_whole_and_in_the_canonical_order(max_steps: int) -> None:
    drawn = draw_steps(STEPS, TIERS, max_steps)
    assert [step.step_id for step in drawn.steps] == [step.step_id for step in in_canonical_order(STEPS)]
    assert drawn.fingerprint == dataset_fingerprint(STEPS)
    assert (drawn.n_known, drawn.n_read) == (400, 400)


@pytest.mark.parametrize("n_parts", [1, 3, 40])
def test_parts_in_any_order_draw_what_the_whole_does(n_parts: int) -> None:
    whole = draw_steps(STEPS, TIERS, 50)
    assert len(whole.steps) == 50
    shuffled = [STEPS[row] for row in np.random.default_rng(n_parts).permutation(len(STEPS))]
    merged = StepDraw(TIERS, 50)
    for part in range(n_parts):
        draw = StepDraw(TIERS, 50)
        for step in shuffled[part::n_parts]:
            draw.add(step)
        merged.merge(draw)
    assert merged.drawn() == whole


@pytest.mark.parametrize("max_steps", [0, 30, 5000])
def test_the_very_same_step_counts_once_wherever_it_stands(max_steps: int) -> None:
    """Exports that overlap would else certify more than they hold."""
    once, repeated = draw_steps(STEPS, TIERS, max_steps), StepDraw(TIERS, max_steps)
    for part in (STEPS, STEPS[:100], STEPS[50:]):
        draw = StepDraw(TIERS, max_steps)
        for step in part:
            draw.add(step)
        repeated.merge(draw)
    found = repeated.drawn()
    assert (found.steps, found.fingerprint, found.n_known) == (once.steps, once.fingerprint, 400)
    assert (found.n_read, found.n_repeated, once.n_repeated) == (850, 450, 0)


def test_steps_of_one_id_that_say_different_things_all_count() -> None:
    steps = [replace(a_step(number), step_id="same") for number in range(5)]
    drawn = draw_steps(steps, TIERS, 0)
    assert (len(drawn.steps), drawn.n_repeated) == (5, 0)


def test_a_smaller_draw_is_the_beginning_of_a_larger_one() -> None:
    assert draw_steps(STEPS, TIERS, 20).steps == draw_steps(STEPS, TIERS, 80).steps[:20]


def test_the_fingerprint_is_that_of_all_steps_however_few_are_drawn() -> None:
    assert draw_steps(STEPS, TIERS, 10).fingerprint == dataset_fingerprint(STEPS)


@pytest.mark.slow
def test_what_is_drawn_does_not_depend_on_what_came_of_a_step() -> None:
    drawn = draw_steps([a_step(number, success=number % 2 == 0) for number in range(20_000)], TIERS, 5000)
    share = np.mean([step.attempts[0].success for step in drawn.steps])
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(5000)
    turned = draw_steps(
        [replace(a_step(n), attempts=(Attempt("frontier", success=False),)) for n in range(400)], TIERS, 9
    )
    assert [step.step_id for step in turned.steps] == [step.step_id for step in draw_steps(STEPS, TIERS, 9).steps]


def test_steps_that_teach_nothing_are_counted_and_left_out() -> None:
    drawn = draw_steps([*STEPS[:3], a_step(900, success=None), a_step(901, tier="other")], TIERS, 0)
    assert (len(drawn.steps), drawn.n_known, drawn.n_read) == (3, 3, 5)
    assert drawn.foreign_tiers == ("other",)


def test_unknown_fields_do_not_stay_in_memory() -> None:
    [step] = draw_steps(STEPS[:1], TIERS, 0).steps
    assert not step.extra
    assert not step.attempts[0].extra
