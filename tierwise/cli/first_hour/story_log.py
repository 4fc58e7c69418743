"""The demo's story in the decision log, so that the dashboard tells it too: observed and mirrored steps before the
router, routed and audited ones from the live service.

All of it has the session ``demo-traffic``. Running it again adds nothing to what was observed.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tierwise.agents.client.observed import CALLERS_POLICY
from tierwise.cli.first_hour.story import Told, without_verdict
from tierwise.cli.first_hour.traffic import SESSION, by_task, post, talking_to
from tierwise.data.compared.mirrored import IS_SAME, MIRROR, MIRROR_KEY
from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.courses import AUDIT
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import Attempt, Decision, LoggedStep, Outcome, Reason
from tierwise.data.serialise import attempt_to_dict, step_to_dict

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionRecord

OBSERVED_SECONDS = 28 * 86_400.0
AUDIT_SHARE = 0.5
_BATCH = 500
_SEED = 7


@dataclass(frozen=True, slots=True)
class Audited:
    """What live traffic came to: calls, those that went below the top tier, those of them that were audited, and whose
    answers differ."""

    n_routed: int
    n_cheaper: int
    n_audited: int
    n_different: int


def record_observed(log_url: str, told: Told, now: float) -> None:
    """Writes the steps as if they had been observed and mirrored in the four weeks before ``now``, seconds since the
    epoch."""
    ordered = by_task(told.steps)
    same = {step.logged.step_id: step.is_same for step in told.mirrored}
    pace = OBSERVED_SECONDS / max(1, len(ordered))
    decisions = [
        _observed(step, told.top, now - OBSERVED_SECONDS + number * pace) for number, step in enumerate(ordered)
    ]
    outcomes = [
        Outcome(_observed_id(step), attempt, idempotency_key=key)
        for step in ordered
        for key, attempt in _as_mirrored(step, told.top, same.get(step.step_id, {}))
    ]
    with needs_extra("serve"):
        from tierwise.data.decision_log import DecisionLog
    with DecisionLog.open(log_url) as log:
        for first in range(0, len(decisions), _BATCH):
            log.record_decisions(decisions[first : first + _BATCH])
        for first in range(0, len(outcomes), _BATCH):
            log.record_outcomes(outcomes[first : first + _BATCH])


def route_and_audit(
    address: str, steps: Sequence[LoggedStep], tiers: Sequence[str], noted: Callable[[], None] = lambda: None
) -> Audited:
    """Lets the service decide the steps, reports what the chosen tier answered, and audits a share of them at random.

    Raises ``TrafficError`` when the service is away or refuses.
    """
    top, draw = tiers[-1], random.Random(_SEED)
    n_cheaper = n_audited = n_different = 0
    with talking_to(address) as client:
        for logged in by_task(steps):
            names = {"task_id": logged.task_id, "session_id": SESSION, "step_id": logged.step_id}
            decision = post(client, "/route", {"step": step_to_dict(logged.step), **names})
            answers = {attempt.tier: without_verdict(attempt) for attempt in logged.attempts}
            served, is_top = answers[decision["tier"]], decision["tier"] == top
            outcomes = [("served", served)]
            if draw.random() < AUDIT_SHARE:
                others = [answers[tier] for tier in (tiers[:-1] if is_top else (top,))]
                outcomes += [(f"{MIRROR_KEY}{each.tier}", _beside(logged, served, each, is_top)) for each in others]
            named = {"decision_id": decision["decision_id"]}
            post(client, "/outcomes", [attempt_to_dict(a) | named | {"idempotency_key": key} for key, a in outcomes])
            if not is_top:
                n_cheaper += 1
                n_audited += len(outcomes) - 1
                n_different += sum(attempt.extra[IS_SAME] is not True for _, attempt in outcomes[1:])
            noted()
    return Audited(len(steps), n_cheaper, n_audited, n_different)


def _beside(logged: LoggedStep, served: Attempt, other: Attempt, is_top: bool) -> Attempt:
    """An attempt in the background, as the gateway's mirror reports it: nobody waited for it."""
    marks = {MIRROR: True} if is_top else {MIRROR: True, AUDIT: True}
    found = {**marks, IS_SAME: is_same_answer(logged.step, served, other)}
    return replace(other, latency_ms=None, extra={**other.extra, **found})


def _observed(step: LoggedStep, top: str, created_at: float) -> "DecisionRecord":
    from tierwise.data.decision_log import DecisionRecord

    reason = Reason("named", "The caller named the model.")
    decision = Decision(top, CALLERS_POLICY, CALLERS_POLICY, reason, arm=CALLERS_POLICY)
    return DecisionRecord(_observed_id(step), step.step, decision, created_at, step.step_id, step.task_id, SESSION)


def _observed_id(step: LoggedStep) -> str:
    return f"demo-observed-{step.step_id}"


def _as_mirrored(step: LoggedStep, top: str, same: Mapping[str, bool | None]) -> Iterator[tuple[str, Attempt]]:
    for attempt in sorted(step.attempts, key=lambda each: each.tier != top):
        if attempt.tier == top:
            yield "observed", attempt
        else:
            extra = {**attempt.extra, MIRROR: True, IS_SAME: same.get(attempt.tier)}
            yield f"{MIRROR_KEY}{attempt.tier}", replace(attempt, latency_ms=None, extra=extra)
