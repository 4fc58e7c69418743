"""What a caller reports: an attempt on a decision, in the form of ``POST /outcomes``."""

import time
import uuid
from typing import Any

from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.keywords import AttemptFields
from tierwise.data.declared import names_of
from tierwise.data.parsing import parse_outcome
from tierwise.data.records import Attempt, Outcome
from tierwise.data.serialise import outcome_to_dict

_ATTEMPT_FIELDS = frozenset(names_of(Attempt))
CALLER_DECISION = "decided_by_caller"


class OutcomeFields(AttemptFields, total=False):
    """The keywords of ``outcome``: fields of the attempt. ``tier`` and ``model`` default to the decision's."""

    idempotency_key: str
    reported_at: float


def make_outcome(decision: RoutedDecision, given: OutcomeFields) -> Outcome:
    """A checked outcome with an idempotency key and a time.

    Raises ``RecordError`` for a value of the wrong type, ``TypeError`` for a keyword that does not exist.
    """
    rest: dict[str, Any] = dict(given)
    extra = rest.pop("extra", {})
    named = {
        "decision_id": decision.decision_id,
        "idempotency_key": rest.pop("idempotency_key", None) or uuid.uuid4().hex,
        "reported_at": rest.pop("reported_at", None) or time.time(),
    }
    unknown = sorted(rest.keys() - _ATTEMPT_FIELDS)
    if unknown:
        raise TypeError(f"'{unknown[0]}' is no field of an outcome; put fields of your own into extra={{...}}")
    rest.setdefault("tier", decision.tier)
    if rest["tier"] == decision.tier:
        rest.setdefault("model", decision.model)
    return parse_outcome({**extra, **rest, **named})


def outcome_to_wire(decision: RoutedDecision, outcome: Outcome) -> dict[str, Any]:
    """The body of ``POST /outcomes``; the outcome of a local decision carries the decision and its step."""
    body = outcome_to_dict(outcome)
    if decision.is_local:
        body[CALLER_DECISION] = decision.to_wire()
    return body
