"""Steps of which only the end of their task is known: whole tasks, the same ones from whichever parts."""

from collections import Counter

import numpy as np
import pytest

from tierwise.data.drawing.draw import StepDraw, draw_steps
from tierwise.data.drawing.task_draw import TaskWord
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step

TIERS = ("small", "frontier")
SIZES = [1 + number % 7 for number in range(60)]


def weak_log(of_known: float = 1.0) -> list[LoggedStep]:
    """Tasks of one to seven steps; the last step of so large a share of them says how its task ended."""
    log = []
    for task, size in enumerate(SIZES):
        for index in range(size):
            is_last = index == size - 1 and task < of_known * len(SIZES)
            attempt = Attempt("small", task_success=task % 2 == 0 if is_last else None)
            log.append(LoggedStep(f"s-{task}-{index}", Step("x", step_index=index), (attempt,), task_id=f"t-{task}"))
    return log


LOG = weak_log()


def test_tasks_with_a_known_end_are_drawn_and_others_are_not() -> None:
    drawn = draw_steps(weak_log(0.5), TIERS, 0)
    assert (drawn.n_known, len(drawn.steps), len(drawn.weak)) == (0, 0, sum(SIZES[:30]))
    assert drawn.tasks["t-1"] == TaskWord(False, 0)
    assert "t-40" not in drawn.tasks
    assert draw_steps([], TIERS, 0).fingerprint != drawn.fingerprint


@pytest.mark.parametrize("max_steps", [0, 40, 5000])
@pytest.mark.parametrize("n_parts", [1, 3, 20])
def test_parts_in_any_order_draw_the_same_whole_tasks(max_steps: int, n_parts: int) -> None:
    whole = draw_steps(LOG, TIERS, max_steps)
    shuffled = [LOG[row] for row in np.random.default_rng(n_parts).permutation(len(LOG))]
    merged = StepDraw(TIERS, max_steps)
    for part in range(n_parts):
        draw = StepDraw(TIERS, max_steps)
        for step in shuffled[part::n_parts]:
            draw.add(step)
        merged.merge(draw)
    found = merged.drawn()
    assert found == whole
    sizes = Counter(step.task_id for step in found.weak)
    assert all(n == SIZES[int(str(task)[2:])] for task, n in sizes.items())
    assert len(found.weak) == len(LOG) if max_steps != 40 else 30 < len(found.weak) <= 40


def test_they_get_the_room_that_known_steps_leave() -> None:
    known = [LoggedStep(f"k-{n}", Step(f"y {n}"), (Attempt("small", success=True),)) for n in range(30)]
    drawn = draw_steps([*LOG, *known], TIERS, 40)
    assert len(drawn.steps) == 30
    assert 0 < len(drawn.weak) <= 10


def test_the_same_export_twice_is_one() -> None:
    assert draw_steps([*LOG, *LOG], TIERS, 0).weak == draw_steps(LOG, TIERS, 0).weak


def test_a_decision_without_attempts_is_a_step_of_its_task_too() -> None:
    decided = LoggedStep("s", Step("x"), task_id="t-3", decision=LoggedDecision("d", "small"))
    assert decided in draw_steps([*LOG, decided], TIERS, 0).weak
    foreign = LoggedStep("s", Step("x"), task_id="t-3", decision=LoggedDecision("d", "huge"))
    assert foreign not in draw_steps([*LOG, foreign], TIERS, 0).weak
