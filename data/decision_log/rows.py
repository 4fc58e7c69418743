"""Between records and table rows."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tierwise.data.decision_log.columns import decision_values, exported_values, narrow_values, stored_decision
from tierwise.data.decision_log.reading.stored import stored_attempt, stored_step
from tierwise.data.decision_log.records import DecisionRecord, StoredOutcome
from tierwise.data.decision_log.texts import storable_key
from tierwise.data.drawing.task_words import without_mere_words
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Outcome
from tierwise.data.serialise import attempt_to_dict, step_to_dict


def decision_row(record: DecisionRecord) -> dict[str, Any]:
    return {
        "decision_id": storable_key(record.decision_id),
        "step_id": _key_or_none(record.step_id),
        "task_id": _key_or_none(record.task_id),
        "session_id": _key_or_none(record.session_id),
        "created_at": record.created_at,
        "step": step_to_dict(record.step),
        **decision_values(record.decision),
        **narrow_values(record.step),
        "role": storable_key(role) if isinstance(role := record.step.extra.get("role"), str) else None,
    }


def decision_record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        decision_id=row.decision_id,
        step=stored_step(row.step),
        created_at=row.created_at,
        step_id=row.step_id,
        task_id=row.task_id,
        session_id=row.session_id,
        decision=stored_decision(row),
    )


def outcome_row(outcome: Outcome, received_at: float) -> dict[str, Any]:
    """Without ``was_unknown`` and ``was_contradictory``, which only the log can tell."""
    attempt = outcome.attempt
    return {
        "decision_id": storable_key(outcome.decision_id),
        "idempotency_key": idempotency_key(outcome),
        **narrow_values(attempt),
        "attempt": attempt_to_dict(attempt),
        "reported_at": outcome.reported_at,
        "received_at": received_at,
    }


def idempotency_key(outcome: Outcome) -> str:
    """The caller's key, or else a digest of the outcome: the same report twice is one report."""
    if outcome.idempotency_key:
        return storable_key(outcome.idempotency_key)
    content = [attempt_to_dict(outcome.attempt), outcome.reported_at]
    return "content-" + hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def stored_outcome(row: Row[Any]) -> StoredOutcome:
    attempt = stored_attempt(row.attempt)
    return StoredOutcome(
        outcome=Outcome(row.decision_id, attempt, row.idempotency_key, row.reported_at),
        received_at=row.received_at,
        was_unknown=row.was_unknown,
        was_contradictory=row.was_contradictory,
    )


def logged_step(row: Row[Any], attempts: Sequence[Attempt]) -> LoggedStep:
    """A decision and its attempts as a line of the step log; the decision's id stands in for a missing step id."""
    return LoggedStep(
        step_id=row.step_id or row.decision_id,
        step=stored_step(row.step),
        attempts=without_mere_words(attempts),
        task_id=row.task_id,
        session_id=row.session_id,
        timestamp=row.created_at,
        decision=LoggedDecision(row.decision_id, row.tier, row.policy, row.arm, row.propensity, exported_values(row)),
    )


def _key_or_none(text: str | None) -> str | None:
    return None if text is None else storable_key(text)
