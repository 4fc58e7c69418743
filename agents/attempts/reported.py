"""One call with its verdict, as it is reported."""

from tierwise.agents.attempts.calling import Call
from tierwise.agents.attempts.result import AttemptKind, StepAttempt
from tierwise.agents.attempts.verdict import Verdict, Verifier
from tierwise.agents.usage import Usage


def attempt_of(
    decision_id: str, kind: AttemptKind, tier: str, call: Call, verdict: Verdict, verifier: Verifier | None
) -> StepAttempt:
    """The attempt that ``call`` was. Who judged is named where somebody did."""
    reply = call.reply
    is_judged = verdict.passed is not None and verifier is not None
    return StepAttempt(
        decision_id=decision_id,
        kind=kind,
        tier=tier,
        model=call.model,
        success=verdict.passed,
        evaluator=verifier.name if is_judged and verifier is not None else None,
        message=verdict.message,
        error=call.error or verdict.message or None,
        usage=Usage() if reply is None else reply.usage,
        cost_usd=None if reply is None else reply.cost_usd,
        latency_ms=call.latency_ms,
        text="" if reply is None else reply.text,
        logprobs=None if reply is None else reply.logprobs,
    )
