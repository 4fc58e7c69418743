"""Operating points of one part: careful to bold, stopped at the first failure, and the weight that serves them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.certification import points as points_module
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.paths import SAVINGS, choose, weights_at
from tierwise.training.certification.points import Trial, certify_part
from tierwise.training.certification.units import Units

ALL_TIERS = np.ones(3, dtype=np.bool_)


def expected_of(p_success: Floats) -> Expected:
    cost_usd = np.tile([0.001, 0.01, 0.1], (len(p_success), 1))
    return Expected(p_success, cost_usd, cost_usd[:, -1])


def held_out(n_steps: int, seed: int) -> HeldOut:
    rng = np.random.default_rng(seed)
    p_success = np.sort(rng.random((n_steps, 3)), axis=1)
    success = (rng.random((n_steps, 3)) < p_success).astype(np.float64)
    expected = expected_of(p_success)
    fold = np.arange(n_steps) % 3
    return HeldOut(expected, fold, success, expected.cost_usd, np.zeros(n_steps, dtype=np.bool_), np.ones(n_steps))


def certified(*repeats: HeldOut, tiers: np.ndarray = ALL_TIERS) -> tuple[OperatingPoint, ...]:
    first = repeats[0]
    trial = Trial(repeats, Units.of(np.arange(len(first)), first.weight), 0.9)
    return certify_part(trial, first.expected, first.is_unfamiliar, tiers).points


@pytest.mark.slow
def test_points_keep_their_loss_and_grow_bolder_with_it() -> None:
    points = [point for point in certified(held_out(3000, 0)) if point.cost_weight is not None]
    assert points
    assert all(point.loss <= point.loss_upper <= point.max_quality_loss for point in points)
    assert all(a.cost_weight <= b.cost_weight and a.saving <= b.saving for a, b in pairwise(points))  # type: ignore[operator]


@pytest.mark.slow
def test_the_walk_stops_at_the_first_policy_that_is_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the bolder ones look like: their turn does not come."""
    log = held_out(3000, 0)
    whole = point_at(certified(log), 1.0)
    is_within, refused = Trial.is_within, []

    def third_fails(trial: Trial, outcome: points_module.Outcome, top: points_module.Outcome, loss: float) -> bool:
        refused.append(outcome.p_moved)
        return len({*refused}) < 3 and is_within(trial, outcome, top, loss)

    monkeypatch.setattr(Trial, "is_within", third_fails)
    assert whole.saving > 0.5
    assert point_at(certified(log), 1.0).saving < 0.05


@pytest.mark.slow
def test_the_same_steps_twice_certify_what_they_certify_once() -> None:
    once = held_out(1000, 0)
    assert certified(once, once) == certified(once)


@pytest.mark.slow
def test_a_repeat_that_fails_holds_back_what_another_certifies() -> None:
    """The second repeat takes the order of the tiers upside down; the top tier is still the last one."""
    good = held_out(1000, 0)
    bad = replace(good, expected=replace(good.expected, p_success=good.expected.p_success[:, ::-1]))
    one, both = (point_at(certified(*repeats), 0.1).saving for repeats in ((good,), (good, bad)))
    assert one > both


def test_a_few_steps_support_nothing_small() -> None:
    assert point_at(certified(held_out(20, 0)), 0.03).cost_weight is None


@pytest.mark.slow
def test_a_tier_without_evidence_is_never_chosen() -> None:
    log = held_out(3000, 0)
    only_mid = np.array([False, True, True])
    saving = point_at(certified(log, tiers=only_mid), 1.0).saving
    assert saving == pytest.approx(0.9, abs=0.001)
    assert all(point.cost_weight is None for point in certified(log, tiers=np.array([False, False, True])))


@pytest.mark.slow
def test_unfamiliar_steps_save_nothing_and_lose_nothing() -> None:
    log = held_out(2000, 0)
    unfamiliar = np.arange(2000) % 2 == 0
    careful = point_at(certified(replace(log, is_unfamiliar=unfamiliar)), 1.0)
    assert careful.saving <= 0.5
    assert careful.loss < point_at(certified(log), 1.0).loss


def test_a_smaller_loss_never_goes_further_than_a_larger_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may fail at a larger loss where it passed at a smaller one; a promise that is laxer must not save less."""

    def passes(_trial: Trial, outcome: points_module.Outcome, _top: points_module.Outcome, loss: float) -> bool:
        return bool(outcome.p_moved < (0.1 if loss == 0.05 else 0.3))

    monkeypatch.setattr(Trial, "is_within", passes)
    points = certified(held_out(2000, 0))
    savings = [point.saving for point in points]
    assert savings == sorted(savings)
    assert point_at(points, 0.045).saving == point_at(points, 0.05).saving < point_at(points, 0.055).saving


@pytest.mark.slow
def test_the_router_that_serves_moves_as_many_steps_as_were_certified() -> None:
    """Its predictions lie elsewhere than those of the folds; a cost weight of theirs would move all of its steps."""
    log = held_out(3000, 0)
    shifted = np.clip(log.expected.p_success + np.array([0.3, 0.1, 0.0]), 0, 1)
    final = expected_of(shifted)
    trial = Trial([log], Units.of(np.arange(3000), log.weight), 0.9)
    point = point_at(certify_part(trial, final, log.is_unfamiliar, ALL_TIERS).points, 0.05)
    assert point.cost_weight is not None
    chosen = choose(final, ALL_TIERS, point.cost_weight)
    saving = 1 - final.relative_cost[np.arange(3000), chosen].mean()
    assert saving == pytest.approx(point.saving, abs=0.03)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_a_larger_saving_never_asks_for_a_smaller_weight(seed: int, n_steps: int) -> None:
    expected = expected_of(np.random.default_rng(seed).random((n_steps, 3)))
    weights = weights_at(expected, ALL_TIERS, np.zeros(n_steps, dtype=np.bool_))
    assert (np.diff(weights) >= 0).all()
    reached = [
        1 - expected.relative_cost[np.arange(n_steps), choose(expected, ALL_TIERS, float(weight))].mean()
        for weight in weights
    ]
    best = 1 - expected.relative_cost[:, 0].mean()
    assert all(saving >= min(asked, best) - 1e-9 for saving, asked in zip(reached, SAVINGS, strict=True))


def test_a_promise_above_every_possible_loss_is_kept_by_anything() -> None:
    """Where all steps count little, the tolerated loss may exceed what a step can lose."""
    log = replace(held_out(6000, 0), weight=np.full(6000, 0.02), largest=0.02)
    trial = Trial((log,), Units.of(np.arange(6000), log.weight), 0.9)
    top = trial.top()
    assert trial.is_within(top, top, 0.1)
