"""The watch over audits: it finds a tier that degrades, in all courses or a part, and cries wolf as rarely as said."""

from dataclasses import replace

import numpy as np
import pytest

from tests.router_model.monitor.audited import TIERS, audited, run
from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.audits import AuditMonitor, AuditsState
from tierwise.router_model.monitor.evidence import show, show_accepted, show_same

MAX_DIFFERENT = 0.05
PARTS = ("extract", "format", "plan", "sum")


def watched(steps: list[LoggedStep]) -> AuditsState:
    monitor = AuditMonitor(TIERS, MAX_DIFFERENT, lambda step: step.task_type)
    monitor.take(steps)
    return monitor.state()


@pytest.mark.slow
def test_five_hundred_runs_at_the_bound_raise_at_most_the_stated_share_of_alarms_parts_included() -> None:
    rng = np.random.default_rng(1)
    n_alarms = sum(bool(watched(run(rng, [(300, MAX_DIFFERENT)], PARTS)).broken) for _ in range(500))
    assert n_alarms <= 0.05 * 500


@pytest.mark.slow
def test_a_tier_that_degrades_silently_is_found_within_a_hundred_audits() -> None:
    rng = np.random.default_rng(3)
    found = [watched(run(rng, [(200, 0.02), (100, 0.40)], PARTS)).whole.state.broken_after for _ in range(50)]
    assert all(each is not None and 200 < each <= 300 for each in found)


@pytest.mark.slow
def test_a_part_that_degrades_is_found_within_150_audits_of_its_own_and_the_others_go_on() -> None:
    rng = np.random.default_rng(4)
    for _ in range(30):
        steps = run(rng, [(400, 0.02)], PARTS)
        n_before = sum(step.step.task_type == "plan" for step in steps)
        steps += run(rng, [(150, 0.40)], ["plan"], first=400)
        (found,) = [each for each in watched(steps).parts if each.is_broken]
        assert found.part == "plan"
        assert found.state.broken_after is not None
        assert n_before < found.state.broken_after <= n_before + 150


def test_parts_share_the_risk_in_the_order_in_which_they_appear() -> None:
    state = watched([audited(number, True, part) for number, part in enumerate(PARTS)])
    risks = [1 - each.state.confidence for each in (state.whole, *state.parts)]
    assert risks == pytest.approx([0.025, 0.0125, 0.025 / 6, 0.025 / 12, 0.025 / 20])
    assert [each.part for each in state.parts] == list(PARTS)
    assert state.shown_parts == ()


def test_what_cannot_be_compared_and_what_was_not_answered_count_as_different() -> None:
    steps = [audited(1, True), audited(2, None), audited(3, None, error="timeout"), audited(4, False)]
    whole = watched(steps).whole
    assert (whole.n_audits, whole.n_different, whole.n_failed) == (4, 3, 1)
    assert "3 of 4 audited answers differ from the top tier's, 1 of them because the top tier did not" in whole.text()
    assert watched([audited(number, None, error="timeout") for number in range(20)]).whole.is_broken


def test_an_audit_speaks_of_courses_alone_and_other_evidence_passes_it_over() -> None:
    step = audited(1, False)
    assert show(step, TIERS) is None
    assert show_same(step, TIERS) is None
    assert show_accepted(step, TIERS) is not None
    assert show_accepted(replace(step, attempts=step.attempts[:2]), TIERS) is None
    single = replace(step.attempts[2], extra={"mirror": True, "audit": True, "is_same": False})
    routed = replace(step, attempts=(replace(step.attempts[0], extra={}), single))
    assert show_accepted(routed, TIERS) is None
    assert show_same(routed, TIERS) is not None


def test_steps_of_one_task_count_as_one() -> None:
    steps = [replace(audited(number, False), task_id="t") for number in range(15)]
    state = watched(steps).whole
    assert (state.n_audits, state.state.n_tasks, state.is_broken) == (15, 1, False)
