"""The capacity model: figures that can be checked by hand."""

from dataclasses import replace

import pytest

from benchmarks.scale.capacity import Costs, Team, capacity_table, measured_costs, plan
from benchmarks.scale.training import Measured

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


def test_what_a_further_step_costs_comes_from_logs_longer_than_what_is_drawn() -> None:
    def training(n_steps: int, n_learned: int, cpu_seconds: float) -> Measured:
        return Measured("local", n_steps, n_learned, cpu_seconds, cpu_seconds, 1.0, None, 1.0, "v")

    whole, long = training(1_000, 1_000, 50.0), training(11_000, 1_000, 60.0)
    assert measured_costs([whole, long]).reading_cpu_seconds_a_step == pytest.approx(1e-3)
    assert measured_costs([whole]).reading_cpu_seconds_a_step == 0.0
    assert len(capacity_table(measured_costs([whole, long]))) == 2 + 4
