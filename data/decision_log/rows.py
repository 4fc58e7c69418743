"""Between records and table rows. Texts are made storable here: PostgreSQL takes neither NUL nor lone surrogates."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Row

from tierwise.data.decision_log.reading.stored import stored_attempt, stored_step
from tierwise.data.decision_log.records import DecisionRecord, StoredOutcome
from tierwise.data.records import Attempt, Decision, LoggedDecision, LoggedStep, Outcome, Reason, Step
from tierwise.data.serialise import attempt_to_dict, step_to_dict

MAX_KEY_CHARS = 512
MAX_KEY_BYTES = 1_024  # two of them fit into a row of PostgreSQL's indexes, which hold 2,704 bytes

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def dump_json(value: object) -> str:
    """JSON that every database stores as it is; numbers that JSON does not have become null."""
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except ValueError:  # a lone surrogate has no UTF-8, but it has an escape
        return json.dumps(_finite(value), separators=(",", ":"))


def storable(text: str) -> str:
    """``text`` with what a database cannot hold replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_key(text: str) -> str:
    """``text`` as a key: past ``MAX_KEY_CHARS`` the rest becomes a digest, because indexes bound the length."""
    text = storable(text)
    if len(text) <= MAX_KEY_CHARS and (text.isascii() or len(text.encode()) <= MAX_KEY_BYTES):
        return text
    head = text[: MAX_KEY_CHARS - 65].encode()[: MAX_KEY_BYTES - 65].decode("utf-8", "ignore")
    return f"{head}-{hashlib.sha256(text.encode()).hexdigest()}"


def decision_row(record: DecisionRecord) -> dict[str, Any]:
    decision = record.decision
    return {
        "decision_id": storable_key(record.decision_id),
        "step_id": _key_or_none(record.step_id),
        "task_id": _key_or_none(record.task_id),
        "session_id": _key_or_none(record.session_id),
        "created_at": record.created_at,
        "step": step_to_dict(record.step),
        "tier": decision.tier,
        "model": decision.model,
        "p_success": dict(decision.p_success),
        "expected_cost_usd": dict(decision.expected_cost_usd),
        "policy": decision.policy,
        "router_version": decision.router_version,
        "arm": decision.arm or decision.policy,
        "propensity": decision.propensity,
        "reason_code": decision.reason.code,
        "reason_text": storable(decision.reason.text),
        "is_fallback": decision.is_fallback,
        "is_unfamiliar": decision.is_unfamiliar,
        "experiment": decision.experiment,
        **_narrow_columns(record.step),
    }


def _narrow_columns(step: Step) -> dict[str, Any]:
    """What views filter and group by, beside the step itself, so that they need not read it."""
    role = step.extra.get("role")
    return {
        "task_type": _key_or_none(step.task_type),
        "agent": _key_or_none(step.agent),
        "node": _key_or_none(step.node),
        "role": storable_key(role) if isinstance(role, str) else None,
        "input_complexity": step.input_complexity,
        "requires_judgment": step.requires_judgment,
        "human_visible": step.human_visible,
    }


def decision_record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        decision_id=row.decision_id,
        step=stored_step(row.step),
        created_at=row.created_at,
        step_id=row.step_id,
        task_id=row.task_id,
        session_id=row.session_id,
        decision=Decision(
            tier=row.tier,
            model=row.model,
            policy=row.policy,
            router_version=row.router_version,
            reason=Reason(row.reason_code, row.reason_text),
            p_success=row.p_success,
            expected_cost_usd=row.expected_cost_usd,
            propensity=row.propensity,
            arm=row.arm,
            is_fallback=row.is_fallback,
            is_unfamiliar=row.is_unfamiliar,
            experiment=row.experiment,
        ),
    )


def outcome_row(outcome: Outcome, received_at: float) -> dict[str, Any]:
    """Without ``was_unknown`` and ``was_contradictory``, which only the log can tell."""
    attempt = outcome.attempt
    return {
        "decision_id": storable_key(outcome.decision_id),
        "idempotency_key": idempotency_key(outcome),
        "tier": storable(attempt.tier),
        "success": attempt.success,
        "cost_usd": attempt.cost_usd,
        "latency_ms": attempt.latency_ms,
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
    known = {
        "router_version": row.router_version,
        "p_success": row.p_success,
        "expected_cost_usd": row.expected_cost_usd,
        "fallback": row.is_fallback,
        "experiment": row.experiment,
        "reason_code": row.reason_code,
        "reason_text": row.reason_text,
    }
    return LoggedStep(
        step_id=row.step_id or row.decision_id,
        step=stored_step(row.step),
        attempts=tuple(attempts),
        task_id=row.task_id,
        session_id=row.session_id,
        timestamp=row.created_at,
        decision=LoggedDecision(row.decision_id, row.tier, row.policy, row.arm, row.propensity, extra=known),
    )


def _key_or_none(text: str | None) -> str | None:
    return None if text is None else storable_key(text)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
