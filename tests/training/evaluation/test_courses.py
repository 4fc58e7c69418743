"""Courses beside single shots: what serves is measured, by labels and by same answers; biased logs are refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.answered_world import answered_world
from tierwise.cli.learning.course_table import print_courses
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.router_model.accepting.played import play
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.accepting.plain_courses import Plays
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.cascades.course_rows import AnsweredSteps, Used, course_row
from tierwise.training.evaluation.cascades.courses import (
    COURSES,
    EQUAL,
    LEARNED_TWO,
    ORACLE,
    ORACLE_SAME,
    SINGLE,
    CourseReport,
    evaluate_courses,
)
from tierwise.training.evaluation.decisions import evaluate_decisions
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.latencies import logged_latencies
from tierwise.training.evaluation.reporting.report import write_report

DRAWS = Bootstrap(100)
OPTIONS = DecideOptions(max_quality_loss=0.05)


@pytest.fixture(scope="module")
def fresh() -> list[LoggedStep]:
    steps = answered_world(200, seed=3)
    return [
        replace(one, step=replace(one.step, task_type="count" if number % 3 else "other"))
        for number, one in enumerate(steps)
    ]


@pytest.fixture(scope="module")
def report(answered: Router, fresh: list[LoggedStep]) -> CourseReport:
    found = evaluate_courses(answered, fresh, OPTIONS, DRAWS)
    assert isinstance(found, CourseReport)
    return found


def blind(logged: LoggedStep) -> LoggedStep:
    return replace(logged, attempts=tuple(replace(each, success=None) for each in logged.attempts))


@pytest.mark.slow
def test_what_is_measured_of_courses_is_what_serves(
    report: CourseReport, answered: Router, fresh: list[LoggedStep]
) -> None:
    (row,) = [row for row in report.rows if row.name == COURSES]
    played = [play(answered, logged, OPTIONS) for logged in fresh]
    paid, kept, top = 0.0, 0, 0
    for one, logged in zip(played, fresh, strict=True):
        attempts = {each.tier: each for each in logged.attempts}
        paid += sum(attempts[tier].cost_usd or 0.0 for tier in one.asked) / (attempts["frontier"].cost_usd or 1.0)
        kept += bool(attempts[one.final].success)
        top += bool(attempts["frontier"].success)
    assert row.saving_relative.value == pytest.approx(1 - paid / len(fresh))
    assert row.loss is not None
    assert row.loss.value == pytest.approx(1 - kept / top)
    assert row.saving_relative.value > 0.3


def test_ways_are_ordered_as_they_must_be(report: CourseReport) -> None:
    rows = {row.name: row for row in report.rows}
    assert set(rows) >= {SINGLE, EQUAL, LEARNED_TWO, COURSES, ORACLE, ORACLE_SAME}
    assert sum(row.kind == "cascade" for row in report.rows) == 2
    assert rows[SINGLE].more is None
    assert rows[ORACLE_SAME].different is not None
    assert rows[ORACLE_SAME].different.value == 0
    assert rows[ORACLE].saving_relative.value >= rows[EQUAL].saving_relative.value
    assert rows[ORACLE].loss is not None
    assert rows[ORACLE].loss.value <= 0
    for row in report.rows:
        if row.different is not None and row.loss is not None:  # "differs" bounds the loss of success from above
            top = report.n_labelled / report.n_steps
            assert row.loss.value <= row.different.value / (0.9 * top) + 1e-9


def test_parts_are_measured_apart(report: CourseReport) -> None:
    assert list(report.parts) == ["count", "other"]
    n_steps = [rows[0].saving.n for rows in report.parts.values()]
    assert sum(n_steps) == report.n_steps == 200
    assert [row.name for row in report.parts["other"]] == [row.name for row in report.rows]


@pytest.mark.slow
def test_without_outcomes_the_rest_is_the_same(report: CourseReport, answered: Router, fresh: list[LoggedStep]) -> None:
    found = evaluate_courses(answered, [blind(logged) for logged in fresh], OPTIONS, DRAWS)
    assert isinstance(found, CourseReport)
    assert found.n_labelled == 0
    with_labels = {row.name: row for row in report.rows}
    for row in found.rows:
        assert row.loss is None
        assert row.different == with_labels[row.name].different
        assert row.saving == with_labels[row.name].saving
    assert {row.kind for row in found.rows} == {"single", "untrained", "learned", "course", "oracle"}


def test_logs_that_know_the_top_tier_only_where_cheap_ones_failed_are_refused(
    answered: Router, fresh: list[LoggedStep]
) -> None:
    def escalated(logged: LoggedStep) -> LoggedStep:
        tried: list[Attempt] = []
        for attempt in logged.attempts:
            tried.append(attempt)
            if attempt.success:
                break
        return replace(logged, attempts=tuple(tried))

    course = {"course": {"ask": ["small", "mid"], "accept": "learned", "otherwise": "frontier"}}
    of_courses = [replace(s, attempts=tuple(replace(a, extra=course) for a in s.attempts)) for s in fresh]
    unanswered = [replace(s, attempts=tuple(replace(a, output=None) for a in s.attempts)) for s in fresh]
    for steps in ([escalated(logged) for logged in fresh], of_courses, unanswered):
        found = evaluate_courses(answered, steps, OPTIONS, DRAWS)
        assert isinstance(found, Refusal)
        assert "30 are needed to measure courses" in found.reason


def test_a_row_counts_every_call_and_only_known_outcomes() -> None:
    success = np.array([[0.0, 1.0, 1.0], [1.0, 1.0, np.nan]])
    steps = AnsweredSteps(success, np.array([[1.0, 4.0, 16.0]] * 2), np.array([[False, True, True]] * 2), np.arange(2))
    shots, asked = (Plays.of(np.array([2, 2]), (), 3), Plays.of(np.array([0, 2]), (0, 1), 3))
    single, used = Used.of(shots, steps), Used.of(asked, steps)
    row = course_row("x", "course", used, single, steps, DRAWS)
    assert row.loss is not None
    assert (row.loss.value, row.saving.value, row.saving_relative.value) == (1.0, 1 - 26 / 32, 1 - 26 / 32)
    assert row.different is not None
    assert row.different.value == 0.5
    assert row.more is not None
    assert row.more.value == 1 - 26 / 32
    assert row.at_top is not None
    assert row.at_top.value == 0.5


def test_a_step_whose_top_tier_is_unknown_says_nothing_of_the_loss() -> None:
    success = np.array([[0.0, 1.0, 1.0], [1.0, 1.0, np.nan], [1.0, 1.0, 1.0]])
    steps = AnsweredSteps(success, np.array([[1.0, 4.0, 16.0]] * 3), np.array([[False, True, True]] * 3), np.arange(3))
    used = Used.of(Plays.of(np.array([0, 0, 0]), (0,), 3), steps)
    row = course_row("x", "course", used, Used.of(Plays.of(np.array([2, 2, 2]), (), 3), steps), steps, DRAWS)
    assert row.loss is not None
    assert row.loss.value == 0.5


def test_cheap_tiers_are_waited_for_side_by_side_and_the_top_one_after_them() -> None:
    latency = np.array([[1.0, 4.0, 16.0], [5.0, 2.0, 16.0], [1.0, 1.0, 16.0]])
    asked = Plays.of(np.array([0, 2, 2]), (0, 1), 3)
    assert asked.waited(latency).tolist() == [4.0, 21.0, 17.0]
    assert Plays.of(np.array([2, 1, 0]), (), 3).waited(latency).tolist() == [16.0, 2.0, 1.0]


def test_a_call_without_a_time_takes_one_of_its_tiers() -> None:
    def timed(*latency: float | None) -> LoggedStep:
        tiers = zip(("small", "frontier"), latency, strict=True)
        return LoggedStep("s", Step("x"), tuple(Attempt(tier, latency_ms=each) for tier, each in tiers))

    steps = [timed(10, 90), timed(None, 70), timed(20, None), timed(None, None)]
    found = logged_latencies(steps, ("small", "frontier"))
    assert found is not None
    assert (found[0].tolist(), found[1, 1], found[2, 0]) == ([10, 90], 70, 20)
    assert {found[1, 0], found[3, 0]} <= {10, 20}
    assert {found[2, 1], found[3, 1]} <= {70, 90}
    assert logged_latencies([timed(10, None)] * 3, ("small", "frontier")) is None
    again = replace(steps[0], attempts=(*steps[0].attempts, Attempt("small", latency_ms=99)))
    assert logged_latencies([again], ("small", "frontier"))[0, 0] == 10  # type: ignore[index]


@pytest.mark.slow
def test_ways_are_told_with_their_seconds_where_the_log_tells(
    answered: Router, fresh: list[LoggedStep], report: CourseReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    took = {"small": 2000.0, "mid": 1000.0, "frontier": 30_000.0}
    timed = [
        replace(one, attempts=tuple(replace(each, latency_ms=took[each.tier]) for each in one.attempts))
        for one in fresh
    ]
    found = evaluate_courses(answered, timed, OPTIONS, DRAWS)
    assert isinstance(found, CourseReport)
    rows = {row.name: row for row in found.rows}
    single = [decision.tier for decision in answered.decide_many([one.step for one in timed], OPTIONS)]
    assert rows[SINGLE].p50_ms == np.median([took[tier] for tier in single])
    assert rows[EQUAL].p95_ms == 32_000.0
    assert rows[ORACLE].p50_ms == 2000.0
    assert all(row.p50_ms is None for row in found.rows if row.kind == "cascade")
    assert [row.saving for row in found.rows] == [row.saving for row in report.rows]
    print_courses(found)
    assert "2.00 / 32.00" in capsys.readouterr().out
    print_courses(report)
    assert "median" not in capsys.readouterr().out
    decisions = answered.decide_many([logged.step for logged in timed], OPTIONS)
    measured = evaluate_decisions(timed, answered.catalogue, decisions, bootstrap=DRAWS)
    written = write_report(replace(measured, courses=found), tmp_path).read_text()
    assert re.search(r"\|\s+2\.00 \|\s+32\.00 \|", written)


@pytest.mark.slow
def test_the_report_holds_them(answered: Router, fresh: list[LoggedStep], report: CourseReport, tmp_path: Path) -> None:
    decisions = answered.decide_many([logged.step for logged in fresh], OPTIONS)
    evaluation = evaluate_decisions(fresh, answered.catalogue, decisions, bootstrap=DRAWS)
    text = write_report(replace(evaluation, courses=report), tmp_path).read_text()
    assert "## After the answer: courses beside single shots" in text
    assert "![What is saved by every way, over what is lost or differs](courses.png)" in text
    assert "**task_type: other**" in text
    assert (tmp_path / "courses.png").stat().st_size > 5000
    content = json.loads((tmp_path / "evaluation.json").read_text())["courses"]
    assert [row["name"] for row in content["rows"]] == [row.name for row in report.rows]
    refused = write_report(replace(evaluation, courses=Refusal("nothing was answered")), tmp_path).read_text()
    assert "Not measured: nothing was answered." in refused
