"""The ramp: each guard stops it at its line and not before, stages last as they should, and only a win ends it."""

from dataclasses import replace

import pytest

from tests.training.evaluation.experiments.planted import planted, sequence
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.ramp import (
    DEFAULT_RAMP,
    RampStep,
    Shadow,
    StopRules,
    next_shadow_step,
    next_step,
    stage_of,
)
from tierwise.training.evaluation.experiments.verdict import (
    BROKEN,
    LOSS,
    NOT_YET,
    WIN,
    ExperimentReport,
    Ruling,
)

SHADOW, ONE, TEN, FIFTY, ALL = DEFAULT_RAMP


def ramped(outcome: str = NOT_YET, share: float = 0.1, n_in_stage: int = 1000, **figures: object) -> RampStep:
    return next_step(planted(Ruling(outcome, "told so"), **figures), 0, n_in_stage, share)


def test_the_stages_are_those_of_the_guide() -> None:
    assert [(stage.name, stage.share, stage.min_tasks) for stage in DEFAULT_RAMP] == [
        ("shadow", 0.0, 50),
        ("1%", 0.01, 10),
        ("10%", 0.1, 50),
        ("50%", 0.5, 100),
        ("all", 1.0, 0),
    ]


@pytest.mark.parametrize(("stage", "following"), [(ONE, TEN), (TEN, FIFTY)])
def test_a_stage_ends_with_its_last_task_and_not_before(stage: object, following: object) -> None:
    assert isinstance(stage, type(ONE))
    full, short = (ramped(share=stage.share, n_in_stage=n) for n in (stage.min_tasks, stage.min_tasks - 1))
    assert (full.action, full.stage) == ("advance", following)
    assert (short.action, short.stage) == ("hold", stage)
    assert short.reason == f"Stage {stage.name} has {stage.min_tasks - 1} of {stage.min_tasks} tasks."


@pytest.mark.parametrize("outcome", [LOSS, BROKEN])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_loss_and_broken_shares_stop_it_back_to_the_shadow(outcome: str, share: float) -> None:
    assert ramped(outcome, share) == RampStep("stop", SHADOW, "told so")


def test_half_of_the_tasks_is_as_far_as_it_goes_without_a_win() -> None:
    assert ramped(NOT_YET, 0.5) == RampStep("hold", FIFTY, "told so")
    assert ramped(WIN, 0.5) == RampStep("finish", ALL, "told so")


def test_an_early_win_goes_on_to_the_next_stage() -> None:
    assert ramped(WIN, 0.1).stage is FIFTY
    assert ramped(WIN, 0.1, n_in_stage=3).action == "hold"


@pytest.mark.parametrize(
    ("name", "limit", "reason"),
    [("latency_ratio", 1.5, "1.5 times are allowed"), ("escalations", 0.25, "0.25 more are allowed")],
)
def test_a_guard_stops_only_where_its_whole_interval_is_beyond_the_line(name: str, limit: float, reason: str) -> None:
    beyond = ramped(**{name: sequence(limit + 0.5, limit + 0.01, limit + 1)})
    assert (beyond.action, beyond.stage) == ("stop", SHADOW)
    assert reason in beyond.reason
    assert ramped(**{name: sequence(limit + 0.5, limit, limit + 1)}).action == "advance"


def test_a_guard_also_stops_a_winner() -> None:
    assert ramped(WIN, 0.5, latency_ratio=sequence(3, 2, 4)).action == "stop"


def test_a_guard_waits_for_two_tasks_of_each_arm() -> None:
    slow = {"latency_ratio": sequence(3, 2, 4)}
    assert ramped(n_arm=1, **slow).action == "advance"
    assert ramped(n_control=1, **slow).action == "advance"
    assert ramped(n_arm=2, n_control=2, **slow).action == "stop"


def test_the_lines_are_the_callers_to_draw() -> None:
    report = planted(Ruling(NOT_YET, ""), latency_ratio=sequence(3, 2, 4), escalations=sequence(1, 0.9, 1.1))
    assert next_step(report, 0, 1000, 0.1, StopRules(max_latency_ratio=2.0, max_escalations=0.9)).action == "advance"
    assert next_step(report, 0, 1000, 0.1, StopRules(max_latency_ratio=2.0, max_escalations=0.8)).action == "stop"
    assert next_step(report, 0, 1000, 0.1, StopRules(max_latency_ratio=1.9, max_escalations=0.9)).action == "stop"


def test_each_arm_is_judged_by_its_own_figures() -> None:
    good, bad = planted(Ruling(NOT_YET, "")), planted(Ruling(LOSS, "lost"))
    both: ExperimentReport = replace(
        good, comparisons=good.comparisons + bad.comparisons, verdicts=good.verdicts + bad.verdicts
    )
    assert [next_step(both, arm, 1000, 0.1).action for arm in (0, 1)] == ["advance", "stop"]


def test_a_shadow_in_trouble_never_gets_a_task() -> None:
    assert next_shadow_step(Shadow(50, 300, 3)) == RampStep(
        "advance", ONE, "50 tasks in stage shadow without a bad sign."
    )
    assert next_shadow_step(Shadow(49, 300, 0)).action == "hold"
    stopped = next_shadow_step(Shadow(60, 300, 4))
    assert stopped == RampStep("stop", SHADOW, "4 of 300 shadow decisions were trouble.")


def test_one_trouble_in_a_short_shadow_is_forgiven_and_two_are_not() -> None:
    assert next_shadow_step(Shadow(60, 60, 1)).action == "advance"
    assert next_shadow_step(Shadow(60, 60, 2)).action == "stop"
    assert next_shadow_step(Shadow(60, 60, 2), StopRules(max_fallback_share=0.1)).action == "advance"


def test_shares_between_stages_belong_to_the_last_one_reached() -> None:
    assert [stage_of(share).name for share in (0.0, 0.005, 0.01, 0.3, 0.5 - 1e-12, 1.0)] == [
        "shadow",
        "shadow",
        "1%",
        "10%",
        "50%",
        "all",
    ]
    for share in (-0.1, 2):
        with pytest.raises(EvaluationError, match=f"a share of {share} is none; 0 to 1 is needed"):
            stage_of(share)
