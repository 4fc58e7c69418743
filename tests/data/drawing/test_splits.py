"""Splits never tear apart what belongs together, and do not depend on the order of the rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.drawing.splits import assign_folds, split_by_time, split_unit
from tierwise.data.records import LoggedStep, Step

NAME = st.none() | st.text("ab\x00é", min_size=1, max_size=2)
LOGS = st.lists(st.tuples(NAME, NAME, st.none() | st.floats(0, 4e9)), max_size=40).map(
    lambda rows: [
        LoggedStep(f"s{i}", Step(), group=group, task_id=task, timestamp=time)
        for i, (group, task, time) in enumerate(rows)
    ]
)


def steps_of(**sizes: int) -> list[LoggedStep]:
    return [LoggedStep(f"{group}-{i}", Step(), group=group) for group, size in sizes.items() for i in range(size)]


def test_the_group_comes_before_the_task_and_the_task_before_the_step() -> None:
    step = LoggedStep("s", Step(), task_id="t", group="g")
    assert [split_unit(s) for s in (step, replace(step, group=None), LoggedStep("s", Step()))] == ["g", "t", "s"]


@given(LOGS, st.integers(2, 5), st.integers(0, 3), st.randoms(use_true_random=False))
def test_folds_keep_units_whole_and_ignore_the_order(steps: list[LoggedStep], n_folds: int, seed: int, random) -> None:  # type: ignore[no-untyped-def]
    fold_of = dict(zip((s.step_id for s in steps), assign_folds(steps, n_folds, seed).tolist(), strict=True))
    folds_of_unit: dict[str, set[int]] = {}
    for step in steps:
        folds_of_unit.setdefault(split_unit(step), set()).add(fold_of[step.step_id])
    assert all(len(folds) == 1 for folds in folds_of_unit.values())
    assert set(fold_of.values()) <= set(range(n_folds))
    shuffled = random.sample(steps, len(steps))
    assert [fold_of[step.step_id] for step in shuffled] == assign_folds(shuffled, n_folds, seed).tolist()


def test_folds_differ_in_size_by_no_more_than_the_largest_unit() -> None:
    sizes = np.bincount(assign_folds(steps_of(a=7, b=5, c=5, d=3, e=2, f=1, g=1), 3))
    assert sizes.sum() == 24
    assert sizes.max() - sizes.min() <= 7
    even = np.bincount(assign_folds(steps_of(**{f"g{i}": 2 for i in range(50)}), 5))
    assert even.tolist() == [20] * 5


def test_the_seed_changes_the_folds_and_nothing_else_does() -> None:
    steps = steps_of(**{f"g{i}": 2 for i in range(50)})
    assert assign_folds(steps, 5, seed=1).tolist() == assign_folds(steps, 5, seed=1).tolist()
    assert assign_folds(steps, 5, seed=1).tolist() != assign_folds(steps, 5, seed=2).tolist()


def test_outcomes_do_not_move_a_step() -> None:
    steps = steps_of(a=3, b=2, c=2, d=1)
    blind = [replace(step, step=Step("other"), timestamp=5.0) for step in steps]
    assert assign_folds(steps, 3).tolist() == assign_folds(blind, 3).tolist()


def timed(*rows: tuple[str, float | None]) -> list[LoggedStep]:
    return [LoggedStep(f"s{i}", Step(), task_id=task, timestamp=time) for i, (task, time) in enumerate(rows)]


def test_later_steps_are_the_test_set() -> None:
    steps = timed(*((f"t{i}", float(i)) for i in range(10)))
    earlier, later = split_by_time(steps, 0.2)
    assert [step.timestamp for step in later] == [8.0, 9.0]
    assert earlier == steps[:8]


def test_a_task_stands_where_its_last_step_does_and_steps_without_time_are_earlier() -> None:
    steps = timed(("long", 0.0), ("short", 1.0), ("other", 2.0), ("none", None), ("third", 3.0), ("long", 9.0))
    earlier, later = split_by_time(steps, 0.3)
    assert {step.task_id for step in later} == {"long"}
    assert {step.task_id for step in earlier} == {"short", "other", "none", "third"}


@given(LOGS, st.sampled_from([0.1, 0.3, 0.5]))
def test_time_splits_lose_nothing_and_tear_no_unit(steps: list[LoggedStep], share: float) -> None:
    earlier, later = split_by_time(steps, share)
    assert sorted(s.step_id for s in [*earlier, *later]) == sorted(s.step_id for s in steps)
    assert not {split_unit(step) for step in earlier} & {split_unit(step) for step in later}
    assert [step for step in steps if step in earlier] == earlier
    newest = max((step.timestamp for step in earlier if step.timestamp is not None), default=-1.0)
    assert all(
        any(s.timestamp is not None and s.timestamp >= newest for s in later if split_unit(s) == split_unit(step))
        for step in later
    )


@pytest.mark.parametrize("steps", [[], timed(("a", None), ("b", None))], ids=["empty", "no times"])
def test_without_times_nothing_is_later(steps: list[LoggedStep]) -> None:
    assert split_by_time(steps, 0.2) == (steps, [])
