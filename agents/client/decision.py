"""The answer to ``route``: a decision with its id and everything that reporting an outcome needs."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tierwise.agents.client.request import RouteRequest
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import Course
from tierwise.data.declared import names_of
from tierwise.data.errors import RecordError
from tierwise.data.records import CALLERS_ARM, CALLERS_PREFIX, Decision, Reason, Step
from tierwise.data.serialise import step_to_dict
from tierwise.data.told import asked_fields, decision_fields, told_decision

_ANSWERED = ("policy", "router_version", "arm", "reason", "propensity", "p_success", "expected_cost_usd")


class NonsenseError(ValueError):
    """An answer of the service that is no decision; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedDecision(Decision):
    """The tier for one step. ``fallback`` is true when trouble, not judgment, picked it; ``is_local`` when it was
    picked in this process, so that the service learns of it only with its outcomes. ``decided_at`` is seconds since
    the epoch, ``latency_ms`` what the caller waited.
    """

    decision_id: str
    step: Step
    arm: str
    is_local: bool = False
    latency_ms: float = 0.0
    decided_at: float = 0.0
    task_id: str | None = None
    session_id: str | None = None
    step_id: str | None = None

    @property
    def fallback(self) -> bool:
        return self.is_fallback

    def to_wire(self) -> dict[str, Any]:
        """The decision with its step, as an outcome carries it when the service did not make it."""
        decided_at = datetime.fromtimestamp(self.decided_at, UTC).isoformat()
        names = {"step_id": self.step_id, "task_id": self.task_id, "session_id": self.session_id}
        return {"step": step_to_dict(self.step), **names, "decided_at": decided_at, **told_decision(self)}


def local_decision(
    request: RouteRequest, decision: Decision, trouble: str | None, waited_ms: float, decision_id: str | None = None
) -> RoutedDecision:
    """What was decided in this process; ``trouble`` says why the service did not, None where there is no service."""
    fields = {name: getattr(decision, name) for name in names_of(Decision)}
    fields["arm"] = decision.arm or decision.policy
    fields["explanation"] = tuple(decision.explanation)
    if trouble is not None:
        reason = Reason("router_away", f"{trouble}; decided locally. {decision.reason.text}")
        fields |= {"is_fallback": True, "reason": reason, "arm": CALLERS_ARM}
    return _routed(request, decision_id or new_decision_id(), waited_ms, fields, is_local=True)


def served_decision(
    request: RouteRequest, answer: object, catalogue: TierCatalogue, waited_ms: float
) -> RoutedDecision:
    """What the service answered. Raises ``NonsenseError`` for anything that is not a decision among our tiers."""
    if not isinstance(answer, Mapping):
        raise NonsenseError("the router's answer is no JSON object")
    tier = answer.get("tier")
    if not isinstance(tier, str) or tier not in catalogue.names:
        known = ", ".join(catalogue.names)
        raise NonsenseError(f"the router answered the tier {_shown(tier)}, ours are {known} (see Client(tiers=...))")
    try:
        fields = decision_fields(answer)
    except RecordError as error:
        raise NonsenseError(f"the router's answer has a wrong {error}") from None
    for name in _ANSWERED:
        if name not in fields or fields[name] == "":
            raise NonsenseError(f"the router's answer has the {name} {_shown(answer.get(name))}")
    if not (fields["reason"].code and fields["reason"].text):
        raise NonsenseError("the router's answer has no reason")
    if not 0 < fields["propensity"] <= 1:
        raise NonsenseError(f"the router answered the propensity {fields['propensity']:g}")
    decision_id = answer.get("decision_id")
    if not isinstance(decision_id, str) or not decision_id:
        raise NonsenseError(f"the router's answer has the decision_id {_shown(decision_id)}")
    fields |= asked_fields(answer) | {"course": _course(answer.get("course"), catalogue)}
    return _routed(request, decision_id, waited_ms, fields, is_local=False)


def _routed(
    request: RouteRequest, decision_id: str, waited_ms: float, fields: Mapping[str, Any], is_local: bool
) -> RoutedDecision:
    return RoutedDecision(
        **fields,
        decision_id=decision_id,
        step=request.step,
        is_local=is_local,
        latency_ms=waited_ms,
        decided_at=time.time(),
        task_id=request.task_id,
        session_id=request.session_id,
        step_id=request.step_id,
    )


def _course(raw: object, catalogue: TierCatalogue) -> Course | None:
    """The course that the service ordered; None without one, and for one that makes no sense among our tiers."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("ask"), list):
        return None
    ask, accept, otherwise = raw["ask"], raw.get("accept"), raw.get("otherwise")
    if not ask or any(tier not in catalogue.names for tier in (*ask, otherwise)) or not isinstance(accept, str):
        return None
    return Course(tuple(ask), accept, str(otherwise))


def new_decision_id() -> str:
    """The form of the service's ids with another letter: milliseconds, then 80 random bits."""
    return f"{CALLERS_PREFIX}{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
