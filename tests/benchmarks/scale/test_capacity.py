"""The capacity model: figures that can be checked by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale.capacity import Costs, Team, capacity_table, plan

COSTS = Costs(training_cpu_seconds=300.0, reading_cpu_seconds_a_step=1e-4, decision_cpu_ms=1.0, log_kb_a_step=2.0)
TEAM = Team(n_users=86_400, steps_a_user_a_day=100.0, peak_factor=5.0, retention_days=10)


def test_a_day_of_a_hundred_steps_a_second() -> None:
    found = plan(TEAM, COSTS)
    assert found.peak_steps_a_second == pytest.approx(500.0)
    assert found.n_replicas == 2  # half a core of work at half the load: one, and never fewer than two
    assert found.log_gb == pytest.approx(8.64e6 * 10 * 2e-6)
    assert found.training_core_minutes == pytest.approx((300 + 8.64e6 * 10 * 1e-4) / 60)
    assert found.saved_usd_a_month == pytest.approx(30 * 8.64e6 * 0.002 * 0.25)
    hours = 2 * 24 + (300 + 8640) / 3600
    assert found.usd_a_month == pytest.approx(30 * hours * 0.05 + 172.8 * 0.15)


def test_replicas_follow_the_peak() -> None:
    assert plan(replace(TEAM, peak_factor=25.0), COSTS).n_replicas == 5
    assert plan(replace(TEAM, n_users=1), COSTS).n_replicas == 2


def test_the_table_of_the_docs_is_what_the_model_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "\n".join(capacity_table(Costs())) in page
