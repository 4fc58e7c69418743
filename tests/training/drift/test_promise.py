"""``tierwise drift`` judges the promise as the service does, from the decisions of the router's own version."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.router_model.monitor.audited import run
from tests.router_model.monitor.production import TIERS, World
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Decision, LoggedStep, Outcome, Reason, Step
from tierwise.data.serialise import logged_step_to_dict
from tierwise.data.step_log import load_step_logs, write_step_log
from tierwise.router_model.monitor.evidence import show
from tierwise.router_model.router import Router
from tierwise.training.drift import DriftSettings, measure_drift
from tierwise.training.drift.promise import audit_findings, promise_findings

BROKEN = World(degraded_from=0, degraded=(0.60, 0.40, 0.90))


def decided(world: World, n_tasks: int, version: str) -> list[LoggedStep]:
    steps = []
    for logged in world.log(n_tasks, seed=1):
        assert logged.decision is not None
        extra = dict(logged.decision.extra) | {"router_version": version}
        steps.append(replace(logged, step=Step("a"), decision=replace(logged.decision, extra=extra)))
    return steps


@pytest.mark.parametrize(
    ("world", "is_drift", "words"),
    [(BROKEN, True, "broken"), (World(reach=(0.6, 0.9, 0.9)), False, "no sign against it")],
)
def test_a_broken_promise_is_drift(world: World, is_drift: bool, words: str) -> None:
    (found,) = promise_findings(decided(world, 150, "v1")[::-1], TIERS, "v1", 0.03)
    assert (found.kind, found.name, found.is_drift) == ("promise", "v1", is_drift)
    assert f"at most 3.0% of the top tier's success lost: {words} (" in found.text
    assert "in 150 tasks" in found.text


def test_other_versions_say_nothing() -> None:
    steps = decided(BROKEN, 100, "v1")
    assert promise_findings(steps, TIERS, "v2", 0.03) == []
    silent = [replace(step, attempts=()) for step in steps]
    (found,) = promise_findings(silent, TIERS, "v1", 0.03)
    assert (found.is_drift, found.change) == (False, 0.0)
    assert "no decision with an outcome speaks of it" in found.text


@pytest.mark.slow
def test_the_report_of_a_router_holds_it(router: Router) -> None:
    steps = decided(BROKEN, 150, router.version)
    report = measure_drift(steps[:75], steps[75:], router.catalogue, router)
    assert ("promise", router.version) in {(found.kind, found.name) for found in report.drifted}


def test_a_decision_log_and_a_step_log_keep_what_it_needs(tmp_path: Path) -> None:
    """What exploration picked instead survives the database, and a file written from it."""
    text = "'frontier' is tried instead of 'mid', to learn how it does."
    decision = Decision("frontier", "learned", "v1", Reason("explored", text), propensity=0.05)
    with DecisionLog.open(f"sqlite:///{tmp_path}/log.db") as log:
        log.record_decisions([DecisionRecord("d", Step("a"), decision, 5.0)])
        log.record_outcomes([Outcome("d", next(World().log(1, 0)).attempts[0])])
        (logged,) = log.logged_steps()
    logged = replace(logged, attempts=(replace(logged.attempts[0], tier="frontier"),))
    write_step_log(tmp_path / "log.jsonl", [logged])
    (read,) = load_step_logs([tmp_path / "log.jsonl"]).steps
    for each in (logged, read):
        found = show(each, TIERS)
        assert found is not None
        assert (found.is_explored, found.p_ran) == (True, 0.05)
    assert logged_step_to_dict(read)["decision"]["reason_code"] == "explored"


@pytest.mark.slow
@pytest.mark.parametrize(("share", "is_drift"), [(0.4, True), (0.02, False)])
def test_audits_of_courses_are_judged_as_the_service_does(router: Router, share: float, is_drift: bool) -> None:
    steps = [of_version(one, router.version) for one in run(np.random.default_rng(1), [(150, share)], ["extract"])]
    found = audit_findings(steps[::-1], router, 0.05)
    assert (found[0].kind, found[0].name, found[0].is_drift) == ("audit", "courses", is_drift)
    assert "of 150 audited answers differ from the top tier's" in found[0].text
    assert audit_findings([of_version(one, "another") for one in steps], router, 0.05) == []
    strict = measure_drift(steps[:75], steps[75:], router.catalogue, router, DriftSettings(max_different=0.9))
    assert not [each for each in strict.drifted if each.kind == "audit"]


def of_version(logged: LoggedStep, version: str) -> LoggedStep:
    assert logged.decision is not None
    return replace(
        logged, decision=replace(logged.decision, extra={**logged.decision.extra, "router_version": version})
    )
