"""From records back to plain mappings: the inverse of :mod:`tierwise.data.parsing`.

What is unknown (None) is left out; fields that the records do not know come back as they came.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from tierwise.data.records import (
    Attempt,
    LoggedDecision,
    LoggedStep,
    Logprobs,
    Message,
    Outcome,
    Step,
    Tool,
    ToolCall,
)


def logged_step_to_dict(logged: LoggedStep) -> dict[str, Any]:
    """One line of the step log."""
    timestamp = None if logged.timestamp is None else datetime.fromtimestamp(logged.timestamp, UTC).isoformat()
    decision = None if logged.decision is None else _plain(logged.decision)
    return _known(
        {
            "step_id": logged.step_id,
            "task_id": logged.task_id,
            "session_id": logged.session_id,
            "timestamp": timestamp,
            "group": logged.group,
            "step": step_to_dict(logged.step),
            "attempts": [attempt_to_dict(attempt) for attempt in logged.attempts],
            "decision": decision,
        }
    ) | dict(logged.extra)


def step_to_dict(step: Step) -> dict[str, Any]:
    """The ``step`` object of a log line or of a ``/route`` request."""
    plain = _plain(step)
    for key, items in (("messages", step.messages), ("tools", step.tools)):
        if items:
            plain[key] = [_plain(item) for item in items]
        else:
            del plain[key]
    return plain


def attempt_to_dict(attempt: Attempt) -> dict[str, Any]:
    """One entry of ``attempts``."""
    plain = _plain(attempt)
    for flag in ("cost_is_estimate", "simulated"):
        if not plain[flag]:
            del plain[flag]
    if attempt.tool_calls is not None:
        plain["tool_calls"] = [_plain(call) for call in attempt.tool_calls]
    if attempt.logprobs is not None:
        plain["logprobs"] = _plain(attempt.logprobs)
    return plain


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """The body of ``POST /outcomes``."""
    reported_at = outcome.reported_at
    return attempt_to_dict(outcome.attempt) | _known(
        {
            "decision_id": outcome.decision_id,
            "idempotency_key": outcome.idempotency_key,
            "reported_at": None if reported_at is None else datetime.fromtimestamp(reported_at, UTC).isoformat(),
        }
    )


def _plain(record: Step | Attempt | LoggedDecision | Message | Tool | ToolCall | Logprobs) -> dict[str, Any]:
    named = {name: getattr(record, name) for name in _NAMES[type(record)]}
    return _known(named) | dict(getattr(record, "extra", {}))


def _known(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None}


_NAMES = {
    kind: tuple(field.name for field in fields(kind) if field.name != "extra")
    for kind in (Step, Attempt, LoggedDecision, Message, Tool, ToolCall, Logprobs)
}
