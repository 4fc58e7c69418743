"""Verdicts: right on worlds whose truth is known, silent while they cannot tell, and the ramp that follows them."""

import json

import numpy as np
import pytest

from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.ramp import (
    DEFAULT_RAMP,
    Shadow,
    next_shadow_step,
    next_step,
    stage_of,
)
from tierwise.training.evaluation.experiments.simulation import peek_constantly
from tierwise.training.evaluation.experiments.verdict import Question, analyse
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld

QUESTION = Question(margin=0.05)
CHEAPER, WORSE, SAME = ExperimentWorld(0.0, 0.5), ExperimentWorld(0.2, 0.9), ExperimentWorld()


@pytest.mark.parametrize(("world", "outcome"), [(CHEAPER, "win"), (WORSE, "loss"), (SAME, "not yet")])
def test_the_verdict_is_the_truth(world: ExperimentWorld, outcome: str) -> None:
    report = analyse(world.draw(3000, 0), QUESTION)
    assert report.verdicts[0].outcome == outcome
    assert (
        report.comparisons[0].cost_ratio.last().low < world.cost_factor < report.comparisons[0].cost_ratio.last().high
    )


def test_not_yet_says_how_much_traffic_is_missing_and_is_about_right() -> None:
    early = [analyse(CHEAPER.draw(250, seed), QUESTION).verdicts[0] for seed in range(15)]
    assert {verdict.outcome for verdict in early} == {"not yet"}
    needed = 250 + float(np.median([verdict.tasks_needed or np.inf for verdict in early]))
    won_at = peek_constantly(CHEAPER, QUESTION, 15, 3000).n_tasks_to_win
    assert 0.5 * won_at < needed < 2 * won_at


def test_no_verdict_before_both_arms_have_tasks() -> None:
    report = analyse(WORSE.draw(60, 0), Question(min_tasks=50))
    assert "needs" in report.verdicts[0].reason


def test_a_broken_assignment_is_told_instead_of_a_winner() -> None:
    tasks = CHEAPER.draw(3000, 0)
    tasks.p_arms[:] = (0.6, 0.4)
    assert analyse(tasks, QUESTION).verdicts[0].outcome == "broken"


def test_missing_outcomes_of_one_arm_are_a_warning() -> None:
    tasks = SAME.draw(2000, 0)
    rng = np.random.default_rng(0)
    tasks.success[(tasks.arm == 1) & (rng.random(2000) < 0.4)] = np.nan
    (warning,) = analyse(tasks, QUESTION).warnings
    assert "tasks without any known outcome" in warning


def test_the_report_is_json() -> None:
    report = analyse(CHEAPER.draw(300, 0), QUESTION).to_dict()
    assert json.loads(json.dumps(report, allow_nan=False))["comparisons"][0]["verdict"]["outcome"] == "not yet"
    empty = analyse(CHEAPER.draw(0, 0), QUESTION).to_dict()
    assert json.loads(json.dumps(empty, allow_nan=False))["n_tasks"] == 0


def test_a_question_without_sense_is_refused() -> None:
    with pytest.raises(EvaluationError, match="margin is 0; a share between 0 and 1"):
        Question(margin=0)
    with pytest.raises(EvaluationError, match=r"alpha is 0\.9; an error level"):
        Question(alpha=0.9)


def test_the_ramp_walks_up_and_ends_with_a_winner() -> None:
    report = analyse(CHEAPER.draw(3000, 0), QUESTION)
    assert [next_step(report, 0, 1000, stage.share).action for stage in DEFAULT_RAMP[1:4]] == [
        "advance",
        "advance",
        "finish",
    ]
    assert next_step(report, 0, 3, 0.01).action == "hold"
    undecided = analyse(SAME.draw(500, 0), QUESTION)
    assert next_step(undecided, 0, 1000, 0.5).action == "hold"


def test_the_ramp_stops_at_a_loser_at_any_stage() -> None:
    report = analyse(WORSE.draw(3000, 0), QUESTION)
    assert {next_step(report, 0, 1000, stage.share).action for stage in DEFAULT_RAMP[1:]} == {"stop"}


def test_slow_steps_stop_the_ramp_though_the_verdict_is_open() -> None:
    tasks = SAME.draw(1500, 0)
    tasks.latency_ms[tasks.arm == 1] *= 4
    step = next_step(analyse(tasks, QUESTION), 0, 1000, 0.5)
    assert step.action == "stop"
    assert "times as long" in step.reason


def test_a_shadow_in_trouble_never_gets_a_task() -> None:
    assert next_shadow_step(Shadow(60, 300, 0)).action == "advance"
    assert next_shadow_step(Shadow(10, 50, 0)).action == "hold"
    assert next_shadow_step(Shadow(60, 300, 30)).action == "stop"


def test_shares_between_stages_belong_to_the_last_one_reached() -> None:
    assert [stage_of(share).name for share in (0.0, 0.005, 0.3, 1.0)] == ["shadow", "shadow", "10%", "all"]
    with pytest.raises(EvaluationError, match="a share of 2 is none"):
        stage_of(2)


@pytest.mark.slow
@pytest.mark.parametrize("world", [SAME, ExperimentWorld(is_ramped=True)], ids=["even", "ramped"])
def test_constant_peeking_at_equal_arms_stays_within_the_level(world: ExperimentWorld) -> None:
    found = peek_constantly(world, Question(alpha=0.05, margin=0.05), 80, 800)
    assert found.ever_won + found.ever_lost <= 0.05
    assert found.ever_missed_success <= 0.05
    assert found.ever_missed_cost <= 0.0625  # the level is .025 an interval; 5 of 80 is its 95 % limit


@pytest.mark.slow
def test_intervals_hold_the_true_effect_at_every_look() -> None:
    found = peek_constantly(ExperimentWorld(0.08, 0.7), QUESTION, 80, 800)
    assert found.ever_missed_either <= 0.0875  # level .05 for both together; 7 of 80 is its 95 % limit
