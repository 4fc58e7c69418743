"""The records that everything else passes around: steps, attempts, decisions, outcomes.

Field names and meaning are those of the step log (docs/guides/step-log.md). Records are frozen; building one does not
validate it: :mod:`tierwise.data.parsing` checks what comes from outside, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tierwise.data.courses import Course

CALLERS_ARM = "local"
"""The arm of a decision that the caller took itself, because the service did not answer in time."""

CALLERS_PREFIX = "l-"
"""How the id of a decision begins that its caller named, whoever took it in the end."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the step may call. ``parameters`` is its JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``content`` is plain text (parts joined by line breaks)."""

    role: str
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One LLM call that an agent is about to make. Everything but the text may be missing.

    ``input_complexity`` is the planner's estimate from 1 to 10; ``input_tokens`` counts the whole prompt;
    ``step_index`` is the position in the task from 0; ``retry`` counts earlier tries of the same step.
    """

    text: str = ""
    messages: tuple[Message, ...] = ()
    task_type: str | None = None
    tools: tuple[Tool, ...] = ()
    response_schema: Mapping[str, Any] | None = None
    input_complexity: float | None = None
    requires_judgment: bool | None = None
    human_visible: bool | None = None
    input_tokens: int | None = None
    step_index: int | None = None
    retry: int | None = None
    previous_error: str | None = None
    agent: str | None = None
    node: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The text that stands for the step: ``text``, or else the contents of the messages in order."""
        return self.text or "\n".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asked for. ``arguments`` are an object, or the text of one as the model wrote it."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Natural log-probabilities of the ``n`` tokens of an answer: their mean and the lowest, both at most 0."""

    mean: float
    min: float
    n: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a step on one tier. ``success`` None means unknown; costs are in US dollars.

    ``output`` is the answer's text and ``tool_calls`` what it calls (an empty tuple: nothing; None: not recorded);
    ``answer_key`` stands for both (:mod:`tierwise.data.answers`), and a keyed digest of it keeps agreement without the
    answer. Several attempts on one tier are several answers of its model.
    """

    tier: str
    model: str | None = None
    success: bool | None = None
    score: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None
    cost_is_estimate: bool = False
    latency_ms: float | None = None
    evaluator: str | None = None
    error: str | None = None
    simulated: bool = False
    output: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    answer_key: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """The decision that stood before the attempts; ``propensity`` is None when it was not recorded."""

    decision_id: str | None = None
    tier: str | None = None
    policy: str | None = None
    arm: str | None = None
    propensity: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """One line of the step log: a step, what was tried on it, in order, and the decision that was taken.

    ``timestamp`` is seconds since the epoch (UTC); ``group`` marks steps that must stay on one side of a split.
    """

    step_id: str
    step: Step
    attempts: tuple[Attempt, ...] = ()
    task_id: str | None = None
    session_id: str | None = None
    timestamp: float | None = None
    group: str | None = None
    decision: LoggedDecision | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_simulated_attempts(self) -> bool:
        return any(attempt.simulated for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller reports about a decision's attempt, after the fact."""

    decision_id: str
    attempt: Attempt
    idempotency_key: str | None = None
    reported_at: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a tier was chosen: a stable ``code`` for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The router's answer for one step.

    ``p_success`` is the calibrated probability that a single attempt on the tier succeeds and ``expected_cost_usd``
    what that attempt is expected to cost, both by tier name, cheapest first; empty where the policy does not know them.
    ``propensity`` is the probability with which the chosen tier was chosen, over the arms of the live experiment and
    exploration (:func:`tierwise.router_model.choosing.exploration.propensity`). ``is_fallback`` is true when trouble,
    not judgment, picked the tier. ``explanation`` with its figures and ``course`` are there where they were asked for.
    """

    tier: str
    policy: str
    router_version: str
    reason: Reason
    model: str | None = None
    p_success: Mapping[str, float] = field(default_factory=dict)
    expected_cost_usd: Mapping[str, float] = field(default_factory=dict)
    propensity: float = 1.0
    arm: str | None = None
    is_fallback: bool = False
    is_unfamiliar: bool = False
    explanation: Sequence[str] = ()
    explanation_figures: Mapping[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    course: "Course | None" = None
