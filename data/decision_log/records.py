"""What goes into the decision log and what comes out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.experiments import Experiment
from tierwise.data.records import Decision, Outcome, Step


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision as it was answered. ``created_at`` is seconds since the epoch (UTC)."""

    decision_id: str
    step: Step
    decision: Decision
    created_at: float
    step_id: str | None = None
    task_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """An outcome as the log keeps it. ``received_at`` is seconds since the epoch (UTC).

    ``was_unknown`` says that the log did not hold the decision when the outcome came; ``was_contradictory`` that an
    earlier outcome said the opposite about the same tier of the same decision.
    """

    outcome: Outcome
    received_at: float
    was_unknown: bool
    was_contradictory: bool


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with its outcomes in the order in which they were reported."""

    record: DecisionRecord
    outcomes: tuple[StoredOutcome, ...]


@dataclass(frozen=True, slots=True)
class OutcomeReceipt:
    """What became of one reported outcome. A duplicate is not stored again and is never unknown or contradictory."""

    is_new: bool
    is_unknown: bool = False
    is_contradictory: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """Receipts, counted. ``unknown`` and ``contradictory`` are parts of ``new``: they are stored all the same."""

    new: int
    duplicate: int
    unknown: int
    contradictory: int


@dataclass(frozen=True, slots=True)
class DeletedCounts:
    """How many rows a deletion removed."""

    decisions: int
    outcomes: int


@dataclass(frozen=True, slots=True)
class ExperimentVersion:
    """An experiment as it was from ``recorded_at`` on, seconds since the epoch (UTC)."""

    experiment: Experiment
    recorded_at: float


def count_receipts(receipts: Iterable[OutcomeReceipt]) -> OutcomeCounts:
    """The receipts of a batch in four numbers."""
    kept = list(receipts)
    new = sum(receipt.is_new for receipt in kept)
    return OutcomeCounts(
        new=new,
        duplicate=len(kept) - new,
        unknown=sum(receipt.is_unknown for receipt in kept),
        contradictory=sum(receipt.is_contradictory for receipt in kept),
    )


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``actor`` did ``action`` (such as promote, rollback, refuse, retrain) to ``subject`` (a model, an experiment).

    ``reason`` is the actor's own words; ``evidence`` plain values for JSON; ``recorded_at`` seconds since the epoch,
    set by the log.
    """

    action: str
    subject: str
    actor: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: float | None = None
