"""The walk through worlds: goes on where it was, counts what it should, and knows what truth allows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.decisions.pages.page import results_page
from benchmarks.decisions.pages.pictures import draw_guarantee
from benchmarks.decisions.promise.guarantee import summary, walk_worlds
from benchmarks.decisions.promise.guarantee_kinds import KINDS
from benchmarks.decisions.promise.guarantee_world import QUALITY_LOSSES, Worth, oracle
from tierwise.training.evaluation.synthetic.task_worlds import FreshSteps
from tierwise.training.progress import silent_progress

LINE: dict[str, Any] = {
    "n_tasks": 500,
    "parts": {"type-0": {"n_steps": 400, "n_tasks": 400}, "type-1": {"n_steps": 100, "n_tasks": 100}},
    "cascade": {"loss": 0.02, "saving": 0.5, "plain_losses": [0.2, 0.01, 0.0], "plain_savings": [0.9, 0.6, 0.0]},
}


def line(loss: float, by_type: tuple[float, float] = (0.0, 0.0), saving: float = 0.2) -> dict[str, Any]:
    found = {
        "loss": loss,
        "saving": saving,
        "oracle_saving": 0.4,
        "oracle_saving_by_part": 0.3,
        "loss_by_type": {"type-0": by_type[0], "type-1": by_type[1]},
        "is_supported": True,
        "certified_saving": 0.21,
    }
    return LINE | {"targets": {str(target): found for target in QUALITY_LOSSES}}


def at_three_percent(lines: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = summary(KINDS["tasks"], lines)["targets"]["0.03"]
    return found


def test_violations_are_counted_with_an_exact_interval() -> None:
    whole = at_three_percent([*[line(0.0)] * 9, line(0.04)])["whole"]
    assert (whole["n_violations"], whole["n"]) == (1, 10)
    assert whole["low"] == pytest.approx(0.0025, abs=1e-4)
    assert whole["high"] == pytest.approx(0.4450, abs=1e-4)


def test_a_part_counts_where_the_log_has_enough_tasks_of_it() -> None:
    found = at_three_percent([line(0.0, by_type=(0.05, 0.0)), line(0.0, by_type=(0.0, 0.9))])
    assert (found["any_part"]["n_violations"], found["parts"]["n"], found["worst_part_loss"]) == (1, 2, 0.05)


def test_a_refused_log_saves_nothing_and_loses_nothing() -> None:
    found = at_three_percent([line(0.04), {"n_tasks": 3, "refused": "too few"}])
    assert (found["whole"]["n"], found["median_saving"], found["median_share"]) == (2, 0.1, 0.25)


def test_a_deployed_saving_is_compared_with_the_certified_one() -> None:
    found = at_three_percent([line(0.0, saving=0.19), line(0.0, saving=0.01)])
    assert (found["n_near"], found["n_certified"]) == (1, 2)


def test_the_best_plain_cascade_is_one_that_keeps_the_promise() -> None:
    assert summary(KINDS["tasks"], [line(0.0)])["cascade"]["median_best_plain"] == 0.6


@pytest.mark.slow
def test_a_walk_goes_on_where_it_was_and_its_page_can_be_read(tmp_path: Path) -> None:
    kinds = ["single steps", "top only"]
    first = walk_worlds(kinds, 1, tmp_path, silent_progress, n_steps=200)
    stored = {path.name: path.read_text() for path in tmp_path.rglob("*.jsonl")}
    assert len(stored) == 2
    assert walk_worlds(kinds, 1, tmp_path, silent_progress, n_steps=200) == first
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.jsonl")} == stored
    assert "| top only" in results_page({"guarantee": first})
    assert draw_guarantee(first, tmp_path).is_file()


@pytest.mark.parametrize("by_part", [False, True])
@pytest.mark.parametrize("target", QUALITY_LOSSES)
def test_what_truth_allows_keeps_the_promise_and_saves(target: float, by_part: bool) -> None:
    fresh = KINDS["dear part"].draw_world(5).fresh(800, seed=2)
    worth = of_choice(fresh, oracle(fresh, target, by_part))
    assert 0 < worth.loss <= target
    assert worth.saving > 0.1
    if by_part:
        types = fresh.steps.task_type
        chosen = oracle(fresh, target, by_part)
        assert all(of_choice(fresh, chosen, types == part).loss <= target for part in np.unique(types))


def test_the_top_tier_alone_loses_and_saves_nothing() -> None:
    fresh = KINDS["dear part"].draw_world(5).fresh(200, seed=2)
    assert of_choice(fresh, np.full(200, 2)) == Worth(0.0, 0.0, 0.0)


def test_saving_relative_to_each_step_does_not_hear_what_is_dear() -> None:
    """The dear type alone on the cheapest tier saves most of the dollars and little of the steps' own costs."""
    world = replace(KINDS["dear part"].draw_world(5), type_shares=(0.05, 0.475, 0.475))
    fresh = world.fresh(2000, seed=2)
    worth = of_choice(fresh, np.where(fresh.steps.task_type == 0, 0, 2))
    assert worth.saving < 0.08 < 0.6 < worth.saving_usd


def of_choice(fresh: FreshSteps, chosen: np.ndarray, rows: np.ndarray | None = None) -> Worth:
    each = np.arange(len(fresh))
    return Worth.of(fresh, fresh.steps.p_success[each, chosen], fresh.steps.expected_cost_usd[each, chosen], rows)
