"""Parts: no kind of work pays for the saving of another, and dear steps are worth no more loss than cheap ones."""

import numpy as np
import pytest

from tierwise.data.labels import outcome_table
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.router_model.choosing.operating_point import point_at
from tierwise.router_model.choosing.parts import Part
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.parts import MIN_PART_UNITS, POOLED, CertifiedParts, Log, certify_parts
from tierwise.training.certification.points import Outcome, Trial
from tierwise.training.certification.units import unit_codes
from tierwise.training.evidence import Witness

TIERS = ("small", "frontier")


def log_of(counts: dict[str, int], p_small: dict[str, float], believed: float = 0.9, cost: float = 1.0) -> Log:
    """Steps of several types, all tried on both tiers; the model believes the same of every one of them."""
    rng = np.random.default_rng(0)
    steps = [
        LoggedStep(
            f"{kind}-{row}",
            Step("x", task_type=kind or None),
            (Attempt("small", success=bool(rng.random() < p_small[kind])), Attempt("frontier", success=True)),
        )
        for kind, count in counts.items()
        for row in range(count)
    ]
    n = len(steps)
    success = outcome_table(steps, TIERS).success
    dear = np.array([cost if step.step.task_type == "dear" else 1.0 for step in steps])
    cost_usd = dear[:, None] * np.array([0.01, 1.0])
    p_success = np.column_stack([np.full(n, believed) + rng.normal(0, 0.01, n), np.full(n, 0.95)])
    expected = Expected(p_success, cost_usd, cost_usd[:, -1])
    held_out = HeldOut(expected, np.arange(n) % 3, success, cost_usd, np.zeros(n, dtype=np.bool_), np.ones(n))
    return Log(steps, Witness.of(steps, TIERS, success), [held_out], expected, unit_codes(steps), np.ones(n))


def part(found: CertifiedParts, name: str) -> Part:
    return next(part for part in found.parts if part.name == name)


@pytest.mark.slow
def test_a_part_that_loses_saves_nothing_although_the_whole_could_bear_it() -> None:
    found = certify_parts(
        log_of({"easy": 3000, "dear": 150}, {"easy": 1.0, "dear": 0.2}, cost=1000.0), "task_type", 0.9
    )
    assert point_at(part(found, "easy").points, 0.03).saving > 0.9
    assert point_at(part(found, "dear").points, 0.03).cost_weight is None
    together = point_at(found.together, 0.03)
    assert together.saving == pytest.approx(0.99 * 3000 / 3150, abs=0.02)
    assert together.saving_usd < 0.05


def test_parts_that_do_not_hold_together_go_back_to_what_a_smaller_loss_certifies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = log_of({"a": 400, "b": 400}, {"a": 0.9, "b": 0.9})

    def passes(_trial: Trial, outcome: Outcome, _top: Outcome, loss: float) -> bool:
        return (outcome.p_moved <= 4 * loss) if len(outcome.success) == 400 else loss < 0.05

    monkeypatch.setattr(Trial, "is_within", passes)
    found = certify_parts(log, "task_type", 0.9)
    for one in found.parts:
        own = {loss: point_at(one.points, loss) for loss in (0.03, 0.045, 0.1)}
        assert 0 < own[0.03].saving < own[0.045].saving
        assert own[0.1].saving == own[0.045].saving
    assert point_at(found.together, 0.1).saving == point_at(found.together, 0.045).saving


@pytest.mark.slow
def test_where_no_part_may_save_the_whole_is_promised_nothing() -> None:
    found = certify_parts(log_of({"a": 400, "b": 400}, {"a": 0.2, "b": 0.2}), "task_type", 0.9)
    assert point_at(found.together, 0.01).cost_weight is None
    assert all(point_at(one.points, 0.01).cost_weight is None for one in found.parts)


def test_kinds_with_few_tasks_are_certified_together() -> None:
    few = int(MIN_PART_UNITS) - 10
    counts = {"large": 400, "one": few, "two": few, "": few}
    found = certify_parts(log_of(counts, dict.fromkeys(counts, 1.0)), "task_type", 0.9)
    assert sorted(one.name for one in found.parts) == ["large", POOLED]
    assert part(found, POOLED).values == ("", "one", "two")
    assert part(found, POOLED).n_steps == 3 * few


@pytest.mark.slow
def test_a_small_kind_alone_beside_a_large_one_borrows_nothing() -> None:
    found = certify_parts(log_of({"large": 2000, "dear": 40}, {"large": 1.0, "dear": 1.0}), "task_type", 0.9)
    assert point_at(part(found, "large").points, 0.03).saving > 0.9
    assert point_at(part(found, POOLED).points, 0.03).cost_weight is None


@pytest.mark.slow
@pytest.mark.parametrize("field", [None, "task_type"])
def test_a_log_of_one_kind_is_one_part(field: str | None) -> None:
    found = certify_parts(log_of({"only": 500}, {"only": 1.0}), field, 0.9)
    assert len(found.parts) == (1 if field else 0)
    assert point_at(found.together, 0.03) == point_at(found.whole.points, 0.03)
    assert found.whole.n_tasks == 500


@pytest.mark.slow
def test_a_part_says_what_its_evidence_is() -> None:
    one = part(certify_parts(log_of({"a": 200, "b": 300}, {"a": 1.0, "b": 0.5}), "task_type", 0.9), "b")
    assert (one.n_steps, one.n_tasks, one.n_effective, one.n_outcomes, one.missing) == (300, 300, 300.0, (300, 300), "")
