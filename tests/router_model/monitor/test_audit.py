"""The promise of same answers, watched by the audit: a share of the routed calls, asked of the top tier as well."""

import numpy as np
import pytest

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.router_model.monitor.promise import PromiseMonitor

TIERS = ("small", "mid", "frontier")


def routed(i: int, tier: str, is_same: bool | None, is_audited: bool = True) -> LoggedStep:
    other = "frontier" if tier != "frontier" else "small"
    audit = (Attempt(other, extra={"mirror": True, "is_same": is_same}),) if is_audited else ()
    decision = LoggedDecision(f"d-{i}", tier, "learned", extra={"reason_code": "cheapest"})
    return LoggedStep(f"s-{i}", Step("x"), (Attempt(tier), *audit), timestamp=float(i), decision=decision)


def monitor() -> PromiseMonitor:
    return PromiseMonitor(TIERS, 0.03, target="same-answer")


@pytest.mark.parametrize(("rate", "is_broken"), [(0.01, False), (0.1, True)])
def test_differences_beyond_the_promise_are_noticed_and_rarer_ones_are_not(rate: float, is_broken: bool) -> None:
    watch = monitor()
    same = np.random.default_rng(3).random(600) >= rate
    assert watch.take([routed(i, "small", bool(one)) for i, one in enumerate(same)]) == 600
    assert watch.state().is_broken is is_broken


def test_only_what_was_audited_speaks_and_what_cannot_be_told_counts_as_different() -> None:
    watch = monitor()
    assert watch.take([routed(1, "small", True, is_audited=False), routed(2, "frontier", None, is_audited=False)]) == 0
    assert watch.take([routed(3, "frontier", False)]) == 1
    assert watch.state().lower <= 0
    assert watch.take([routed(i, "mid", None) for i in range(4, 104)]) == 100
    assert watch.state().is_broken
