"""Worlds of tasks keep what they say: sizes, shared effects, drift, dear types, and a truth that fits the draws."""

import numpy as np
import pytest

from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World

HEART = World(seed=4, n_task_types=3)


def test_the_same_arguments_give_the_same_log() -> None:
    world = TaskWorld(HEART, most_steps=3, task_spread=1.0)
    one, same, other = world.draw(60, 1), world.draw(60, 1), world.draw(60, 2)
    assert np.array_equal(one.success, same.success)
    assert not np.array_equal(one.steps.features, other.steps.features)


def test_equal_tasks_have_the_asked_size() -> None:
    sizes = np.bincount(TaskWorld(HEART, most_steps=7).draw(70, 1).steps.groups)
    assert sizes.tolist() == [7] * 10


def test_pareto_tasks_are_mostly_small_and_some_are_large() -> None:
    sizes = np.bincount(TaskWorld(HEART, sizes="pareto", most_steps=50).draw(5000, 1).steps.groups)
    assert np.median(sizes) <= 2
    assert sizes.max() == 50


def test_failing_tasks_fail_on_every_tier_but_the_top_one() -> None:
    drawn = TaskWorld(HEART, most_steps=20, failing_share=0.3).draw(2000, 1)
    by_task = drawn.success[:, :2].max(axis=1).reshape(-1, 20).mean(axis=1)
    top = drawn.success[:, 2].reshape(-1, 20).mean(axis=1)
    is_failing = by_task < 0.2
    assert 0.2 < is_failing.mean() < 0.4
    assert top[is_failing].mean() > 0.5


def test_steps_of_a_task_depend_on_each_other_only_where_it_has_an_effect() -> None:
    def spread(task_spread: float) -> float:
        world = TaskWorld(World(seed=4, signal=0.0, n_task_types=1), most_steps=10, task_spread=task_spread)
        return float(world.draw(5000, 1).success[:, 1].reshape(-1, 10).mean(axis=1).std())

    assert spread(0.0) == pytest.approx(np.sqrt(0.22 / 10), abs=0.03)
    assert spread(2.0) > 2 * spread(0.0)


@pytest.mark.parametrize(
    "world",
    [
        TaskWorld(HEART),
        TaskWorld(HEART, most_steps=5, task_spread=1.0, failing_share=0.07),
        TaskWorld(HEART, sizes="pareto", most_steps=50, size_slope=0.4),
        TaskWorld(HEART, hidden_spread=1.5, tier_lift=(-3.0, 0.0, 0.0)),
    ],
    ids=["single", "tasks", "harder when larger", "hidden"],
)
def test_what_is_true_of_fresh_steps_is_what_long_logs_show(world: TaskWorld) -> None:
    fresh, drawn = world.fresh(3000, 2), world.draw(40_000, 1)
    assert fresh.steps.p_success.mean(axis=0) == pytest.approx(drawn.success.mean(axis=0), abs=0.025)
    assert fresh.success.mean(axis=(0, 1)) == pytest.approx(fresh.steps.p_success.mean(axis=0), abs=0.01)


def test_the_mix_drifts_to_that_of_fresh_steps() -> None:
    world = TaskWorld(HEART, type_shares=(0.8, 0.1, 0.1), late_shares=(0.1, 0.1, 0.8))
    types, fresh = world.draw(3000, 1).steps.task_type, world.fresh(2000, 2).steps.task_type
    assert np.mean(types[:300] == 0) > 0.65
    assert np.mean(types[-300:] == 2) > 0.65
    assert np.bincount(fresh, minlength=3) / 2000 == pytest.approx([0.1, 0.1, 0.8], abs=0.03)


def test_a_dear_type_costs_a_hundred_times_as_much_and_succeeds_as_before() -> None:
    plain, dear = TaskWorld(HEART).fresh(400, 2), TaskWorld(HEART, dear_type=1).fresh(400, 2)
    ratio = dear.steps.expected_cost_usd / plain.steps.expected_cost_usd
    assert ratio[:, 0] == pytest.approx(np.where(plain.steps.task_type == 1, 100.0, 1.0))
    assert np.array_equal(dear.steps.p_success, plain.steps.p_success)


def test_a_cascade_from_the_top_is_one_attempt_and_from_below_succeeds_more_often_than_its_start() -> None:
    fresh = TaskWorld(HEART, task_spread=1.0).fresh(500, 2)
    p_top, cost_top = fresh.cascade(np.full(500, 2), 0.8)
    p_low, cost_low = fresh.cascade(np.zeros(500, dtype=np.int64), 0.8)
    assert p_top.mean() == pytest.approx(fresh.steps.p_success[:, 2].mean(), abs=0.01)
    assert cost_top == pytest.approx(fresh.steps.expected_cost_usd[:, 2])
    assert p_low.mean() > fresh.steps.p_success[:, 0].mean() + 0.1
    assert (cost_low >= fresh.steps.expected_cost_usd[:, 0] - 1e-12).all()
