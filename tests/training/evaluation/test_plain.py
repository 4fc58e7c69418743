"""What needs no learning, on worlds small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.cascades.plain import best_mix, evaluate_models, plain_paths
from tierwise.training.evaluation.costs import logged_outcomes
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.outcomes import full_outcomes
from tierwise.training.evaluation.reporting.table_rows import Kind, TableRow, mark_best

DRAWS = Bootstrap(50)
# Small succeeds on one of four, mid on two, frontier on three; mid lies above the line between the others.
OUTCOMES = full_outcomes(
    np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), np.tile([1.0, 3.0, 10.0], (4, 1))
)


@pytest.mark.parametrize(
    ("success", "shares"),
    [
        (0.1, [1.0, 0.0, 0.0]),
        (0.25, [1.0, 0.0, 0.0]),
        (0.3, [0.8, 0.2, 0.0]),
        (0.5, [0.0, 1.0, 0.0]),
        (0.7, [0.0, 0.2, 0.8]),
        (0.9, [0.0, 0.0, 1.0]),
    ],
)
def test_the_best_mix_has_the_asked_success_at_the_least_cost(success: float, shares: list[float]) -> None:
    assert best_mix(OUTCOMES, success) == pytest.approx(shares)


def test_a_tier_that_costs_more_and_does_less_is_in_no_mix() -> None:
    worse_top = full_outcomes(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), np.tile([1.0, 3.0, 10.0], (2, 1)))
    assert best_mix(worse_top, 1.0) == pytest.approx([0.0, 1.0, 0.0])
    assert best_mix(worse_top, 0.75) == pytest.approx([0.5, 0.5, 0.0])
    hopeless = full_outcomes(
        np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), np.tile([1, 3, 10.0], (3, 1))
    )
    assert best_mix(hopeless, 0.9) == pytest.approx([0.0, 1.0, 0.0])


def test_every_start_and_every_skip_is_a_cascade() -> None:
    assert plain_paths(2) == [(0, 1)]
    assert plain_paths(4) == [(0, 1, 2, 3), (0, 1, 3), (0, 2, 3), (0, 3), (1, 2, 3), (1, 3), (2, 3)]
    assert plain_paths(5) == [(0, 1, 2, 3, 4), (0, 4), (1, 2, 3, 4), (1, 4), (2, 3, 4), (2, 4), (3, 4)]


def attempts_of(row: int) -> tuple[Attempt, ...]:
    """Mid is two models: m-good never fails at 4 $, m-weak fails every other step at 2 $. Frontier costs 10 $."""
    return (
        Attempt("small", model="s", success=False, cost_usd=1.0),
        Attempt("mid", model="m-weak", success=row % 2 == 0, cost_usd=2.0),
        Attempt("mid", model="m-good", success=True, cost_usd=4.0),
        Attempt("frontier", model="f", success=True, cost_usd=10.0),
    )


def test_models_of_one_tier_are_measured_each_on_the_steps_that_it_ran_on(catalogue: TierCatalogue) -> None:
    rows = [attempts_of(row) if row < 40 else (*attempts_of(row)[:2], attempts_of(row)[3]) for row in range(60)]
    steps = [LoggedStep(f"s{row}", Step(text="x"), attempts=attempts) for row, attempts in enumerate(rows)]
    found = logged_outcomes(steps, catalogue)
    models = evaluate_models(steps, catalogue, full_outcomes(found.success, found.cost_usd), DRAWS)
    assert list(models) == ["always-mid: m-good", "always-mid: m-weak"]
    good, weak = models["always-mid: m-good"], models["always-mid: m-weak"]
    assert (good.success.value, good.success.n, good.saving.value) == (1.0, 40, pytest.approx(0.6))
    assert (weak.success.value, weak.success.n, weak.saving.value) == (0.5, 60, pytest.approx(0.8))
    assert [share.value for share in weak.tier_shares] == [0.0, 1.0, 0.0]
    few = full_outcomes(found.success[:20], found.cost_usd[:20])
    assert evaluate_models(steps[:20], catalogue, few, DRAWS) == {}


def test_a_model_is_measured_where_its_cost_is_known(catalogue: TierCatalogue) -> None:
    rows = [list(attempts_of(row)) for row in range(40)]
    for row in range(5):
        rows[row][2] = replace(rows[row][2], cost_usd=None)
    steps = [LoggedStep(f"s{row}", Step(text="x"), attempts=tuple(attempts)) for row, attempts in enumerate(rows)]
    found = logged_outcomes(steps, catalogue)
    models = evaluate_models(steps, catalogue, full_outcomes(found.success, found.cost_usd), DRAWS)
    good = models["always-mid: m-good"]
    assert (good.saving.n, good.saving.value) == (35, pytest.approx(0.6))


def row(kind: Kind, name: str, loss: float, saving: float, catch_rate: float | None = None) -> TableRow:
    lost, saved = (Estimate(value, value, value, 9, 9.0) for value in (loss, saving))
    return TableRow(name, "full information", lost, lost, lost, saved, kind=kind, catch_rate=catch_rate)


def test_the_best_is_the_cheapest_that_loses_no_more_than_the_candidate_in_the_same_operation() -> None:
    rows = [
        row("tier", "small", 0.3, 0.9), row("tier", "mid", 0.02, 0.5), row("tier", "top", 0.0, 0.0),
        row("cascade", "from small", 0.02, 0.8, 0.8), row("cascade", "from mid", 0.01, 0.6, 0.8),
        row("cascade", "from small at 1", 0.0, 0.7, 1.0),
        row("candidate", "learned", 0.03, 0.6), row("candidate cascade", "learned at .8", -0.01, 0.6, 0.8),
    ]  # fmt: skip
    assert [marked.name for marked in mark_best(rows) if marked.is_best] == ["mid", "from mid"]
    assert [marked.label for marked in mark_best(rows) if marked.is_best] == ["mid *", "from mid *"]
