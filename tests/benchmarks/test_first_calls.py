"""First calls of fresh processes, with a deadline that no busy machine misses: what they answer, not how fast."""

from pathlib import Path

import pytest

from benchmarks.serving.first_calls import Silent, calls_of_a_process, dead_address, first_calls, line
from benchmarks.walk.live import served

PATIENT_MS = 20_000.0

pytestmark = pytest.mark.slow


def test_no_first_call_falls_back(tmp_path: Path) -> None:
    with served(tmp_path, "--rules") as address:
        calls = first_calls(address, 5, PATIENT_MS)
    assert [(call.is_fallback, call.tier) for call in calls] == [(False, "small")] * 5


def test_a_dead_service_answers_with_the_top_tier() -> None:
    calls = calls_of_a_process(dead_address(), 8)
    with Silent() as address:
        calls += calls_of_a_process(address, 8)
    assert {(call.is_fallback, call.tier) for call in calls} == {(True, "frontier")}
    assert line("dead", calls).startswith("| dead | 16 | 16 | frontier |")
