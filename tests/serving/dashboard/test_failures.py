"""Where failures begin: reported before derived, dependencies before order, and like with like."""

from dataclasses import replace

import pytest

from tierwise.data.decision_log import DecisionRecord, StoredDecision, StoredOutcome
from tierwise.data.decision_log.views.tasks import FailedStep
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step
from tierwise.serving.dashboard.pages.failures import (
    ORIGINS,
    cluster_failures,
    find_origin,
    signature,
    step_success,
    who_failed,
)


def stored(
    name: str, *verdicts: bool | None, node: str = "work", origin: str | None = None, **extra: object
) -> StoredDecision:
    decision = Decision("small", "learned", "v1", Reason("learned", "x"))
    record = DecisionRecord(f"d-{name}", Step(text="x", node=node, extra=extra), decision, 0.0, f"s-{name}", "t")
    told = {} if origin is None else {"failure_origin": origin}
    outcomes = tuple(
        StoredOutcome(Outcome(f"d-{name}", Attempt("small", success=verdict, extra=told)), 0.0, False, False)
        for verdict in verdicts
    )
    return StoredDecision(record, outcomes)


@pytest.mark.parametrize(
    ("verdicts", "success"),
    [
        ((), None),
        ((None,), None),
        ((False,), False),
        ((False, True), True),
        ((True, None), True),
        ((None, False), False),
    ],
)
def test_a_step_succeeds_when_one_attempt_does(verdicts: tuple[bool | None, ...], success: bool | None) -> None:
    assert step_success(stored("a", *verdicts)) is success


def test_a_task_without_a_failed_step_has_no_origin() -> None:
    assert find_origin([stored("a", True), stored("b", False, True), stored("c")]) is None


def test_the_first_failed_step_is_derived() -> None:
    origin = find_origin([stored("a", True), stored("b", False), stored("c", False)])
    assert origin is not None
    assert (origin.decision_id, origin.kind, origin.is_reported) == ("d-b", None, False)


def test_what_the_runtime_reported_wins() -> None:
    origin = find_origin([stored("a", False), stored("b", False, origin="handoff")])
    assert origin is not None
    assert (origin.decision_id, origin.kind, origin.is_reported) == ("d-b", "handoff", True)


def test_a_report_that_is_no_origin_is_not_believed() -> None:
    origin = find_origin([stored("a", False, origin="<b>the moon</b>")])
    assert origin is not None
    assert (origin.kind, origin.is_reported) == (None, False)


def test_a_step_that_only_suffered_is_not_the_origin() -> None:
    """b was decided first but needs a, which failed; so a began it."""
    origin = find_origin([stored("b", False, depends_on=["s-a"]), stored("a", False, role="execute")])
    assert origin is not None
    assert (origin.decision_id, origin.kind) == ("d-a", "executor")


@pytest.mark.parametrize(
    ("role", "node", "kind"), [("plan", "x", "planner"), ("repair", "plan", "executor"), (None, "Planner", "planner")]
)
def test_roles_and_names_tell_planner_from_executor(role: str | None, node: str, kind: str) -> None:
    extra = {} if role is None else {"role": role}
    origin = find_origin([stored("a", False, node=node, **extra)])
    assert origin is not None
    assert origin.kind == kind


FAILURE = FailedStep("d", "t", "billing", "parse", None, "extract", "small", "small", "schema", None, None)


def test_errors_that_differ_in_detail_are_one_cluster() -> None:
    errors = ["row 17: 'EUR' is no amount", "row 4: 'USD' is no amount", "timeout after 30 s"]
    failures = [replace(FAILURE, decision_id=f"d-{i}", error=error) for i, error in enumerate(errors)]
    clusters = cluster_failures(failures)
    assert [(cluster.error, cluster.n_tasks) for cluster in clusters] == [
        ("row #: … is no amount", 2),
        ("timeout after # s", 1),
    ]
    assert signature(FAILURE) == "schema: no error text"


def test_reported_and_derived_origins_are_not_mixed() -> None:
    failures = [replace(FAILURE, role="plan"), replace(FAILURE, failure_origin="planner")]
    assert sorted((cluster.origin, cluster.is_reported) for cluster in cluster_failures(failures)) == [
        ("planner", False),
        ("planner", True),
    ]


def test_who_failed_is_counted_by_kind_of_step() -> None:
    told = [*["tool"] * 3, "planner", "handoff", None]
    failures = [replace(FAILURE, decision_id=f"d-{i}", failure_origin=origin) for i, origin in enumerate(told)]
    failures.append(replace(FAILURE, task_type="write", failure_origin="verifier"))
    rows = who_failed(cluster_failures(failures))
    assert ORIGINS == ("planner", "handoff", "executor", "tool", "verifier")
    assert [(row.kind, row.n_tasks, row.by_origin) for row in rows] == [
        ("extract", 6, (1, 1, 0, 3, 0, 1)),
        ("write", 1, (0, 0, 0, 0, 1, 0)),
    ]
