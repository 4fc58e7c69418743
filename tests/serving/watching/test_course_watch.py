"""Courses are watched by their audits in the log: restarts and replicas see the same; alarms have consequences."""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.router_model.monitor.audited import audited, run
from tierwise.data.courses import ALWAYS, LEARNED, Course
from tierwise.data.decision_log import AuditEntry, DecisionLog, DecisionRecord
from tierwise.data.records import Decision, LoggedStep, Outcome, Reason, Step
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.serving.http.wire import RouteRequest
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.watching.course_watch import AUDIT_ALARM_ACTION
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.promise import ALARM_ACTION, PromiseWatcher
from tierwise.serving.watching.watched import BrokenCourses, Watched

NOW = 1_800_000_000.0
ASK = DecideOptions(max_quality_loss=0.05, courses=True)
COUNT = Step("How many? (53)", task_type="count")


def store(log: DecisionLog, steps: list[LoggedStep], version: str) -> None:
    """Puts audited steps into a decision log, as if ``version`` had decided them."""
    for logged in steps:
        assert logged.decision is not None
        decision = Decision("small", "learned", version, Reason("learned", ""))
        at = NOW - 10_000 + (logged.timestamp or 0.0)
        log.record_decisions([DecisionRecord(logged.step_id, logged.step, decision, at, None, logged.task_id)])
        log.record_outcomes([Outcome(logged.step_id, attempt) for attempt in logged.attempts])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as opened:
        yield opened


Look = Callable[..., tuple[Watched, Metrics]]


@pytest.fixture
def look(log: DecisionLog, answered: Router) -> Look:
    """Looks once, as a process that has just started."""

    def once(goes_to_top: bool = False) -> tuple[Watched, Metrics]:
        watched, metrics = Watched(goes_to_top), Metrics()
        slot = RouterSlot(answered, metrics)
        PromiseWatcher(lambda: log, slot, watched, metrics, 1.0, 60.0, lambda: NOW).work()
        return watched, metrics

    return once


def degraded(part: str = "count") -> list[LoggedStep]:
    return run(np.random.default_rng(1), [(50, 0.02), (100, 0.4)], [part])


def kept(watched: Watched, router: Router, step: Step = COUNT) -> Decision:
    decision = router.decide(step, ASK)
    return watched.kept(decision, RouteRequest(step, ASK, None, None, None, {}), router)


@pytest.mark.slow
def test_a_restart_keeps_the_alarm_even_when_the_audits_were_pruned(
    log: DecisionLog, answered: Router, look: Look
) -> None:
    store(log, degraded(), answered.version)
    for _ in range(2):
        watched, metrics = look()
        assert watched.broken_courses is not None
        assert watched.broken_courses.is_whole
        assert kept(watched, answered).course == Course((kept(watched, answered).tier,), ALWAYS, "frontier")
        assert b"tierwise_audit_alarm 1.0" in metrics.render()[0]
    log.prune(before=NOW)
    watched, metrics = look()
    assert watched.broken_courses is not None
    assert watched.broken_courses.is_whole
    assert b"tierwise_audit_alarm 1.0" in metrics.render()[0]


@pytest.mark.slow
def test_services_on_one_log_agree_and_the_trail_holds_each_alarm_once(
    log: DecisionLog, answered: Router, look: Look
) -> None:
    store(log, degraded(), answered.version)
    (one, _), (other, _) = look(), look()
    assert one.audits is not None
    assert one.audits == other.audits
    assert one.broken_courses == other.broken_courses
    entries = [entry for entry in log.audit(answered.version) if entry.action == AUDIT_ALARM_ACTION]
    assert len({str(entry.evidence["part"]) for entry in entries}) == len(entries)
    (whole,) = [entry for entry in entries if entry.evidence["part"] is None]
    assert "of 150 audited answers differ from the top tier's" in whole.reason


def test_alarms_that_another_process_raises_hold_here_from_the_next_look(log: DecisionLog, answered: Router) -> None:
    watched, metrics = Watched(False), Metrics()
    watcher = PromiseWatcher(lambda: log, RouterSlot(answered, metrics), watched, metrics, 1.0, 60.0, lambda: NOW)
    watcher.look(log)
    assert watched.broken_courses == BrokenCourses(answered.version)
    log.record_audit(AuditEntry(AUDIT_ALARM_ACTION, answered.version, "tierwise", "seen there", {"part": "count"}))
    watcher.look(log)
    assert watched.broken_courses == BrokenCourses(answered.version, parts=frozenset({"count"}))
    assert not watched.is_broken(answered.version)
    log.record_audit(AuditEntry(ALARM_ACTION, answered.version, "tierwise", "seen there"))
    watcher.look(log)
    assert watched.is_broken(answered.version)
    shown = metrics.render()[0]
    assert b"tierwise_audit_alarm 1.0" in shown
    assert b"tierwise_promise_broken 1.0" in shown


def test_on_every_database_the_same_is_read(log_url: str, answered: Router) -> None:
    found = []
    steps = run(np.random.default_rng(2), [(60, 0.05)], ["count", "other"])
    for start in (0, 20):  # in one look, and in two
        watched, metrics, now = Watched(False), Metrics(), [NOW]
        with DecisionLog.open(log_url) as log:
            version = f"{answered.version}"
            if not start:
                store(log, steps, version)
            watcher = PromiseWatcher(
                lambda: None, RouterSlot(answered, metrics), watched, metrics, 1.0, 0.0, lambda now=now: now[0]
            )
            for now[0] in (NOW - 10_000 + start, NOW) if start else (NOW,):
                watcher.look(log)
        found.append(watched.audits)
    assert found[0] == found[1]
    assert found[0] is not None
    assert found[0].whole.n_audits == 60


@pytest.mark.slow
def test_without_degradation_courses_go_on(log: DecisionLog, answered: Router, look: Look) -> None:
    store(log, run(np.random.default_rng(1), [(150, 0.02)], ["count"]), answered.version)
    watched, metrics = look()
    course = kept(watched, answered).course
    assert course is not None
    assert course.accept == LEARNED
    shown = metrics.render()[0]
    assert b"tierwise_audit_alarm 0.0" in shown
    assert b"tierwise_audits_read 150.0" in shown


@pytest.mark.slow
def test_another_version_begins_anew(log: DecisionLog, answered: Router, look: Look) -> None:
    store(log, degraded(), "the-one-before")
    watched, _ = look()
    assert watched.audits is not None
    assert watched.audits.whole.n_audits == 0
    assert watched.broken_courses == BrokenCourses(answered.version)


@pytest.mark.slow
def test_where_a_broken_promise_goes_to_the_top_broken_courses_do(
    log: DecisionLog, answered: Router, look: Look
) -> None:
    store(log, degraded(), answered.version)
    decision = kept(look(goes_to_top=True)[0], answered)
    assert (decision.tier, decision.course, decision.is_fallback) == ("frontier", None, True)
    assert decision.reason.code == "promise_broken"
    assert decision.reason.text.startswith("Too many answers that courses accepted differ")


@pytest.mark.slow
def test_a_step_that_asks_for_no_course_is_decided_as_ever(log: DecisionLog, answered: Router, look: Look) -> None:
    store(log, degraded(), answered.version)
    watched, _ = look(goes_to_top=True)
    options = replace(ASK, courses=False)
    decision = answered.decide(COUNT, options)
    assert watched.kept(decision, RouteRequest(COUNT, options, None, None, None, {}), answered) == decision


def test_the_alarm_of_a_part_ends_the_courses_of_that_part_alone(answered: Router) -> None:
    policy = answered.parts.policy
    (part,) = policy.parts
    router = copy(answered)
    parts = (part, replace(part, name="plan", values=("plan",)))
    router.parts = replace(answered.parts, policy=replace(policy, parts=parts))
    watched = Watched(goes_to_top=False)
    for broken, accept in (("plan", LEARNED), ("count", ALWAYS)):
        watched.broken_courses = BrokenCourses(answered.version).joined(broken)
        course = kept(watched, router).course
        assert course is not None
        assert course.accept == accept


def test_failed_audits_alone_raise_it(log: DecisionLog, answered: Router, look: Look) -> None:
    store(log, [audited(number, None, "count", error="timeout") for number in range(20)], answered.version)
    watched, _ = look()
    assert watched.audits is not None
    assert (watched.audits.whole.n_failed, watched.audits.whole.is_broken) == (20, True)
