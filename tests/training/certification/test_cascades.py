"""Where to start with a verifier: certified as a cascade, never worth less than the best plain one."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.router_model.choosing.operating_point import CATCH_RATES, OperatingPoint
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.training.certification.cascades import CASCADE_LOSSES, certify_cascades, under_catch_rate
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.points import Outcome, Trial
from tierwise.training.certification.units import Units

ALL_TIERS = np.ones(3, dtype=np.bool_)
COSTS = np.array([0.02, 0.1, 1.0])


def held_out(n: int, seed: int, share_hard: float = 0.4, is_told: bool = True) -> HeldOut:
    """Easy steps succeed anywhere, hard ones only at the top; the predictions tell them apart, or nothing."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n) < share_hard
    p = np.where(hard[:, None], [0.02, 0.05, 0.9], [0.95, 0.96, 0.97])
    success = (rng.random((n, 3)) < p).astype(np.float64)
    believed = p if is_told else np.tile(p.mean(axis=0), (n, 1)) + rng.normal(0, 0.001, (n, 3))
    odds = np.log(believed / (1 - believed))
    chain = tier_probabilities(np.hstack([odds, odds[:, 1:]]))
    cost_usd = np.tile(COSTS, (n, 1))
    expected = Expected(chain.p_success, cost_usd, cost_usd[:, -1], chain)
    return HeldOut(expected, np.arange(n) % 3, success, cost_usd, np.zeros(n, dtype=np.bool_), np.ones(n))


def certified(log: HeldOut, catch_rate: float, max_loss: float = 0.03) -> OperatingPoint:
    trial = Trial([log], Units.of(np.arange(len(log)), log.weight), 0.9)
    points = certify_cascades(trial, log.expected, log.is_unfamiliar, ALL_TIERS)
    return points[CATCH_RATES.index(catch_rate)][CASCADE_LOSSES.index(max_loss)]


def test_a_column_is_what_starting_there_leads_to() -> None:
    log = under_catch_rate(held_out(50, 0), 1.0)
    assert (log.success[:, 0] >= log.success[:, 1]).all()
    assert log.cost_usd[:, -1] == pytest.approx(COSTS[-1])
    single = held_out(50, 0)
    assert log.cost_usd[single.success[:, 0] == 0, 0] == pytest.approx(
        COSTS[0] + COSTS[1] + COSTS[2] * (1 - single.success[single.success[:, 0] == 0, 1])
    )


@pytest.mark.slow
def test_where_every_failure_is_caught_cheap_starts_are_certified() -> None:
    point = certified(held_out(1500, 0, is_told=False), 1.0)
    assert (point.start, point.plain_start) == (0, 0)
    assert point.loss <= 0


@pytest.mark.slow
def test_a_full_catch_rate_loses_nothing_and_needs_no_test() -> None:
    """Thirty steps prove nothing at a lower rate; at 1 every cascade ends as well as the top tier alone."""
    log = held_out(30, 0, is_told=False)
    few = certified(log, 1.0, 0.0)
    assert (few.start, few.loss_upper <= 0, few.saving > 0.3) == (0, True, True)
    assert certified(log, 1.0, 0.03).loss_upper <= 0
    assert certified(log, 0.9, 0.0).start is None


@pytest.mark.slow
def test_nor_does_a_learned_start_need_one() -> None:
    """Cheap tiers that cost half of the top one and fail on most steps are worth a call only where they are known to
    do: forty steps show which, and certify nothing."""
    log = held_out(40, 1, share_hard=0.6)
    dear = log.cost_usd * np.array([25, 6, 1])
    log = replace(log, cost_usd=dear, expected=replace(log.expected, cost_usd=dear))
    sure, tested = certified(log, 1.0, 0.05), certified(log, 0.9, 0.05)
    assert (sure.start, sure.cost_weight is not None, sure.saving > 0) == (None, True, True)
    assert tested.cost_weight is None


@pytest.mark.slow
def test_a_learned_start_that_is_better_by_luck_alone_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions of nothing: in half of these logs some boldness of a hundred looks better than the plain start."""
    monkeypatch.setattr("tierwise.training.certification.cascades.CASCADE_LOSSES", (0.1,))
    monkeypatch.setattr("tierwise.training.certification.cascades.CATCH_RATES", (0.8,))
    n_taken = 0
    for seed in range(24):
        log = held_out(150, seed, share_hard=0.05)
        odds = np.random.default_rng(seed + 1000).normal([0.5, 0.7, 2.5], 1.0, (150, 3))
        chain = tier_probabilities(np.hstack([odds, odds[:, 1:]]))
        guessed = replace(log, expected=replace(log.expected, p_success=chain.p_success, chain=chain))
        trial = Trial([guessed], Units.of(np.arange(150), log.weight), 0.9)
        n_taken += certify_cascades(trial, guessed.expected, log.is_unfamiliar, ALL_TIERS)[0][0].start is None
    assert n_taken <= 4


@pytest.mark.slow
def test_predictions_that_tell_hard_steps_apart_earn_a_learned_start() -> None:
    log = held_out(2000, 1)
    learned, plain = certified(log, 0.8), certified(held_out(2000, 1, is_told=False), 0.8)
    assert learned.start is None
    assert learned.cost_weight is not None
    assert learned.saving - learned.loss / 0.03 > plain.saving - plain.loss / 0.03


@pytest.mark.slow
def test_a_start_that_loses_too_much_is_not_certified() -> None:
    """Half of the failures slip through, and cheap tiers fail on most steps."""
    point = certified(held_out(1500, 2, share_hard=0.9, is_told=False), 0.5, 0.01)
    assert point.start is None
    assert point.cost_weight is None


@pytest.mark.slow
def test_unfamiliar_steps_start_where_the_best_plain_cascade_does() -> None:
    assert certified(held_out(1500, 0), 1.0).plain_start == 0
    assert certified(held_out(1500, 2, share_hard=0.9), 0.5, 0.01).plain_start == 2


def test_without_evidence_of_a_cheaper_tier_there_is_no_cascade() -> None:
    log = held_out(300, 0)
    trial = Trial([log], Units.of(np.arange(300), log.weight), 0.9)
    assert certify_cascades(trial, log.expected, log.is_unfamiliar, np.array([False, False, True])) == ()


@pytest.mark.slow
def test_the_two_families_share_the_allowed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, is_within = set(), Trial.is_within

    def noting(trial: Trial, outcome: Outcome, top: Outcome, loss: float) -> bool:
        seen.add(trial.confidence)
        return is_within(trial, outcome, top, loss)

    monkeypatch.setattr(Trial, "is_within", noting)
    certified(held_out(300, 0), 0.8)
    assert seen == {0.95}
