"""The wire format as OpenAPI documents it. Bodies are validated by ``tierwise.data.parsing``, which is the same
code that reads step logs; a test holds these models to its fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field

from tierwise.data.records import Attempt, Decision, EarlierStep, Logprobs, Message, Reason, Step, Tool, ToolCall
from tierwise.router_model.options import DecideOptions
from tierwise.serving.http.schema_fields import Documented, answer_fields, request_fields


class ToolBody(Documented):
    """A tool, plain or wrapped as OpenAI does (``{"type": "function", "function": {...}}``)."""

    model_config = ConfigDict(extra="allow")
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None


class MessageBody(Documented):
    """A chat message; of a list of content parts the text ones count."""

    model_config = ConfigDict(extra="allow")
    role: str | None = None
    content: str | list[dict[str, Any]] | None = None


class EarlierStepBody(Documented):
    """What came of a step that the same task took before; every field may be missing."""

    model_config = ConfigDict(extra="forbid")
    action: str | None = Field(None, description="What its answer did, such as a tool's name.")
    kind: str | None = Field(None, description="What kind of action that was.")
    call: int | None = Field(None, ge=0, description="The same number: the same call with the same arguments.")
    result: int | None = Field(None, ge=0, description="The same number: the same thing came back.")
    error: int | None = Field(None, ge=0, description="The same number: the same trouble.")
    height: float | None = Field(None, ge=0, le=1, description="Its last tier: 0 the cheapest, 1 the dearest.")
    success: bool | None = None
    n_attempts: int | None = Field(None, ge=0)
    output_tokens: int | None = Field(None, ge=0)
    seconds_ago: float | None = Field(None, ge=0)


_KINDS: dict[Any, Any] = {kind: kind for kind in (str, float, int, bool)} | {
    Mapping[str, Any]: dict[str, Any],
    tuple[Message, ...]: list[MessageBody],
    tuple[Tool, ...]: list[ToolBody],
    tuple[ToolCall, ...]: list[dict[str, Any]],
    tuple[EarlierStep, ...]: list[EarlierStepBody],
    Logprobs: dict[str, Any] | list[float],
    Mapping[str, int]: dict[str, int],
}


@request_fields(Step, _KINDS)
class StepBody(Documented):
    """The step about to be made: ``text`` or ``messages``, and whatever else is known."""

    model_config = ConfigDict(extra="allow")


@request_fields(DecideOptions, _KINDS, only=lambda field: not field.spec.is_session)
class OptionsBody(Documented):
    """Limits and wishes of one request."""

    model_config = ConfigDict(extra="forbid")


@request_fields(DecideOptions, _KINDS, only=lambda field: field.spec.is_session)
class SessionBody(Documented):
    """What the session holds already: a switch of tier loses the provider's prompt cache."""

    model_config = ConfigDict(extra="forbid")


class RouteBody(Documented):
    model_config = ConfigDict(extra="forbid")
    step: StepBody
    task_id: str | None = None
    session_id: str | None = None
    step_id: str | None = None
    options: OptionsBody | None = None
    session: SessionBody | None = None


class BatchBody(Documented):
    model_config = ConfigDict(extra="forbid")
    requests: list[RouteBody]


class ReasonAnswer(Documented):
    code: str
    text: str


class CourseAnswer(Documented):
    """Ask these tiers, side by side where there are two; accept as said; otherwise ask that tier."""

    ask: list[str]
    accept: str = Field(description="always, verified, agreement or learned.")
    otherwise: str


_TOLD: dict[Any, Any] = _KINDS | {
    Mapping[str, float]: dict[str, float],
    Reason: ReasonAnswer,
    Sequence[str]: list[str],
    "Course": CourseAnswer,
}


@answer_fields(Decision, _TOLD)
class DecisionAnswer(Documented):
    decision_id: str
    latency_ms: float


class BatchAnswer(Documented):
    decisions: list[DecisionAnswer]


@request_fields(Attempt, _KINDS)
class AttemptBody(Documented):
    """What one attempt came to; ``success`` null means unknown."""

    model_config = ConfigDict(extra="allow")


@request_fields(Attempt, _KINDS, only=lambda field: field.spec.is_answer)
class AnswerBody(Documented):
    """One answer to a step: its text, calls or key; outcomes are not looked at."""

    model_config = ConfigDict(extra="allow")


class AcceptBody(RouteBody):
    """Step and options as they were sent to ``/route``, and what the tiers of the course answered."""

    decision_id: str = Field(min_length=1)
    answers: list[AnswerBody] = Field(min_length=1, max_length=16)


class AcceptAnswer(Documented):
    """Use the answer of the tier ``accept``, or ask the tier ``ask``."""

    accept: str | None
    ask: str | None
    p_success: dict[str, float]
    is_same: bool | None
    reason: ReasonAnswer
    latency_ms: float


@request_fields(Decision, _TOLD, only=lambda field: field.spec.asked_by is None, is_partial=True)
class CallerDecisionBody(Documented):
    """A decision that the caller took itself, because the service was away. Its id is that of the outcome."""

    model_config = ConfigDict(extra="allow")
    step: StepBody
    step_id: str | None = None
    task_id: str | None = None
    session_id: str | None = None
    decided_at: str | float | None = Field(None, description="ISO 8601, or seconds since the epoch.")
    tier: str = Field(min_length=1, description="what was decided")
    propensity: float | None = Field(None, gt=0, le=1, description="the probability with which it was chosen")


class ReportedOutcome(AttemptBody):
    decision_id: str = Field(min_length=1)
    idempotency_key: str | None = None
    reported_at: str | float | None = Field(None, description="ISO 8601, or seconds since the epoch.")


class OutcomeBody(ReportedOutcome):
    decided_by_caller: CallerDecisionBody | None = None


class OutcomesAnswer(Documented):
    """Counts of one report; ``unknown`` and ``contradictory`` outcomes are new ones and are stored."""

    new: int
    duplicate: int
    unknown: int
    contradictory: int


class StoredOutcomeAnswer(ReportedOutcome):
    received_at: float
    was_unknown: bool
    was_contradictory: bool


@answer_fields(Decision, _TOLD, is_asked=False)
class StoredDecisionAnswer(Documented):
    decision_id: str
    created_at: float = Field(description="Seconds since the epoch (UTC).")
    step_id: str | None
    task_id: str | None
    session_id: str | None
    step: StepBody
    outcomes: list[StoredOutcomeAnswer]


class DeletedAnswer(Documented):
    decisions: int
    outcomes: int


class HealthAnswer(Documented):
    status: str


class ReadyAnswer(Documented):
    policy: str
    router_version: str
    has_bundle: bool
    note: str | None = Field(description="What people should know, such as why a newer bundle was refused.")
    challenger_version: str | None = Field(description="The bundle that wants to serve, where one is loaded.")
    experiment: str | None = Field(description="The experiment that shares the traffic among arms.")
    is_log_reachable: bool | None = Field(description="Whether the last write worked; null before the first.")


class ProblemAnswer(Documented):
    """RFC 9457; ``field`` is the path of the offending field."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
