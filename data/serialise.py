"""From records back to plain mappings: the inverse of :mod:`tierwise.data.parsing`.

What is unknown (None) is left out; fields that the records do not know come back as they came.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, get_origin

from tierwise.data.declared import declared, names_of
from tierwise.data.records import (
    Attempt,
    EarlierStep,
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
    return _plain(step)


def attempt_to_dict(attempt: Attempt) -> dict[str, Any]:
    """One entry of ``attempts``."""
    return _plain(attempt)


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


def _plain(record: Any) -> dict[str, Any]:
    """Without what is unknown, and without flags and lists of the default that says nothing."""
    kind = type(record)
    plain = {name: value for name, value in zip(_NAMES[kind], _VALUES[kind](record), strict=True) if value is not None}
    for name, default in _SAY_NOTHING.get(kind, ()):
        if plain.get(name) == default:
            del plain[name]
    for name in _NESTED[kind]:
        if name in plain:
            value = plain[name]
            plain[name] = [_plain(item) for item in value] if isinstance(value, tuple) else _plain(value)
    if kind not in _WITHOUT_EXTRA and record.extra:
        plain.update(record.extra)
    return plain


def _known(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None}


_KINDS = (Step, Attempt, LoggedDecision, Message, Tool, ToolCall, Logprobs, EarlierStep)
_WITHOUT_EXTRA = frozenset((Logprobs, EarlierStep))
_NAMES = {kind: names_of(kind) for kind in _KINDS}
_VALUES = {kind: attrgetter(*names) for kind, names in _NAMES.items()}
_SAY_NOTHING = {
    kind: tuple(
        (field.name, field.default) for field in declared(kind) if field.default is False or field.default == ()
    )
    for kind in (Step, Attempt)
}
_NESTED: dict[type, tuple[str, ...]] = dict.fromkeys(_KINDS, ()) | {
    kind: tuple(field.name for field in declared(kind) if is_dataclass(field.kind) or get_origin(field.kind) is tuple)
    for kind in (Step, Attempt, LoggedDecision)
}
