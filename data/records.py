"""The records that everything else passes around: steps, attempts, decisions, outcomes.

Field names and meaning are those of the step log (docs/guides/step-log.md). Records are frozen; building one does not
validate it: :mod:`tierwise.data.parsing` checks what comes from outside, once. The declarations of a step, an attempt
and a decision are the only lists of their fields (:mod:`tierwise.data.declared`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from tierwise.data.declared import Feature, Spec, Words
from tierwise.data.foreign.limits import MAX_EARLIER_STEPS, MAX_MESSAGES, MAX_MS, MAX_TOOLS, MAX_USD
from tierwise.data.parts import EarlierStep as EarlierStep
from tierwise.data.parts import Logprobs as Logprobs
from tierwise.data.parts import Message as Message
from tierwise.data.parts import Reason as Reason
from tierwise.data.parts import Tool as Tool
from tierwise.data.parts import ToolCall as ToolCall

if TYPE_CHECKING:
    from tierwise.data.courses import Course

_TOKENS = (100_000_000.0, "tokens")

CALLERS_ARM = "local"
"""The arm of a decision that the caller took itself, because the service did not answer in time."""

CALLERS_PREFIX = "l-"
"""How the id of a decision begins that its caller named, whoever took it in the end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One LLM call that an agent is about to make. Everything but the text may be missing.

    ``input_complexity`` is the planner's estimate from 1 to 10; ``input_tokens`` counts the whole prompt;
    ``step_index`` is the position in the task from 0; ``retry`` counts earlier tries of the same step.
    """

    text: Annotated[str, Spec(Words.PROSE, "the prompt; may be empty. `step.messages` can stand in for it")] = ""
    messages: Annotated[
        tuple[Message, ...],
        Spec(
            Words.SHAPE,
            "chat messages; `content` is a text or a list of parts, of which the text parts count",
            most=MAX_MESSAGES,
        ),
    ] = ()
    task_type: Annotated[
        str | None,
        Spec(Words.NAME, "`extract`, `classify`, `plan` … your own words", column=True, feature=Feature.IDENTITY),
    ] = None
    tools: Annotated[
        tuple[Tool, ...],
        Spec(Words.SHAPE, "tools that the step may call, plain or as OpenAI wraps them", most=MAX_TOOLS),
    ] = ()
    response_schema: Annotated[
        Mapping[str, Any] | None, Spec(Words.SHAPE, "the JSON schema that the answer must fit")
    ] = None
    input_complexity: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "a planner's estimate, 1 to 10; a request with another one is refused",
            scale=(0, 10),
            column=True,
            feature=Feature.NUMBER,
        ),
    ] = None
    requires_judgment: Annotated[
        bool | None, Spec(Words.NONE, "does the step need judgment", column=True, feature=Feature.NUMBER)
    ] = None
    human_visible: Annotated[
        bool | None, Spec(Words.NONE, "does a person see the answer", column=True, feature=Feature.NUMBER)
    ] = None
    input_tokens: Annotated[int | None, Spec(Words.NONE, "tokens of the whole prompt", feature=Feature.LOG_NUMBER)] = (
        None
    )
    step_index: Annotated[int | None, Spec(Words.NONE, "position in the task, from 0", feature=Feature.NUMBER)] = None
    retry: Annotated[int | None, Spec(Words.NONE, "earlier tries of the same step", feature=Feature.NUMBER)] = None
    previous_error: Annotated[str | None, Spec(Words.NOTE, "what went wrong with the last try")] = None
    agent: Annotated[
        str | None,
        Spec(
            Words.NAME,
            "who asks. Recurring steps are where a router learns most",
            column=True,
            feature=Feature.IDENTITY,
        ),
    ] = None
    node: Annotated[str | None, Spec(Words.NAME, "from where in the graph", column=True, feature=Feature.IDENTITY)] = (
        None
    )
    before: Annotated[
        tuple[EarlierStep, ...],
        Spec(
            Words.SHAPE,
            "what came of the task's [earlier steps](../learning.md), oldest first, where `messages` do not tell; a "
            "service that [remembers tasks](../operations.md) fills it in",
            most=MAX_EARLIER_STEPS,
        ),
    ] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The text that stands for the step: ``text``, or else the contents of the messages in order."""
        return self.text or "\n".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a step on one tier. ``success`` None means unknown; costs are in US dollars.

    ``output`` is the answer's text and ``tool_calls`` what it calls (an empty tuple: nothing; None: not recorded);
    ``answer_key`` stands for both (:mod:`tierwise.data.answers`), and a keyed digest of it keeps agreement without the
    answer. Several attempts on one tier are several answers of its model.
    """

    tier: Annotated[str, Spec(Words.NAME, "required; one of the [tiers](tiers.md)", column=True, is_answer=True)]
    model: Annotated[str | None, Spec(Words.NAME, "the model that ran, by its provider's name", is_answer=True)] = None
    success: Annotated[bool | None, Spec(Words.NONE, "true, false, or null for unknown", column=True)] = None
    score: Annotated[float | None, Spec(Words.NONE, "a finer grade", reported=(1e9, "in size"))] = None
    input_tokens: Annotated[int | None, Spec(Words.NONE, "tokens of the prompt", reported=_TOKENS)] = None
    output_tokens: Annotated[int | None, Spec(Words.NONE, "tokens of the answer", reported=_TOKENS, is_answer=True)] = (
        None
    )
    cached_tokens: Annotated[
        int | None, Spec(Words.NONE, "prompt tokens that came out of the provider's cache", reported=_TOKENS)
    ] = None
    cost_usd: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "US dollars; left out, it is computed from tokens and prices",
            least=0,
            most=MAX_USD,
            reported=(10_000.0, "US dollars for one call"),
            column=True,
        ),
    ] = None
    cost_is_estimate: Annotated[bool, Spec(Words.NONE, "the cost was computed, not billed")] = False
    latency_ms: Annotated[
        float | None,
        Spec(
            Words.NONE,
            "how long the call took",
            least=0,
            most=MAX_MS,
            reported=(7 * 86_400_000.0, "milliseconds, a week"),
            column=True,
        ),
    ] = None
    evaluator: Annotated[str | None, Spec(Words.NAME, "who gave the verdict or the score")] = None
    error: Annotated[str | None, Spec(Words.NOTE, "what went wrong")] = None
    simulated: Annotated[bool, Spec(Words.NONE, "the attempt was not really executed; every report says so")] = False
    output: Annotated[str | None, Spec(Words.PROSE, "what the model wrote, unchanged", is_answer=True)] = None
    tool_calls: Annotated[
        tuple[ToolCall, ...] | None,
        Spec(
            Words.PROSE,
            'what it calls: `[{"name": …, "arguments": {…}}]`, or as OpenAI wraps calls; `[]` for nothing',
            is_answer=True,
        ),
    ] = None
    answer_key: Annotated[
        str | None,
        Spec(
            Words.KEY,
            "the answer's [key](answer-keys.md), or a keyed digest of it: agreement without the answer",
            is_answer=True,
        ),
    ] = None
    logprobs: Annotated[
        Logprobs | None,
        Spec(
            Words.NONE,
            '`{"mean", "min", "n"}` of the natural log-probabilities of the answer\'s tokens; a list of them, or what '
            "OpenAI answers, is summed up",
            is_answer=True,
        ),
    ] = None
    finish_reason: Annotated[str | None, Spec(Words.WORD, "`stop`, `length`, `tool_calls` …", is_answer=True)] = None
    task_success: Annotated[
        bool | None,
        Spec(Words.NONE, "how the whole task ended, where that is known; any one attempt of the task may carry it"),
    ] = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """The decision that stood before the attempts; ``propensity`` is None when it was not recorded."""

    decision_id: Annotated[str | None, Spec(Words.NAME, "the name of the decision")] = None
    tier: Annotated[str | None, Spec(Words.NAME, "what was decided")] = None
    policy: Annotated[str | None, Spec(Words.NAME, "who decided")] = None
    arm: Annotated[str | None, Spec(Words.NAME, "the arm of the experiment, or the policy")] = None
    propensity: Annotated[float | None, Spec(Words.NONE, "the probability with which that tier was chosen")] = None
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
class Decision:
    """The router's answer for one step.

    ``p_success`` is the calibrated probability that a single attempt on the tier succeeds and ``expected_cost_usd``
    what that attempt is expected to cost, both by tier name, cheapest first; empty where the policy does not know them.
    ``propensity`` is the probability with which the chosen tier was chosen, over the arms of the live experiment and
    exploration (:func:`tierwise.router_model.choosing.exploration.propensity`). ``is_fallback`` is true when trouble,
    not judgment, picked the tier. ``explanation`` with its figures and ``course`` are there where they were asked for.
    """

    tier: Annotated[str, Spec(Words.NAME, "which tier to call", column=True)]
    policy: Annotated[str, Spec(Words.NAME, "who decided", column=True)]
    router_version: Annotated[str, Spec(Words.NAME, "which version of it", column=True)]
    reason: Annotated[Reason, Spec(Words.NOTE, "a `code` for programs, a `text` for people", column=True)]
    model: Annotated[str | None, Spec(Words.NAME, "what to call; null when `tiers.toml` names none", column=True)] = (
        None
    )
    p_success: Annotated[
        Mapping[str, float],
        Spec(Words.NAME, "by tier; empty where the policy does not know them, as the rules do not", column=True),
    ] = field(default_factory=dict)
    expected_cost_usd: Annotated[Mapping[str, float], Spec(Words.NAME, "likewise, in US dollars", column=True)] = field(
        default_factory=dict
    )
    propensity: Annotated[float, Spec(Words.NONE, "the probability with which this tier was chosen", column=True)] = 1.0
    arm: Annotated[
        str | None, Spec(Words.NAME, "the arm of the task, or the policy where no experiment runs", column=True)
    ] = None
    is_fallback: Annotated[
        bool,
        Spec(
            Words.NONE,
            "true when trouble, not judgment, picked the tier. Trouble in the router is never an error of yours",
            column=True,
            wire="fallback",
        ),
    ] = False
    is_unfamiliar: Annotated[
        bool,
        Spec(
            Words.NONE, "true when the step is unlike all that the router learned from", column=True, wire="unfamiliar"
        ),
    ] = False
    explanation: Annotated[
        Sequence[str], Spec(Words.NOTE, "sentences for people", is_logged=False, asked_by="explain")
    ] = ()
    explanation_figures: Annotated[
        Mapping[str, Any],
        Spec(
            Words.NOTE,
            "the same for programs: `against` (the next tier), `contributions` of the step's parts to the difference "
            "of P(success), the `nearest` logged steps with distance and outcomes, the `margin` that the next tier "
            "lacks, `alternatives` by tolerated loss, `if_familiar`",
            is_logged=False,
            asked_by="explain",
        ),
    ] = field(default_factory=dict)
    experiment: Annotated[
        str | None, Spec(Words.NONE, "the live experiment, by the name it was given here", column=True, is_public=False)
    ] = None
    course: Annotated[
        "Course | None", Spec(Words.NONE, "which tiers to ask, and what then", is_logged=False, asked_by="courses")
    ] = None
