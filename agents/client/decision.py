"""The answer to ``route``: a decision with its id and everything that reporting an outcome needs."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tierwise.agents.client.request import RouteRequest
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import Course
from tierwise.data.foreign.limits import MAX_NUMBER
from tierwise.data.records import CALLERS_ARM, CALLERS_PREFIX, Decision, Reason, Step
from tierwise.data.serialise import step_to_dict


class NonsenseError(ValueError):
    """An answer of the service that is no decision; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class RoutedDecision:
    """The tier for one step. ``fallback`` is true when trouble, not judgment, picked it; ``is_local`` when it was
    picked in this process, so that the service learns of it only with its outcomes. ``decided_at`` is seconds since
    the epoch, ``latency_ms`` what the caller waited.
    """

    decision_id: str
    tier: str
    model: str | None
    fallback: bool
    reason: Reason
    policy: str
    router_version: str
    arm: str
    propensity: float
    step: Step
    p_success: Mapping[str, float] = field(default_factory=dict)
    expected_cost_usd: Mapping[str, float] = field(default_factory=dict)
    is_local: bool = False
    latency_ms: float = 0.0
    decided_at: float = 0.0
    task_id: str | None = None
    session_id: str | None = None
    step_id: str | None = None
    explanation: Sequence[str] = ()
    explanation_figures: Mapping[str, Any] = field(default_factory=dict)
    course: Course | None = None

    def to_wire(self) -> dict[str, Any]:
        """The decision with its step, as an outcome carries it when the service did not make it."""
        return {
            "step": step_to_dict(self.step),
            "step_id": self.step_id,
            "task_id": self.task_id,
            "session_id": self.session_id,
            "decided_at": datetime.fromtimestamp(self.decided_at, UTC).isoformat(),
            "tier": self.tier,
            "model": self.model,
            "p_success": dict(self.p_success),
            "expected_cost_usd": dict(self.expected_cost_usd),
            "policy": self.policy,
            "router_version": self.router_version,
            "arm": self.arm,
            "propensity": self.propensity,
            "reason": {"code": self.reason.code, "text": self.reason.text},
            "fallback": self.fallback,
        }


def local_decision(
    request: RouteRequest, decision: Decision, trouble: str | None, waited_ms: float, decision_id: str | None = None
) -> RoutedDecision:
    """What was decided in this process; ``trouble`` says why the service did not, None where there is no service."""
    reason = decision.reason
    if trouble is not None:
        reason = Reason("router_away", f"{trouble}; decided locally. {reason.text}")
    return RoutedDecision(
        decision_id=decision_id or new_decision_id(),
        tier=decision.tier,
        model=decision.model,
        fallback=trouble is not None or decision.is_fallback,
        reason=reason,
        policy=decision.policy,
        router_version=decision.router_version,
        arm=CALLERS_ARM if trouble is not None else decision.arm or decision.policy,
        propensity=decision.propensity,
        step=request.step,
        p_success=decision.p_success,
        expected_cost_usd=decision.expected_cost_usd,
        is_local=True,
        latency_ms=waited_ms,
        decided_at=time.time(),
        task_id=request.task_id,
        session_id=request.session_id,
        step_id=request.step_id,
        explanation=tuple(decision.explanation),
        explanation_figures=decision.explanation_figures,
        course=decision.course,
    )


def served_decision(
    request: RouteRequest, answer: object, catalogue: TierCatalogue, waited_ms: float
) -> RoutedDecision:
    """What the service answered. Raises ``NonsenseError`` for anything that is not a decision among our tiers."""
    if not isinstance(answer, Mapping):
        raise NonsenseError("the router's answer is no JSON object")
    tier, reason = answer.get("tier"), answer.get("reason")
    if not isinstance(tier, str) or tier not in catalogue.names:
        known = ", ".join(catalogue.names)
        raise NonsenseError(f"the router answered the tier {_shown(tier)}, ours are {known} (see Client(tiers=...))")
    if not isinstance(reason, Mapping):
        raise NonsenseError("the router's answer has no reason")
    propensity = _number(answer, "propensity")
    if not 0 < propensity <= 1:
        raise NonsenseError(f"the router answered the propensity {propensity:g}")
    return RoutedDecision(
        decision_id=_text(answer, "decision_id"),
        tier=tier,
        model=None if answer.get("model") is None else _text(answer, "model"),
        fallback=answer.get("fallback") is True,
        reason=Reason(_text(reason, "code"), _text(reason, "text")),
        policy=_text(answer, "policy"),
        router_version=_text(answer, "router_version"),
        arm=_text(answer, "arm"),
        propensity=propensity,
        step=request.step,
        p_success=_numbers(answer, "p_success"),
        expected_cost_usd=_numbers(answer, "expected_cost_usd"),
        latency_ms=waited_ms,
        decided_at=time.time(),
        task_id=request.task_id,
        session_id=request.session_id,
        step_id=request.step_id,
        explanation=_sentences(answer),
        explanation_figures=_figures(answer),
        course=_course(answer.get("course"), catalogue),
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


def _text(answer: Mapping[str, Any], key: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise NonsenseError(f"the router's answer has the {key} {_shown(value)}")
    return value


def _number(answer: Mapping[str, Any], key: str) -> float:
    value = answer.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        raise NonsenseError(f"the router's answer has the {key} {_shown(value)}")
    return float(value)


def _numbers(answer: Mapping[str, Any], key: str) -> dict[str, float]:
    values = answer.get(key)
    if not isinstance(values, Mapping):
        raise NonsenseError(f"the router's answer has the {key} {_shown(values)}")
    return {str(name): _number(values, name) for name in values}


def _sentences(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The explanation; one that is none says nothing against the decision."""
    sentences = answer.get("explanation")
    return tuple(map(str, sentences)) if isinstance(sentences, list) else ()


def _figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    figures = answer.get("explanation_figures")
    return dict(figures) if isinstance(figures, Mapping) else {}


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
