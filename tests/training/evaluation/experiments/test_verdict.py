"""Verdicts: right on worlds whose truth is known, silent while they cannot tell, and the ramp that follows them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluation.experiments.planted import comparison, sequence
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.arm_pair import ArmPair
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence
from tierwise.training.evaluation.experiments.ramp import DEFAULT_RAMP, next_step
from tierwise.training.evaluation.experiments.sample_ratio import SampleRatio
from tierwise.training.evaluation.experiments.simulation import peek_constantly
from tierwise.training.evaluation.experiments.verdict import Design, analyse, judge
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld

QUESTION = Design(margin=0.05)
CHEAPER, WORSE, SAME = ExperimentWorld(0.0, 0.5), ExperimentWorld(0.2, 0.9), ExperimentWorld()


@pytest.mark.slow
@pytest.mark.parametrize(("world", "outcome"), [(CHEAPER, "win"), (WORSE, "loss"), (SAME, "not yet")])
def test_the_verdict_is_the_truth(world: ExperimentWorld, outcome: str) -> None:
    report = analyse(world.draw(3000, 0), QUESTION)
    assert report.verdicts[0].outcome == outcome
    assert (
        report.comparisons[0].cost_ratio.last().low < world.cost_factor < report.comparisons[0].cost_ratio.last().high
    )


@pytest.mark.slow
def test_not_yet_says_how_much_traffic_is_missing_and_is_about_right() -> None:
    early = [analyse(CHEAPER.draw(250, seed), QUESTION).verdicts[0] for seed in range(9)]
    assert {verdict.outcome for verdict in early} == {"not yet"}
    needed = 250 + float(np.median([verdict.tasks_needed or np.inf for verdict in early]))
    won_at = peek_constantly(CHEAPER, QUESTION, 9, 2000).n_tasks_to_win
    assert 0.5 * won_at < needed < 2 * won_at


def test_a_dearer_arm_that_is_better_by_just_the_margin_is_never_decided() -> None:
    on_the_line = comparison(success=sequence(0.05, -0.1, 0.2), cost_usd=sequence(1.0, -1.0, 3.0))
    ruling = judge(on_the_line, SampleRatio(1.0, {}, {}), QUESTION)
    assert (ruling.outcome, ruling.tasks_needed) == ("not yet", None)
    worse = comparison(success=sequence(0.0, -0.15, 0.15), cost_usd=sequence(1.0, -1.0, 3.0))
    assert judge(worse, SampleRatio(1.0, {}, {}), QUESTION).tasks_needed is not None


@pytest.mark.parametrize(("missed", "kept"), [("true_success_difference", "cost"), ("true_cost_ratio", "success")])
def test_who_peeks_misses_either_truth_where_one_is_missed(
    missed: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExperimentWorld, missed, lambda _: 0.9)
    found = peek_constantly(CHEAPER, QUESTION, 2, 2000)
    assert (found.ever_missed_either, getattr(found, f"ever_missed_{kept}")) == (1.0, 0.0)


def verdict_of(question: Design = QUESTION, **figures: object) -> str:
    shares = SampleRatio(1.0, {}, {})
    return judge(comparison(**figures), shares, question).outcome


@pytest.mark.parametrize(
    ("success", "cost_usd", "outcome"),
    [
        ((-0.051, -0.1), (-2.0, -1.0), "loss"),  # worse by more than the margin, however cheap
        ((-0.05, -0.1), (-2.0, -1.0), "not yet"),
        ((0.049, -0.01), (1.0, 2.0), "loss"),  # dearer, and not better by the margin
        ((0.05, -0.01), (1.0, 2.0), "not yet"),
        ((0.049, -0.01), (0.0, 2.0), "not yet"),
        ((0.1, -0.049), (-2.0, -1.0), "win"),  # not inferior, and cheaper
        ((0.1, -0.05), (-2.0, -1.0), "not yet"),
        ((0.1, -0.049), (-2.0, 0.0), "not yet"),
        ((0.2, 0.051), (1.0, 2.0), "win"),  # better by more than the margin, whatever it costs
        ((0.2, 0.05), (-1.0, 2.0), "not yet"),
    ],
)
def test_the_verdict_falls_at_its_lines(
    success: tuple[float, float], cost_usd: tuple[float, float], outcome: str
) -> None:
    """``success`` is (high, low), ``cost_usd`` (low, high)."""
    high, low = success
    found = verdict_of(success=sequence((low + high) / 2, low, high), cost_usd=sequence(sum(cost_usd) / 2, *cost_usd))
    assert found == outcome


@pytest.mark.parametrize(("n_arm", "n_control"), [(50, 5000), (5000, 50)])
def test_no_verdict_before_the_smaller_arm_has_its_tasks(n_arm: int, n_control: int) -> None:
    won = {"success": sequence(0.2, 0.1, 0.3), "n_arm": n_arm, "n_control": n_control}
    assert verdict_of(Design(min_tasks=50), **won) == "win"
    assert verdict_of(Design(min_tasks=51), **won) == "not yet"


def test_the_missing_tasks_of_the_smaller_arm_are_told() -> None:
    report = analyse(WORSE.draw(60, 0), Design(min_tasks=50))
    n_smaller = min(int((report.tasks.arm == arm).sum()) for arm in (0, 1))
    assert report.verdicts[0].reason == f"The smaller arm needs {50 - n_smaller} more tasks before anything is judged."


@pytest.mark.parametrize(("n_arms", "alpha"), [(2, 0.025), (3, 0.0125), (5, 0.00625)])
def test_the_error_level_is_shared_by_two_intervals_and_all_arms(n_arms: int, alpha: float) -> None:
    """Half for success and half for cost, and each arm its part (Bonferroni); every interval is made at that level."""
    tasks = SAME.draw(200, 0)
    names = ("control", *(f"arm {index}" for index in range(1, n_arms)))
    shares = np.full((200, n_arms), 1 / n_arms)
    report = analyse(replace(tasks, arms=names, p_arms=shares, arm=np.arange(200) % n_arms), Design(alpha=0.05))
    assert report.question.interval_alpha(n_arms) == pytest.approx(alpha)
    assert report.to_dict()["interval_level"] == pytest.approx(1 - alpha)
    levels = [(each.success.alpha, each.cost_usd.alpha) for each in report.comparisons]
    assert levels == [(pytest.approx(alpha), pytest.approx(alpha))] * (n_arms - 1)


@pytest.mark.slow
def test_an_arm_whose_dear_tasks_are_far_dearer_does_not_win_by_its_cheap_ones() -> None:
    """Most tasks at a fifth of the price, one of twenty a hundred times dearer: the bill is far higher."""
    tasks = SAME.draw(4000, 0)
    is_dear = np.random.default_rng(5).random(4000) < 0.05
    factor = np.where(tasks.arm == 0, 1.0, np.where(is_dear, 100.0, 0.2))
    report = analyse(replace(tasks, cost_usd=tasks.cost_usd * factor), QUESTION)
    assert report.comparisons[0].cost_usd.last().high < 0
    assert report.verdicts[0].outcome == "not yet"
    assert "its dear tasks take more than that back: +" in report.verdicts[0].reason
    assert any("its mean as it stands is not lower" in warning for warning in report.warnings)


def test_dear_tasks_keep_only_a_cheaper_arm_from_winning() -> None:
    dear = {"wide_cost_usd": sequence(0.1, 0.01, 0.2)}
    cheaper = {"success": sequence(0.0, -0.01, 0.01), "cost_usd": sequence(-1.0, -2.0, -0.5)}
    assert verdict_of(**dear, **cheaper) == "not yet"
    assert verdict_of(wide_cost_usd=sequence(0.1, 0.0, 0.2), **cheaper) == "win"
    assert verdict_of(success=sequence(0.2, 0.1, 0.3), **dear) == "win"


@pytest.mark.slow
def test_a_cheaper_arm_wins_though_its_steps_are_of_one_fate_and_some_tasks_are_free() -> None:
    world = ExperimentWorld(0.0, 0.5, is_shared_fate=True, p_free=0.3)
    assert analyse(world.draw(6000, 1), QUESTION).verdicts[0].outcome == "win"


def test_tasks_that_cost_nothing_at_all_tell_nothing_about_cost() -> None:
    tasks = SAME.draw(1000, 0)
    report = analyse(replace(tasks, cost_usd=np.zeros(1000)), QUESTION)
    assert report.verdicts[0].outcome == "not yet"
    assert report.comparisons[0].cap_usd is None
    assert report.comparisons[0].cost_ratio.last().high == np.inf


@pytest.mark.slow
def test_equal_prices_for_every_task_are_no_certainty_and_double_ones_are_found() -> None:
    tasks = SAME.draw(1000, 0)
    alike = analyse(replace(tasks, cost_usd=np.ones(1000)), QUESTION).comparisons[0].cost_ratio.last()
    assert alike.low < 1 < alike.high
    double = analyse(replace(tasks, cost_usd=1.0 + (tasks.arm == 1)), QUESTION).comparisons[0]
    assert double.cost_usd.last().low > 0.9
    assert double.cost_ratio.last().value == pytest.approx(2.0, abs=0.05)


@pytest.mark.slow
def test_missing_prices_of_one_arm_are_a_warning() -> None:
    tasks = SAME.draw(2000, 0)
    tasks.cost_usd[(tasks.arm == 1) & (np.arange(2000) % 3 == 0)] = np.nan
    (warning,) = analyse(tasks, QUESTION).warnings
    assert "tasks without a known cost are +" in warning


@pytest.mark.slow
def test_one_giant_task_decides_nothing() -> None:
    for seed in range(5):
        report = analyse(ExperimentWorld(share=0.1, has_giant=True).draw(2000, seed), QUESTION)
        assert report.verdicts[0].outcome == "not yet"
        assert report.comparisons[0].money_over_cap > 0.99


@pytest.mark.slow
def test_a_broken_assignment_is_told_instead_of_a_winner() -> None:
    tasks = CHEAPER.draw(3000, 0)
    tasks.p_arms[:] = (0.6, 0.4)
    assert analyse(tasks, QUESTION).verdicts[0].outcome == "broken"


@pytest.mark.parametrize("arm", [0, 1])
def test_missing_outcomes_of_one_arm_are_a_warning(arm: int) -> None:
    tasks = SAME.draw(2000, 0)
    rng = np.random.default_rng(0)
    tasks.success[(tasks.arm == arm) & (rng.random(2000) < 0.4)] = np.nan
    (warning,) = analyse(tasks, QUESTION).warnings
    assert "tasks without any known outcome" in warning


def test_the_cost_of_a_good_task_lies_between_the_quotients_of_its_ends() -> None:
    """The ratio of costs over that of the tasks done, each at half of the level."""
    tasks = CHEAPER.draw(1500, 0)
    found = analyse(tasks, QUESTION).comparisons[0]
    half = found.cost_ratio.alpha / 2
    done_terms = ArmPair.of(tasks, 1).adjusted("is_done").ratio_terms()
    cost, done = (ConfidenceSequence(terms, half, floor=0.0).last() for terms in (found.cost_ratio.terms, done_terms))
    per_done = found.cost_per_done_ratio
    assert per_done.value == pytest.approx(cost.value / done.value)
    assert (per_done.low, per_done.high) == (pytest.approx(cost.low / done.high), pytest.approx(cost.high / done.low))


def test_the_report_is_json() -> None:
    report = analyse(CHEAPER.draw(300, 0), QUESTION).to_dict()
    assert json.loads(json.dumps(report, allow_nan=False))["comparisons"][0]["verdict"]["outcome"] == "not yet"
    done = [arm["done"] for arm in report["arms"]]
    assert len(done) == 2
    assert all(0 < share < 1 for share in done)
    empty = analyse(CHEAPER.draw(0, 0), QUESTION).to_dict()
    assert json.loads(json.dumps(empty, allow_nan=False))["n_tasks"] == 0


def test_who_asks_for_nothing_gets_what_the_guide_says() -> None:
    assert Design() == Design(margin=0.02, alpha=0.05, min_tasks=50)


def test_a_question_without_sense_is_refused() -> None:
    with pytest.raises(EvaluationError, match="margin is 0; a share between 0 and 1"):
        Design(margin=0)
    with pytest.raises(EvaluationError, match=r"alpha is 0\.9; an error level"):
        Design(alpha=0.9)


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_ramp_stops_at_a_loser_at_any_stage() -> None:
    report = analyse(WORSE.draw(3000, 0), QUESTION)
    assert {next_step(report, 0, 1000, stage.share).action for stage in DEFAULT_RAMP[1:]} == {"stop"}


def test_slow_steps_stop_the_ramp_though_the_verdict_is_open() -> None:
    tasks = SAME.draw(1500, 0)
    tasks.latency_ms[tasks.arm == 1] *= 4
    step = next_step(analyse(tasks, QUESTION), 0, 1000, 0.5)
    assert step.action == "stop"
    assert "times as long" in step.reason


@pytest.mark.slow
@pytest.mark.parametrize("world", [SAME, ExperimentWorld(is_ramped=True)], ids=["even", "ramped"])
def test_constant_peeking_at_equal_arms_stays_within_the_level(world: ExperimentWorld) -> None:
    found = peek_constantly(world, Design(alpha=0.05, margin=0.05), 80, 800)
    assert found.ever_won + found.ever_lost <= 0.05
    assert found.ever_missed_success <= 0.05
    assert found.ever_missed_cost <= 0.0625  # the level is .025 an interval; 5 of 80 is its 95 % limit


@pytest.mark.slow
def test_intervals_hold_the_true_effect_at_every_look() -> None:
    found = peek_constantly(ExperimentWorld(0.08, 0.7), QUESTION, 80, 800)
    assert found.ever_missed_either <= 0.0875  # level .05 for both together; 7 of 80 is its 95 % limit


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_heavy_tails_and_unequal_shares_make_no_arm_cheaper(share: float) -> None:
    """Normal approximations claimed it in 10 to 15 of 100 such experiments."""
    found = peek_constantly(ExperimentWorld(share=share, tail=1.1, cost_noise=0.0), QUESTION, 40, 8000)
    assert found.ever_cheaper <= 0.075  # the level is .025, half of it on this side; 3 of 40 is beyond its 95 % limit
    assert found.ever_won <= 0.075
