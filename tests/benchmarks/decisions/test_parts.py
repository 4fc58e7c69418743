"""Dear parts, each part, and cascades: measured on two small sources, without a torn group or a lost step."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.cascading.escalating import measure_escalating
from benchmarks.decisions.contestants.learned import LearnedRouter
from benchmarks.decisions.pages.page import results_page
from benchmarks.decisions.problem import Fold, Problem
from benchmarks.decisions.questions.parts import dear_parts, each_part
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.progress import silent_progress


class Seen(LearnedRouter):
    """Learns nothing, keeps the folds, and decides by the last digit of a step's name."""

    folds: list[Fold] = []  # noqa: RUF012

    def answer(self, fold: Fold) -> Answers:
        self.folds.append(fold)
        digits = [int(fold.problem.steps[row].step_id[-1]) for row in fold.test]
        chosen = np.array([digit % 3 for digit in digits], dtype=np.int64)
        plain = Answers.choices(chosen, 3)
        return replace(plain, starts=np.stack([chosen] * len(self.catch_rates), axis=1))


@pytest.fixture
def sources(problem: Problem) -> list[Problem]:
    found = []
    for name, seed in (("one", 11), ("two", 12)):
        steps = World(seed=seed, group_size=2).draw(200, "full", seed=seed).logged_steps(problem.catalogue.names)
        renamed = [replace(s, step_id=f"{name}-{s.step_id}", group=f"{name}-{s.group}", task_id=None) for s in steps]
        found.append(Problem.of(name, renamed, problem.catalogue))
    return found


@pytest.fixture
def router() -> Seen:
    Seen.folds = []
    return Seen(0.03, catch_rates=(0.5, 1.0))


def groups(fold: Fold, rows: Sequence[int] | np.ndarray) -> set[str]:
    return {fold.problem.groups[row] for row in rows}


@pytest.mark.slow
def test_a_dear_part_is_learned_from_as_asked_and_the_rest_of_it_is_decided(
    sources: list[Problem], router: Seen, tmp_path: Path
) -> None:
    rows = dear_parts(sources, (10, 51), 2, 0, router, Cache(tmp_path), silent_progress)
    assert [(row["source"], row["n_dear"], row["seed"]) for row in rows] == [
        (name, n, seed) for name in ("one", "two") for n in (10, 51) for seed in (0, 1)
    ]
    for row, fold in zip(rows, router.folds, strict=True):
        names = [fold.problem.steps[place].step_id for place in fold.train]
        assert sum(name.startswith(row["source"]) for name in names) == row["n_dear"]
        assert len(names) == 200 + row["n_dear"]
        assert groups(fold, fold.test).isdisjoint(groups(fold, fold.train))
        assert all(fold.problem.steps[place].step_id.startswith(row["source"]) for place in fold.test)
        assert row["n_test"] == 200 - row["n_dear"] - row["n_dear"] % 2
    assert len({tuple(fold.train.tolist()) for fold in router.folds}) == 8
    assert "| one" in results_page({"dear": {"is_light": False, "n_most": 0, "rows": rows}})


@pytest.mark.slow
def test_the_dear_part_costs_a_hundred_times_as_much(sources: list[Problem], router: Seen, tmp_path: Path) -> None:
    dear_parts(sources, (10,), 1, 0, router, Cache(tmp_path), silent_progress)
    fold = router.folds[0]
    before = {step.step_id: cost for step, cost in zip(sources[0].steps, sources[0].cost_usd, strict=True)}
    after = {step.step_id: cost for step, cost in zip(fold.problem.steps, fold.problem.cost_usd, strict=True)}
    assert all(after[name] == pytest.approx(100 * cost) for name, cost in before.items())


@pytest.mark.slow
def test_each_part_is_the_loss_of_its_own_steps(sources: list[Problem], router: Seen, tmp_path: Path) -> None:
    rows = each_part(sources, 4, 2, router, Cache(tmp_path), silent_progress)
    assert len(rows) == 2
    for row in rows:
        assert row["whole"]["n_steps"] == 400
        for source in sources:
            chosen = np.array([int(step.step_id[-1]) % 3 for step in source.steps])
            success = source.success[np.arange(200), chosen].sum() / source.success[:, -1].sum()
            assert row["sources"][source.name]["loss"] == pytest.approx(1 - success)
        assert row["task types"] == {}
    assert "| the whole" in results_page({"parts": {"is_light": True, "rows": rows}})


def test_learned_starts_are_compared_with_the_best_mix_of_the_same_cascades(
    sources: list[Problem], router: Seen, tmp_path: Path
) -> None:
    found = measure_escalating(sources[0], router, 4, Cache(tmp_path), Bootstrap(40), silent_progress)
    assert [rate["catch_rate"] for rate in found["rates"]] == [0.5, 1.0]
    for rate in found["rates"]:
        assert [run["name"] for run in rate["runs"]] == [
            "learned start", "small → mid → frontier", "small → frontier", "mid → frontier", "frontier",
        ]  # fmt: skip
        assert rate["runs"][-1]["loss"]["value"] == rate["runs"][-1]["saving_dollars"]["value"] == 0
        for one in rate["differences"].values():
            assert one["success_at_equal_cost"]["low"] <= one["success_at_equal_cost"]["high"]
    assert "learned start" in results_page({"escalating": {"is_light": True, "logs": [found]}})
