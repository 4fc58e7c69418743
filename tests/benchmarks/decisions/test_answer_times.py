"""How long callers wait, on three steps whose times are known."""

import json

import numpy as np
import pytest

from benchmarks.decisions.cascading import answer_times
from benchmarks.decisions.cascading.answer_times import ALWAYS_TOP, cascade, played, sample_times, time_rows
from benchmarks.decisions.cascading.cascades import EQUAL, LEARNED, LEARNED_ONE, SINGLE
from benchmarks.decisions.cascading.families import Used
from benchmarks.decisions.logs import SAMPLE_LOG
from tierwise.agents.collect.joining import read_log
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import load_step_logs

SMALL, MID, TOP = range(3)
TIMES = np.array([[1.0, 5.0, 100.0], [2.0, 4.0, 100.0], [9.0, 3.0, 100.0]])


@pytest.fixture
def steps() -> list[LoggedStep]:
    return load_step_logs([SAMPLE_LOG]).steps[:300]


def used(final: list[int], cost: list[float]) -> Used:
    return Used(np.array(final), np.zeros(len(final)), np.array(cost))


def test_a_course_waits_for_the_slower_opinion_and_then_for_the_top() -> None:
    plays = played(used([MID, TOP, SMALL], [0.05, 1.05, 0.05]), (SMALL, MID), 3)
    assert plays.waited(TIMES).tolist() == [5.0, 104.0, 9.0]
    assert plays.cost(TIMES).tolist() == [6.0, 106.0, 12.0]


def test_a_part_without_a_setting_goes_straight_to_the_top() -> None:
    plays = played(used([TOP, TOP, MID], [1.0, 1.04, 0.04]), (MID,), 3)
    assert plays.waited(TIMES).tolist() == [100.0, 104.0, 3.0]


def test_a_single_shot_waits_for_its_tier_alone() -> None:
    assert played(used([SMALL, MID, TOP], [0.01, 0.04, 1.0]), (), 3).waited(TIMES).tolist() == [1.0, 4.0, 100.0]


def test_a_cascade_waits_for_every_tier_until_one_succeeds() -> None:
    success = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    assert cascade(success, (SMALL, MID, TOP)).cost(TIMES).tolist() == [1.0, 6.0, 112.0]
    assert cascade(success, (MID, TOP)).cost(TIMES).tolist() == [5.0, 4.0, 103.0]


def test_cheap_times_are_those_of_the_log_and_the_top_is_drawn_from_them(steps: list[LoggedStep]) -> None:
    times = sample_times(steps, 2.0)
    logged = {record["step_id"]: record["attempts"] for record in read_log(SAMPLE_LOG)}
    for logged_step, row in zip(steps, times, strict=True):
        by_tier = {each["tier"]: each for each in logged[logged_step.step_id]}
        assert row[:2].tolist() == [by_tier["small"]["latency_ms"], by_tier["mid"]["latency_ms"]]
    assert set((times[:, TOP] / 2).tolist()) <= set(times[:, MID].tolist())
    np.testing.assert_array_equal(times, sample_times(steps, 2.0))
    np.testing.assert_array_equal(2 * sample_times(steps, 1.0)[:, TOP], times[:, TOP])


def test_every_way_is_shown_and_a_slower_top_tier_shortens_none(steps: list[LoggedStep]) -> None:
    n, draw = len(steps), np.random.default_rng(1)
    success = draw.integers(0, 2, (n, 3)).astype(np.float64)
    way = [used(draw.integers(0, 3, n).tolist(), [1.05] * n)] * 2
    rows = time_rows(steps, success, [dict.fromkeys((SINGLE, LEARNED_ONE, LEARNED, EQUAL), way)], (0.01, 0.03))
    json.dumps(rows)
    assert len(rows) == 3 + 2 + 2 + 4 + 2
    top = next(row for row in rows if row["way"] == ALWAYS_TOP)
    assert top["at_top"] == 1.0
    assert top["waited"]["4"]["p50_ms"] == pytest.approx(4 * top["waited"]["1"]["p50_ms"])
    for row in rows:
        p50_ms = [row["waited"][f"{assumed:g}"]["p50_ms"] for assumed in answer_times.ASSUMED]
        assert p50_ms == sorted(p50_ms)
        assert all(ms["p50_ms"] <= ms["p95_ms"] for ms in row["waited"].values())
