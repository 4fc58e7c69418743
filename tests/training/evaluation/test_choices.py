"""Full information by hand: what a choice of tiers is worth, escalating and single-shot, and where it is worst."""

import numpy as np
import pytest

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.cascades.escalation import escalate, evaluate_cascade, evaluate_escalation
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.full_information import (
    evaluate_choice,
    evaluate_constants,
    evaluate_mix,
    evaluate_oracle,
)
from tierwise.training.evaluation.outcomes import full_outcomes
from tierwise.training.evaluation.slices import measure_slices

SUCCESS = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
COST_USD = np.tile([1.0, 3.0, 10.0], (4, 1))
OUTCOMES = full_outcomes(SUCCESS, COST_USD)
DRAWS = Bootstrap(50)


def test_a_choice_is_measured_to_the_cent() -> None:
    report = evaluate_choice(OUTCOMES, np.array([0, 1, 1, 2]), DRAWS)
    assert report.success.value == pytest.approx(2 / 4)
    assert report.cost_usd.value == pytest.approx((1 + 3 + 3 + 10) / 4)
    assert report.loss.value == pytest.approx(1 - 2 / 3)
    assert report.saving.value == pytest.approx(1 - 17 / 40)
    assert report.success_regret.value == pytest.approx(1 / 4)
    assert report.frontier_tax_usd.value == pytest.approx((0 + 0 + 0 + 9) / 4)
    assert [share.value for share in report.tier_shares] == [0.25, 0.5, 0.25]


def test_the_oracle_takes_the_cheapest_that_succeeds_and_never_pays_for_the_hopeless() -> None:
    oracle = evaluate_oracle(OUTCOMES, DRAWS)
    assert oracle.success.value == 0.75
    assert oracle.cost_usd.value == pytest.approx((1 + 3 + 10 + 1) / 4)
    assert oracle.success_regret.value == oracle.frontier_tax_usd.value == 0


def test_the_oracle_takes_the_least_cost_of_the_step_itself_not_the_lowest_tier() -> None:
    """On the first step small thought so long that mid was the cheaper; on the last all failed, mid at the least."""
    success = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    cost_usd = np.array([[5.0, 3.0, 10.0], [3.0, 3.0, 3.0], [4.0, 2.0, 9.0]])
    outcomes = full_outcomes(success, cost_usd)
    assert outcomes.oracle().tolist() == [1, 0, 1]
    assert evaluate_choice(outcomes, np.array([0, 0, 0]), DRAWS).frontier_tax_usd.value == pytest.approx(
        (2 + 0 + 2) / 3
    )


def test_a_dear_step_counts_for_dollars_and_no_more_than_others_for_the_relative_saving() -> None:
    outcomes = full_outcomes(np.ones((3, 2)), np.array([[1.0, 10.0], [100.0, 1000.0], [0.0, 0.0]]))
    cheap_only = evaluate_choice(outcomes, np.array([0, 1, 0]), DRAWS)
    assert cheap_only.saving.value == pytest.approx(9 / 1010)
    assert cheap_only.saving_relative.value == pytest.approx(0.9 / 2)
    escalating = evaluate_escalation(outcomes, np.array([0, 1, 0]), 1.0, bootstrap=DRAWS)
    assert escalating.saving_relative.value == pytest.approx(0.9 / 2)


def test_a_mix_is_the_mean_of_its_tiers() -> None:
    mix = evaluate_mix(OUTCOMES, np.array([0.5, 0.0, 0.5]), DRAWS)
    small, _, frontier = evaluate_constants(OUTCOMES, DRAWS)
    for name in ("success", "cost_usd", "frontier_tax_usd", "saving_relative"):
        ends = (getattr(small, name).value + getattr(frontier, name).value) / 2
        assert getattr(mix, name).value == pytest.approx(ends)
    with pytest.raises(EvaluationError, match="3 probabilities that add up to 1"):
        evaluate_mix(OUTCOMES, np.array([0.5, 0.0, 0.4]), DRAWS)


def test_a_cascade_may_skip_a_tier() -> None:
    report = evaluate_cascade(OUTCOMES, (0, 2), 1.0, DRAWS)
    assert report.success.value == 0.75
    assert report.cost_usd.value == pytest.approx((1 + 11 + 11 + 11) / 4)
    with pytest.raises(EvaluationError, match=r"path is \[2, 0\]"):
        evaluate_cascade(OUTCOMES, (2, 0), 1.0, DRAWS)


def test_always_top_loses_and_saves_nothing() -> None:
    top = evaluate_constants(OUTCOMES, DRAWS)[-1]
    assert top.loss.value == top.saving.value == 0


def test_a_choice_outside_the_tiers_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="a tier index from 0 to 2"):
        evaluate_choice(OUTCOMES, np.array([0, 1, 2, 3]), DRAWS)


def test_incomplete_steps_are_left_out_and_counted() -> None:
    some = full_outcomes(np.vstack([SUCCESS, [[1.0, np.nan, 1.0]]]), np.tile([1.0, 3.0, 10.0], (5, 1)))
    assert (len(some), some.n_left_out) == (4, 1)
    with pytest.raises(EvaluationError, match="use the off-policy evaluation"):
        full_outcomes(np.full((3, 2), np.nan), np.ones((3, 2)))


def test_a_verifier_that_catches_everything_ends_where_some_tier_succeeds() -> None:
    report = evaluate_escalation(OUTCOMES, np.zeros(4, dtype=np.int64), 1.0, bootstrap=DRAWS)
    assert report.success.value == 0.75
    assert report.cost_usd.value == pytest.approx((1 + 4 + 14 + 14) / 4)
    assert report.n_attempts.value == pytest.approx((1 + 2 + 3 + 3) / 4)


def test_no_verifier_is_a_single_shot() -> None:
    start = np.array([0, 1, 0, 2])
    report = evaluate_escalation(OUTCOMES, start, 0.0, bootstrap=DRAWS)
    single = evaluate_choice(OUTCOMES, start, DRAWS)
    assert (report.success.value, report.cost_usd.value) == (single.success.value, single.cost_usd.value)


def test_a_better_verifier_never_ends_worse_when_dearer_tiers_keep_success() -> None:
    start = np.zeros(4, dtype=np.int64)
    successes = [escalate(SUCCESS, COST_USD, start, rate).p_success for rate in (0.0, 0.3, 0.7, 1.0)]
    assert (np.diff(np.stack(successes), axis=0) >= 0).all()
    assert (escalate(SUCCESS, COST_USD, start).p_success == successes[-1]).all(), "unless told it catches all"
    with pytest.raises(EvaluationError, match=r"catch_rate is 1\.5"):
        escalate(SUCCESS, COST_USD, start, 1.5)


def test_false_alarms_cost_attempts() -> None:
    start = np.zeros(4, dtype=np.int64)
    calm, nervous = (escalate(SUCCESS, COST_USD, start, 1.0, rate) for rate in (0.0, 0.5))
    assert nervous.cost_usd[0] > calm.cost_usd[0]
    assert nervous.p_final_tier.sum(axis=1) == pytest.approx(np.ones(4))


def test_the_worst_slice_is_named_first_and_small_ones_are_counted() -> None:
    """The cheap tier fails on every step of type b alone."""
    types = ["a"] * 40 + ["b"] * 40 + ["c"] * 3
    success = np.array([[float(kind != "b"), 1.0] for kind in types])
    outcomes = full_outcomes(success, np.tile([1.0, 5.0], (83, 1)))
    report = measure_slices(outcomes, np.zeros(83, dtype=np.int64), {"task type": types, "constant": ["x"] * 83}, DRAWS)
    assert [(entry.value, entry.lost_success.value) for entry in report.slices] == [("b", 1.0), ("a", 0.0)]
    assert (report.n_small_slices, report.n_steps_in_small_slices) == (1, 3)
    assert report.of("constant") == ()
