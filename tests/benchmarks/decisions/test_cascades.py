"""The contest of cascades: knobs set by part on hand-built families, and one small contest from end to end."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.decisions.cascading.cascades import (
    CERTIFIED,
    COURSES,
    EQUAL,
    LEARNED,
    MAX_LOSSES,
    SINGLE,
    Answered,
    measure_cascades,
    run_cascades,
)
from benchmarks.decisions.cascading.families import Family, Sides, of_single_shots, set_by_part
from benchmarks.decisions.pages.render_cascades import cascades_page
from benchmarks.decisions.problem import Problem
from tierwise.data.catalogue import TierCatalogue
from tierwise.training.evaluation.bootstrap import Bootstrap

N = 100
PARTS = np.array(["a"] * 50 + ["b"] * 50)
TOP = np.ones(N)


def family(lost: list[tuple[float, float]], cost: list[float]) -> Family:
    """Settings that lose a share in part a and another in part b: losses stand in front of each part."""
    lost_rows = [np.concatenate([np.arange(50) < 50 * a, np.arange(50) < 50 * b]).astype(float) for a, b in lost]
    return Family(np.zeros((len(cost), N), dtype=np.int64), np.array(lost_rows), np.array([[c] * N for c in cost]))


NOTHING, HALF, ALL = (0.0, 0.0), (0.0, 0.2), (0.02, 0.4)


def test_each_part_has_the_cheapest_setting_that_keeps_its_promise() -> None:
    sides = Sides(*[family([NOTHING, HALF, ALL], [0.9, 0.5, 0.1])] * 2)
    used = set_by_part(sides, TOP, [PARTS, PARTS], 0.03, 0.0, None)
    assert used.cost[:50].tolist() == [0.1] * 50
    assert used.cost[50:].tolist() == [0.9] * 50


def test_where_nothing_keeps_the_promise_or_saves_it_is_the_top_tier() -> None:
    for bad in (family([ALL], [0.1]), family([NOTHING], [1.2])):
        used = set_by_part(Sides(bad, bad), TOP, [PARTS, np.array(["b"] * N)], 0.0, 0.0, None)
        assert (used.cost == 1).all()
        assert not used.lost.any()


def test_parts_that_were_never_seen_use_what_is_given_for_them() -> None:
    sides = Sides(*[family([NOTHING], [0.5])] * 2)
    unseen = family([HALF], [0.3])
    used = set_by_part(sides, TOP, [PARTS, np.array(["a"] * 50 + ["new"] * 50)], 0.03, 0.0, unseen)
    assert (used.cost[:50].max(), used.cost[50:].max()) == (0.5, 0.3)


def test_a_margin_chooses_a_dearer_setting() -> None:
    sides = Sides(*[family([NOTHING, ALL], [0.9, 0.1])] * 2)
    assert set_by_part(sides, TOP, [PARTS, PARTS], 0.03, 1.0, None).cost[0] == 0.9


def test_single_shots_go_from_the_best_to_the_cheapest() -> None:
    chance, success = np.tile([0.5, 0.6, 0.9], (4, 1)), np.tile([0.0, 1.0, 1.0], (4, 1))
    cost = np.tile([0.01, 0.1, 1.0], (4, 1))
    train = of_single_shots(chance, chance, [success, success], [cost, cost]).train
    assert train.cost[0].tolist() == train.cost[1].tolist() == [1.0] * 4
    assert train.cost[-1].tolist() == [0.01] * 4
    assert train.lost[-1].tolist() == [1.0] * 4
    assert (np.diff(train.cost[1:, 0]) <= 0).all()


@pytest.mark.slow
def test_a_small_contest(sample_problem: Problem) -> None:
    answered = Answered.of(sample_problem)
    folds = sample_problem.folds(2, 0)
    found = run_cascades(answered, folds, lambda: None)
    tested = np.arange(len(sample_problem.steps))
    rows = measure_cascades(answered, found, np.array(["x"] * len(tested)), tested, Bootstrap(50))
    by_name = {(row["contestant"], row["max_loss"]): row for row in rows}
    assert by_name[SINGLE, 0.03]["more_than_single"]["value"] == 0
    assert by_name[EQUAL, 0.0]["saving"] == by_name[EQUAL, 0.03]["saving"]
    for name in (SINGLE, LEARNED, COURSES, CERTIFIED):
        savings = [by_name[name, max_loss]["saving"] for max_loss in MAX_LOSSES]
        assert savings == sorted(savings)
    best = by_name["two answers, oracle", 0.0]
    assert best["loss"] <= 0
    assert all(row["loss"] >= best["loss"] for row in rows)
    page = "\n".join(cascades_page([{"name": "sample", "n_steps": len(tested), "rows": [rows]}]))
    assert all(name in page for name in found)


@pytest.fixture(scope="module")
def sample_problem(sample_steps: tuple, sample_catalogue: TierCatalogue) -> Problem:  # type: ignore[type-arg]
    """Steps of the sample, each in a group of its own."""
    steps = [replace(step, group=None, task_id=None) for step in sample_steps[:400]]
    return Problem.of("sample", steps, sample_catalogue)
