"""Evidence from logs that show one tier a step: right on average whatever the model says, and bounded."""

import numpy as np
import pytest

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.router_model.chain import Floats, TierProbabilities, tier_probabilities
from tierwise.training.evidence import drawn_propensity, weigh_evidence
from tierwise.training.operating_points import HeldOut, certify

N_STEPS, N_TIERS = 6000, 3
PREFERRED = np.array([0.9, 0.05, 0.05])


def world(seed: int) -> tuple[Floats, Floats, Floats]:
    """All outcomes, what a log that mostly tries the small tier shows of them, and the propensities."""
    rng = np.random.default_rng(seed)
    success = (rng.random((N_STEPS, N_TIERS)) < [0.5, 0.7, 0.9]).astype(np.float64)
    tried = rng.choice(N_TIERS, N_STEPS, p=PREFERRED)
    return success, np.where(np.arange(N_TIERS) == tried[:, None], success, np.nan), PREFERRED[tried]


def overconfident() -> TierProbabilities:
    """A model that believes the small tier as good as the others."""
    return tier_probabilities(np.full((N_STEPS, 2 * N_TIERS - 1), 2.0))


def test_the_mean_of_the_evidence_is_the_truth_although_the_model_is_wrong() -> None:
    means = [weigh_evidence(overconfident(), seen, p).success.mean(axis=0) for _, seen, p in map(world, range(12))]
    assert np.mean(means, axis=0) == pytest.approx([0.5, 0.7, 0.9], abs=0.02)


def test_evidence_lies_within_its_bounds() -> None:
    _, seen, propensity = world(0)
    evidence = weigh_evidence(overconfident(), seen, propensity)
    assert evidence.largest == pytest.approx(20)
    assert evidence.success.max() <= evidence.largest
    assert evidence.success.min() >= 1 - evidence.largest
    assert (evidence.weight[:, None] * evidence.success).max() <= 1


def test_without_a_draw_the_model_stands_in_for_what_was_not_seen() -> None:
    success, seen, _ = world(0)
    evidence = weigh_evidence(overconfident(), seen, np.full(N_STEPS, np.nan))
    assert evidence.largest == 1.0
    known = ~np.isnan(seen)
    assert np.array_equal(evidence.success[known], success[known])
    assert ((evidence.success >= 0) & (evidence.success <= 1)).all()


def test_an_escalation_that_stopped_counts_the_dearer_tiers_as_successes() -> None:
    """However sure the model is that they would have failed: nobody will ever see it in such a log."""
    log = np.array([[1, np.nan, np.nan], [0, 1, np.nan], [0, 0, 0], [np.nan, 1, np.nan]])
    pessimist = tier_probabilities(np.full((4, 2 * N_TIERS - 1), -2.0))
    found = weigh_evidence(pessimist, log, np.full(4, np.nan)).success
    assert found[:3].tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 0]]
    assert found[3, 1:].tolist() == [1, 1]
    assert 0 < found[3, 0] < 1


def test_a_wrong_model_certifies_no_loss_that_the_log_disproves() -> None:
    """The small tier succeeds on half of the steps; the model says that it is as good as the top tier."""
    _, seen, propensity = world(3)
    model = overconfident()
    cost_usd = np.tile([0.001, 0.01, 0.1], (N_STEPS, 1))
    unfamiliar = np.zeros(N_STEPS, dtype=np.bool_)

    def small_loss_is_certified(known_propensity: Floats) -> bool:
        evidence = weigh_evidence(model, seen, known_propensity)
        held_out = HeldOut(
            model.p_success, cost_usd, evidence.success, cost_usd, unfamiliar, evidence.weight, evidence.largest
        )
        return any(point.saving > 0.9 for point in certify([held_out], 0.9) if point.max_quality_loss <= 0.3)

    assert not small_loss_is_certified(propensity)


def certified_saving(success: Floats, seen: Floats, propensity: Floats, max_quality_loss: float) -> float:
    """With a model that knows every success rate, in a world where the small tier does what the top tier does."""
    n = len(success)
    odds = np.log(np.tile([0.9, 0.9, 0.9, 0.9, 0.9], (n, 1)) / 0.1)
    model, cost_usd = tier_probabilities(odds), np.tile([0.001, 0.01, 0.1], (n, 1))
    evidence = weigh_evidence(model, seen, propensity)
    unfamiliar = np.zeros(n, dtype=np.bool_)
    held_out = HeldOut(
        model.p_success, cost_usd, evidence.success, cost_usd, unfamiliar, evidence.weight, evidence.largest
    )
    (point,) = (point for point in certify([held_out], 0.9) if point.max_quality_loss == max_quality_loss)
    return point.saving


def test_a_few_steps_on_every_tier_certify_what_many_drawn_ones_blur() -> None:
    rng = np.random.default_rng(5)
    success = np.repeat(rng.random((N_STEPS, 1)) < 0.9, N_TIERS, axis=1).astype(np.float64)
    tried = rng.choice(N_TIERS, N_STEPS, p=PREFERRED)
    seen, propensity = np.where(np.arange(N_TIERS) == tried[:, None], success, np.nan), PREFERRED[tried]
    assert certified_saving(success, seen, propensity, 0.03) == 0
    seen[:500], propensity[:500] = success[:500], np.nan
    assert certified_saving(success, seen, propensity, 0.03) > 0.9


def test_steps_on_every_tier_that_disprove_the_model_are_not_outvoted() -> None:
    rng = np.random.default_rng(6)
    success = (rng.random((N_STEPS, N_TIERS)) < [0.5, 0.7, 0.9]).astype(np.float64)
    tried = rng.choice(N_TIERS, N_STEPS, p=PREFERRED)
    seen, propensity = np.where(np.arange(N_TIERS) == tried[:, None], success, np.nan), PREFERRED[tried]
    seen[:500], propensity[:500] = success[:500], np.nan
    assert certified_saving(success, seen, propensity, 0.1) < 0.9


def logged(propensity: float | None, *tiers: str) -> LoggedStep:
    attempts = tuple(Attempt(tier, success=True) for tier in tiers)
    return LoggedStep("s", Step("x"), attempts, decision=LoggedDecision(tier=tiers[0], propensity=propensity))


def test_only_a_single_attempt_that_was_drawn_has_a_propensity() -> None:
    steps = [logged(0.25, "small"), logged(1.0, "small"), logged(None, "small"), logged(0.25, "small", "mid")]
    success = np.array([[1, np.nan], [1, np.nan], [1, np.nan], [1, 1]], dtype=np.float64)
    found = drawn_propensity([*steps, LoggedStep("s", Step("x"))], np.vstack([success, [np.nan, np.nan]]))
    assert np.array_equal(found, [0.25, np.nan, np.nan, np.nan, np.nan], equal_nan=True)
