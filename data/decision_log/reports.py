"""Outcomes as callers report them. One whose decision the caller took itself, because the service was away, carries
that decision and its step in ``decided_by_caller``, so that it can be learned from like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.decision_log.records import DecisionRecord
from tierwise.data.errors import RecordError
from tierwise.data.foreign.limits import MAX_USD
from tierwise.data.parsing import parse_logged_step, parse_outcome
from tierwise.data.plausible import check_plausible
from tierwise.data.records import Decision, Outcome, Reason
from tierwise.data.told import decision_fields

CALLER_DECISION = "decided_by_caller"
MAX_AHEAD_SECONDS = 86_400.0
"""How far the clocks of callers may be ahead."""


@dataclass(frozen=True, slots=True)
class Report:
    """An outcome, and the decision that came with it if the caller took it."""

    outcome: Outcome
    decision: DecisionRecord | None = None


def parse_report(raw: object, now: float) -> Report:
    """One outcome of ``POST /outcomes``; ``now`` (seconds since the epoch) dates a decision without a time.

    Raises ``RecordError`` naming the field.
    """
    if not isinstance(raw, Mapping) or raw.get(CALLER_DECISION) is None:
        return Report(_outcome(raw))
    outcome = _outcome({key: value for key, value in raw.items() if key != CALLER_DECISION})
    try:
        return Report(outcome, _decision(outcome.decision_id, raw[CALLER_DECISION], now))
    except RecordError as error:
        message = str(error).removeprefix(f"{error.field}: ")
        raise RecordError(f"{CALLER_DECISION}.{error.field}".rstrip("."), message) from None


def _outcome(raw: object) -> Outcome:
    outcome = parse_outcome(raw)
    check_plausible(outcome.attempt)
    return outcome


def _decision(decision_id: str, raw: object, now: float) -> DecisionRecord:
    if not isinstance(raw, Mapping):
        raise RecordError("", "is no JSON object")
    tier = raw.get("tier")
    if not isinstance(tier, str) or not tier:
        raise RecordError("tier", f"is {tier!r}; the name of the decided tier is needed")
    names = {name: raw.get(name) for name in ("task_id", "session_id")}
    logged = parse_logged_step(  # the checks of the step log: names, time, policy, arm, propensity
        names
        | {
            "step_id": raw.get("step_id") or decision_id,
            "step": raw.get("step"),
            "timestamp": raw.get("decided_at"),
            "decision": {name: raw.get(name) for name in ("tier", "policy", "arm", "propensity")},
        }
    )
    if logged.timestamp is not None and logged.timestamp > now + MAX_AHEAD_SECONDS:
        raise RecordError("decided_at", f"is {raw.get('decided_at')!r:.40}; that is in the future")
    told = decision_fields(raw)
    _check_numbers(told)
    policy = told.get("policy") or "rules"
    told |= {"policy": policy, "router_version": told.get("router_version") or policy, "reason": _reason(told)}
    return DecisionRecord(
        decision_id=decision_id,
        step=logged.step,
        decision=Decision(**{"is_fallback": True} | told),
        created_at=now if logged.timestamp is None else logged.timestamp,
        step_id=_text(raw, "step_id"),
        task_id=logged.task_id,
        session_id=logged.session_id,
    )


def _reason(told: Mapping[str, Any]) -> Reason:
    given = told.get("reason", Reason("", ""))
    return Reason(given.code or "decided_by_caller", given.text or "The caller decided.")


def _check_numbers(told: Mapping[str, Any]) -> None:
    for name, values in told.items():
        if isinstance(values, Mapping) and not all(0 <= value <= MAX_USD for value in values.values()):
            raise RecordError(name, f"is no object of numbers between 0 and {MAX_USD:g} by tier")


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, str):
        raise RecordError(key, f"is {value!r}; a string or null is needed")
    return value
