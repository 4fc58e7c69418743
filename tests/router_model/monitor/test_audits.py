"""The watch over audits: it finds a tier that degrades, and cries wolf no more often than stated."""

import numpy as np

from tierwise.router_model.monitor.audits import AuditMonitor

MAX_DIFFERENT = 0.05


def _run(rng: np.random.Generator, shares: list[tuple[int, float]]) -> int | None:
    monitor = AuditMonitor(MAX_DIFFERENT)
    for n_audits, share in shares:
        for is_different in rng.random(n_audits) < share:
            if monitor.add(bool(is_different)).is_broken:
                return monitor.state().broken_after
    return None


def test_five_hundred_runs_at_the_bound_raise_at_most_the_stated_share_of_alarms() -> None:
    rng = np.random.default_rng(1)
    n_alarms = sum(_run(rng, [(300, MAX_DIFFERENT)]) is not None for _ in range(500))
    assert n_alarms <= 0.05 * 500


def test_runs_below_the_bound_raise_none() -> None:
    rng = np.random.default_rng(2)
    assert all(_run(rng, [(300, MAX_DIFFERENT / 3)]) is None for _ in range(50))


def test_a_tier_that_degrades_silently_is_found_within_a_hundred_audits() -> None:
    rng = np.random.default_rng(3)
    found = [_run(rng, [(200, 0.02), (100, 0.40)]) for _ in range(50)]
    assert all(each is not None and 200 < each <= 300 for each in found)


def test_an_alarm_stands() -> None:
    monitor = AuditMonitor(MAX_DIFFERENT)
    while not monitor.add(True).is_broken:
        pass
    raised = monitor.state().broken_after
    assert all(monitor.add(False).broken_after == raised for _ in range(500))
