"""Where failures begin: the origin within one task, and the clusters of many.

An origin that the runtime reported is shown as reported. Where it did not, one is derived from what was logged, and
labelled as derived.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwise.data.decision_log import StoredDecision
from tierwise.data.decision_log.views.tasks import FailedStep

PLANNER, EXECUTOR, HANDOFF, TOOL, VERIFIER = "planner", "executor", "handoff", "tool", "verifier"
ORIGINS = (PLANNER, HANDOFF, EXECUTOR, TOOL, VERIFIER)
_PLANNING = frozenset({"plan", "fill"})
_N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """The step where a task's failure began. ``kind`` is one of ``ORIGINS`` or None where nothing tells."""

    decision_id: str
    kind: str | None
    is_reported: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tasks whose failure began in the same place in the same way."""

    agent: str | None
    node: str | None
    task_type: str | None
    tier: str
    error: str
    origin: str | None
    is_reported: bool
    n_tasks: int
    examples: tuple[FailedStep, ...]


def step_success(stored: StoredDecision) -> bool | None:
    """Whether some attempt succeeded; False when one failed and none succeeded; None when nothing is known."""
    verdicts = [outcome.outcome.attempt.success for outcome in stored.outcomes]
    return True if True in verdicts else (False if False in verdicts else None)


def find_origin(steps: Sequence[StoredDecision]) -> Origin | None:
    """Where the failure of a task began; None when no step failed.

    Steps that depend on others (``depends_on``) are judged after them: a failed step whose needs were all met began it.
    """
    failed = [stored for stored in steps if step_success(stored) is False]
    for stored in failed:
        for reported in stored.outcomes:
            kind = reported.outcome.attempt.extra.get("failure_origin")
            if kind in ORIGINS:
                return Origin(stored.record.decision_id, str(kind), True, "The runtime reported it with the outcome.")
    if not failed:
        return None
    failed_ids = {name for stored in failed for name in (stored.record.step_id, stored.record.decision_id) if name}
    roots = [stored for stored in failed if not failed_ids.intersection(_needs(stored))]
    return _derived((roots or failed)[0])


def derived_kind(role: str | None, node: str | None) -> str | None:
    """Planner or executor by the role that the runtime gave the step, or a node that names itself a planner."""
    if role is not None:
        return PLANNER if role in _PLANNING else EXECUTOR
    return PLANNER if re.match(r"plan", node or "", re.IGNORECASE) else None


def cluster_failures(failures: Sequence[FailedStep]) -> list[Cluster]:
    """Failures by place and kind of error, the most frequent first."""
    groups: dict[tuple[object, ...], list[FailedStep]] = {}
    for failure in failures:
        is_reported = failure.failure_origin in ORIGINS
        origin = failure.failure_origin if is_reported else derived_kind(failure.role, failure.node)
        place = (failure.agent, failure.node, failure.task_type, failure.last_tier)
        groups.setdefault((*place, signature(failure), origin, is_reported), []).append(failure)
    clusters = [_cluster(key, members) for key, members in groups.items()]
    return sorted(clusters, key=lambda cluster: (-cluster.n_tasks, cluster.error))


@dataclass(frozen=True, slots=True)
class KindRow:
    """How many tasks began to fail in steps of one kind, by who failed: in the order of ``ORIGINS``, then where nothing
    tells."""

    kind: str
    n_tasks: int
    by_origin: tuple[int, ...]


def who_failed(clusters: Sequence[Cluster]) -> list[KindRow]:
    """The clusters by kind of step (task type, or else node), the kind with most failures first."""
    counts: dict[str, dict[str | None, int]] = {}
    for cluster in clusters:
        own = counts.setdefault(cluster.task_type or cluster.node or "–", {})
        own[cluster.origin] = own.get(cluster.origin, 0) + cluster.n_tasks
    rows = [
        KindRow(kind, sum(own.values()), tuple(own.get(origin, 0) for origin in (*ORIGINS, None)))
        for kind, own in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.n_tasks, row.kind))


def signature(failure: FailedStep) -> str:
    """The error without what differs from case to case: numbers, quoted words, long ids.

    >>> place = {"agent": None, "node": None, "role": None, "task_type": None, "tier": "small", "last_tier": "small"}
    >>> told = {"evaluator": "schema", "error": "row 17: 'EUR' is no amount", "failure_origin": None}
    >>> signature(FailedStep("d-1", "t-1", **place, **told))
    'row #: … is no amount'
    """
    if not failure.error:
        return f"{failure.evaluator}: no error text" if failure.evaluator else "no error text"
    text = " ".join(failure.error.split())[:300]
    text = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "…", text)
    text = re.sub(r"\b[0-9a-f]{8,}\b|\d+(?:[.,:]\d+)*", "#", text)
    return text[:120]


def _cluster(key: tuple[object, ...], members: Sequence[FailedStep]) -> Cluster:
    first = members[0]
    return Cluster(
        agent=first.agent,
        node=first.node,
        task_type=first.task_type,
        tier=first.last_tier,
        error=signature(first),
        origin=None if key[-2] is None else str(key[-2]),
        is_reported=bool(key[-1]),
        n_tasks=len(members),
        examples=tuple(members[:_N_EXAMPLES]),
    )


def _derived(stored: StoredDecision) -> Origin:
    record = stored.record
    if _needs(stored) and record.step.previous_error is None:
        evidence = "The first failed step whose needs, by depends_on, were all met."
    else:
        evidence = "The first step of the task that failed."
    role = record.step.extra.get("role")
    kind = derived_kind(role if isinstance(role, str) else None, record.step.node)
    return Origin(record.decision_id, kind, False, evidence)


def _needs(stored: StoredDecision) -> list[str]:
    extra: Mapping[str, object] = stored.record.step.extra
    needs = extra.get("depends_on")
    return [need for need in needs if isinstance(need, str)] if isinstance(needs, list | tuple) else []
