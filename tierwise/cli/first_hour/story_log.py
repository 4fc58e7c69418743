"""The demo's story in the decision log, so that the dashboard tells it: observed and mirrored steps before the router.

All of it has the session ``demo-traffic``. Running it again adds nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tierwise.agents.client.observed import CALLERS_POLICY
from tierwise.cli.first_hour.story import Told
from tierwise.cli.first_hour.traffic import SESSION, by_task
from tierwise.data.compared.mirrored import IS_SAME, MIRROR, MIRROR_KEY
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import Attempt, Decision, LoggedStep, Outcome, Reason

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionRecord

OBSERVED_SECONDS = 28 * 86_400.0
_BATCH = 500


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
