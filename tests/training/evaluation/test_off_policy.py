"""Off-policy estimates against worlds whose truth is known, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices, logged_choices
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport, deterministic, evaluate_off_policy
from tierwise.training.evaluation.logged.propensity import step_features, with_estimated_propensities
from tierwise.training.evaluation.synthetic.world_logs import WorldLog, WorldSteps
from tierwise.training.evaluation.synthetic.worlds import World

NAMES = ("small", "mid", "frontier")
DRAWS = Bootstrap(200)
ESTIMATORS = ("ips", "snips", "dr")


def cheaper_by_one(steps: WorldSteps) -> np.ndarray:
    """Another rule than the logged one, over the same complexity."""
    return np.eye(3)[np.select([steps.complexity <= 5, steps.complexity <= 8], [0, 1], 2)]


def a_log(seed: int = 0, n_steps: int = 1500, exploration: float = 0.3) -> WorldLog:
    return World(seed=seed, group_size=2).draw(n_steps, "heuristic", seed=1, exploration=exploration)


def choices_of(log: WorldLog) -> LoggedChoices:
    return logged_choices(log.logged_steps(NAMES), NAMES)


def wrong_model(log: WorldLog) -> Forecast:
    return Forecast(0.5 + 0.4 * (log.steps.p_success - 0.5), 0.7 * log.steps.expected_cost_usd)


def report_of(log: WorldLog, model: Forecast | None = None) -> OffPolicyReport:
    found = evaluate_off_policy(choices_of(log), cheaper_by_one(log.steps), model, DRAWS)
    assert isinstance(found, OffPolicyReport)
    return found


def test_a_log_is_read_as_its_first_choices() -> None:
    log = World(seed=1).draw(50, "escalation", seed=1)
    choices = choices_of(log)
    np.testing.assert_array_equal(choices.chosen, log.chosen)
    np.testing.assert_allclose(choices.propensity, log.propensity)
    np.testing.assert_array_equal(choices.success, log.success[np.arange(50), log.chosen])


@pytest.mark.slow
def test_intervals_cover_the_truth_in_repeated_worlds() -> None:
    """Forty worlds, nominal 95 %: fewer than 34 hits have a probability below one in 10,000."""
    hits = dict.fromkeys(ESTIMATORS, 0)
    for seed in range(40):
        log = a_log(seed)
        report, truth = report_of(log, wrong_model(log)), World(seed=seed, group_size=2).true_value(cheaper_by_one)
        for name in ESTIMATORS:
            value = getattr(report, name)
            hits[name] += value.success.low <= truth.success <= value.success.high
    assert all(count >= 34 for count in hits.values()), hits


@pytest.mark.slow
def test_the_model_makes_the_interval_narrower_and_an_exact_one_leaves_only_luck() -> None:
    log = a_log()
    exact = Forecast(log.steps.p_success, log.steps.expected_cost_usd)
    plain, robust = report_of(log).ips.success, report_of(log, exact).dr
    assert robust is not None
    assert robust.success.high - robust.success.low < plain.high - plain.low
    assert report_of(log).dr is None


def test_the_target_that_was_logged_is_worth_what_was_logged() -> None:
    log = a_log()
    found = evaluate_off_policy(choices_of(log), log.propensities, None, DRAWS)
    assert isinstance(found, OffPolicyReport)
    logged = log.success[np.arange(len(log)), log.chosen].mean()
    assert found.ips.success.value == pytest.approx(logged)
    assert found.snips.success.value == pytest.approx(logged)
    assert found.overlap.max_weight == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["p_success", "expected_cost_usd"])
@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_steps_without_a_prediction_are_left_out_of_every_estimate(column: str, gap: float) -> None:
    log = a_log()
    is_gap = np.arange(len(log)) % 5 == 0
    model = wrong_model(log)
    values = getattr(model, column).copy()
    values[is_gap, 1] = gap
    found = report_of(log, replace(model, **{column: values}))
    assert (found.n, found.n_left_out) == (int((~is_gap).sum()), int(is_gap.sum()))
    assert found.dr is not None
    for value in (found.ips, found.snips, found.dr):
        assert value.success.low < value.success.value < value.success.high
    only = evaluate_off_policy(
        replace(choices_of(log), success=np.where(is_gap, np.nan, choices_of(log).success)),
        cheaper_by_one(log.steps),
        model,
        DRAWS,
    )
    assert isinstance(only, OffPolicyReport)
    assert only.dr is not None
    assert found.dr.success.value == pytest.approx(only.dr.success.value)


@pytest.mark.slow
def test_costs_that_are_not_known_are_left_out_of_the_cost_alone() -> None:
    log = a_log()
    recorded = choices_of(log)
    is_known = np.arange(len(log)) % 4 > 0
    some = replace(recorded, cost_usd=np.where(is_known, recorded.cost_usd, np.nan))
    found = evaluate_off_policy(some, log.propensities, None, DRAWS)
    none = evaluate_off_policy(replace(recorded, cost_usd=np.full(len(log), np.nan)), log.propensities, None, DRAWS)
    assert isinstance(found, OffPolicyReport)
    assert isinstance(none, OffPolicyReport)
    assert found.ips.cost_usd is not None
    assert found.ips.cost_usd.value == pytest.approx(recorded.cost_usd[is_known].mean())
    assert found.n == len(log)
    assert (none.ips.cost_usd, none.saving) == (None, None)


@pytest.mark.slow
def test_a_log_without_the_top_tier_says_nothing_about_always_top() -> None:
    log = World(seed=0).draw(600, "escalation", seed=1, exploration=0.0)
    found = evaluate_off_policy(choices_of(log), deterministic(np.zeros(600, dtype=np.int64), 3), None, DRAWS)
    assert isinstance(found, OffPolicyReport)
    assert (found.loss, found.saving) == (None, None)
    explored = report_of(a_log())
    assert explored.loss is not None
    assert explored.saving is not None


def test_a_tier_that_was_never_taken_is_refused() -> None:
    log = World(seed=0).draw(600, "escalation", seed=1, exploration=0.0)
    top = deterministic(np.full(600, 2), 3)
    found = evaluate_off_policy(choices_of(log), top, None, DRAWS)
    assert isinstance(found, Refusal)
    assert "takes tiers that this log never took on 100%" in found.reason


def test_too_few_effective_steps_are_refused() -> None:
    log = a_log(n_steps=120, exploration=0.2)
    found = evaluate_off_policy(choices_of(log), cheaper_by_one(log.steps), None, DRAWS)
    assert isinstance(found, Refusal)
    assert "effective steps speak for the target" in found.reason


@pytest.mark.slow
def test_propensities_that_do_not_fit_the_choices_are_refused() -> None:
    log = a_log()
    halved = replace(choices_of(log), propensity=choices_of(log).propensity / 2)
    found = evaluate_off_policy(halved, cheaper_by_one(log.steps), None, DRAWS)
    assert isinstance(found, Refusal)
    assert "the propensities do not fit the choices" in found.reason


def test_a_target_that_is_no_probability_is_an_error() -> None:
    log = a_log(n_steps=60)
    with pytest.raises(EvaluationError, match="add up to 1"):
        evaluate_off_policy(choices_of(log), np.zeros((60, 3)), None, DRAWS)
    with pytest.raises(EvaluationError, match="is needed"):
        evaluate_off_policy(choices_of(log), np.ones((60, 2)) / 2, None, DRAWS)


@pytest.mark.slow
def test_missing_propensities_are_estimated_near_the_truth_and_flagged() -> None:
    log = a_log(n_steps=3000)
    recorded = choices_of(log)
    is_kept = np.arange(3000) < 1000
    some = replace(recorded, propensity=np.where(is_kept, recorded.propensity, np.nan))
    filled = with_estimated_propensities(some, step_features(log.logged_steps(NAMES)))
    np.testing.assert_array_equal(filled.is_estimated, ~is_kept)
    np.testing.assert_array_equal(filled.propensity[is_kept], recorded.propensity[is_kept])
    assert np.abs(filled.propensity - recorded.propensity)[~is_kept].mean() < 0.06
    found = evaluate_off_policy(filled, cheaper_by_one(log.steps), None, DRAWS)
    assert isinstance(found, OffPolicyReport)
    assert found.p_estimated == pytest.approx(2 / 3)


def test_an_impossible_propensity_is_an_error() -> None:
    recorded = choices_of(a_log(n_steps=10))
    with pytest.raises(EvaluationError, match="not above 0 and up to 1"):
        replace(recorded, propensity=np.zeros(10))
