"""What came of a step: every attempt, and the reply that was accepted or the reason why there is none."""

from dataclasses import dataclass, field
from enum import StrEnum

from tierwise.agents.client import RoutedDecision
from tierwise.agents.upstreams import Reply
from tierwise.agents.usage import Usage
from tierwise.data.records import Logprobs


class AttemptKind(StrEnum):
    """``REPAIR`` asks the same tier again with the verifier's message; ``ESCALATION`` asks a dearer one;
    ``OPINION`` is asked by a course and judged beside others."""

    FIRST = "first"
    REPAIR = "repair"
    ESCALATION = "escalation"
    OPINION = "opinion"


@dataclass(frozen=True, slots=True)
class StepAttempt:
    """One call, as it was reported. ``success`` None: nobody could tell, or the provider brought no reply."""

    decision_id: str
    kind: AttemptKind
    tier: str
    model: str
    success: bool | None
    evaluator: str | None = None
    message: str = ""
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    latency_ms: float = 0.0
    text: str = ""
    logprobs: Logprobs | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no accepted reply. ``code``: ``verification`` (no tier's reply passed), ``providers`` (no model
    answered), ``budget`` or ``deadline``."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """``reply`` is the accepted one; None with a ``failure``. ``decision`` is the one that the step started with."""

    decision: RoutedDecision
    attempts: tuple[StepAttempt, ...]
    reply: Reply | None = None
    failure: Failure | None = None

    @property
    def success(self) -> bool | None:
        """The last verdict: True, False, or None where nobody could tell."""
        if self.failure is not None:
            return False
        return self.attempts[-1].success

    @property
    def text(self) -> str:
        return "" if self.reply is None else self.reply.text

    @property
    def tier(self) -> str:
        """The tier of the last attempt."""
        return self.attempts[-1].tier if self.attempts else self.decision.tier

    @property
    def cost_usd(self) -> float:
        """What all attempts cost, as far as known."""
        return sum(attempt.cost_usd or 0.0 for attempt in self.attempts)

    @property
    def latency_ms(self) -> float:
        """The time of all calls, one after the other."""
        return sum(attempt.latency_ms for attempt in self.attempts)
