"""The attempt loop, the one way to run a step: route, call, verify, repair or escalate, report.

An escalation sends the same prompt to a dearer tier, so it is another outcome of the same decision. A repair is
another prompt, so it is a step of its own (``retry`` counts up, ``previous_error`` is the verifier's message) with its
own decision.
"""

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack, cast

from tierwise.agents.attempts.allowance import Allowance, AllowanceError
from tierwise.agents.attempts.calling import Call, ChatCall, Sleep, call_tier
from tierwise.agents.attempts.opinions import Opinion, accepted_of, course_to_run, noted, said
from tierwise.agents.attempts.reported import attempt_of
from tierwise.agents.attempts.result import AttemptKind, Failure, StepAttempt, StepResult
from tierwise.agents.attempts.settings import DEFAULT_SETTINGS, AttemptSettings
from tierwise.agents.attempts.together import all_or_none
from tierwise.agents.attempts.verdict import Verdict, Verifier
from tierwise.agents.attempts.verifiers import verifier_of
from tierwise.agents.client import AsyncRoutingClient, JudgingClient, OutcomeFields, RoutedDecision, RouteFields
from tierwise.agents.upstreams import NO_HINTS, CacheHints, Reply, Upstreams, chat_messages
from tierwise.data.courses import COURSE, Course
from tierwise.data.records import Step

MAX_MESSAGE_CHARS = 2_000
MAX_REPAIRED_CHARS = 100_000
"""How much of a rejected answer goes back to the model; there is more only where a model ran away."""
REPAIR_PROMPT = "That answer was not accepted. {message}\nAnswer the task again, in the form that was asked for."

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """One step under way."""

    call: ChatCall
    decision: RoutedDecision
    verifier: Verifier | None
    allowance: Allowance
    fields: RouteFields
    report_extra: Mapping[str, Any]
    n_repairs: int
    routed: RouteFields
    attempts: list[StepAttempt] = field(default_factory=list)
    complaint: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)
    under_way: tuple[RoutedDecision, str] | None = None
    spare: Opinion | None = None
    standing: Reply | None = None


class AttemptLoop:
    """Runs steps with ``client`` deciding and ``upstreams`` answering. One loop serves any number of steps at once."""

    def __init__(
        self,
        client: AsyncRoutingClient,
        upstreams: Upstreams,
        settings: AttemptSettings = DEFAULT_SETTINGS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.client = client
        self.upstreams = upstreams
        self.settings = settings
        self._sleep = sleep

    async def run(
        self,
        step: Step,
        *,
        verifier: Verifier | None = None,
        allowance: Allowance | None = None,
        parameters: Mapping[str, Any] | None = None,
        report_extra: Mapping[str, Any] | None = None,
        n_repairs: int | None = None,
        hints: CacheHints = NO_HINTS,
        **fields: Unpack[RouteFields],
    ) -> StepResult:
        """Runs ``step`` until a reply passes or nothing is left to try. Trouble is in the result, never raised.

        Without a ``verifier`` the step's own schema and tools are checked. ``parameters`` go to the models,
        ``fields`` (names and options) to the router, ``report_extra`` into failed outcomes; ``n_repairs`` stands in
        for that of the settings; ``hints`` say what providers may keep for later. Raises ``TierwiseError`` only for
        what no run could do: a schema that is none, a tier without a model, a budget without prices.
        """
        allowance = allowance or Allowance()
        verifier = verifier or verifier_of(step)
        bounds = {} if _bounds_output(parameters) else {"max_tokens": self.settings.max_tokens}
        call = ChatCall(step, chat_messages(step), bounds | dict(parameters or {}), hints)
        routed = self._options(fields, verifier, allowance)
        decision = await self.client.route(step, **routed)
        n_repairs = self.settings.n_repairs if n_repairs is None else n_repairs
        run = _Run(call, decision, verifier, allowance, fields, report_extra or {}, n_repairs, routed)
        try:
            found = await self._climb(run)
        except AllowanceError as error:
            found = StepResult(decision, tuple(run.attempts), failure=Failure(error.code, str(error)))
        except asyncio.CancelledError:
            self._report_cancelled(run)
            raise
        return found if found.failure is None or run.spare is None else _shown(run, run.spare)

    async def _climb(self, run: _Run) -> StepResult:
        """From the decided tier upwards until a reply passes."""
        kind, start, course = AttemptKind.FIRST, run.decision.tier, course_to_run(run.decision, self.settings)
        if course is not None:
            used = await self._opinions(run, course)
            if used is not None:
                return _shown(run, used)
            kind, start = AttemptKind.ESCALATION, course.otherwise
        for tier in self._tiers_from(start, run.fields.get("max_tier")):
            reply = await self._try(run, tier, run.call, run.decision, kind)
            for n_repaired in range(run.n_repairs):
                if reply is None or not run.complaint:
                    break
                reply = await self._repair(run, tier, reply, n_repaired)
            if reply is not None and not run.complaint:
                return StepResult(run.decision, tuple(run.attempts), reply)
            kind = AttemptKind.ESCALATION
        if run.standing is not None:
            return StepResult(run.decision, tuple(run.attempts), run.standing)
        return StepResult(run.decision, tuple(run.attempts), failure=_failure(run))

    async def _opinions(self, run: _Run, course: Course) -> Opinion | None:
        """Asks the tiers of ``course`` side by side and gives the accepted opinion, None where the step goes on. The
        dearest that the verifier did not refuse is kept for when nothing else answers.

        What the verifier refuses is no opinion. Reported are all, that of the decided tier first: the logged
        propensity belongs to it.
        """
        asked = await all_or_none([self._opinion(run, tier) for tier in course.ask])
        opinions = sorted((one for line in asked for one in line), key=lambda one: one.tier != run.decision.tier)
        usable = [one for one in opinions if one.reply is not None and one.verdict.passed is not False]
        found = await self._judged(run, usable)
        run.spare = max(usable, key=lambda one: course.ask.index(one.tier), default=None)
        used = accepted_of(usable, found)
        for one in opinions:
            run.noted = noted(course, found, used is not None and one is used)
            self._report(run, run.decision, AttemptKind.OPINION, one.tier, one.called, one.verdict)
        run.noted = {COURSE: course.to_mapping()}
        return used

    async def _judged(self, run: _Run, usable: Sequence[Opinion]) -> object:
        """What the router says of the opinions; None where it says nothing, or breaks over what models wrote."""
        if not usable or not isinstance(self.client, JudgingClient):
            return None
        answers = [one.to_wire() for one in usable]
        try:
            return await self.client.accept(run.decision, run.call.step, answers, **run.routed)
        except Exception as error:
            _LOGGER.warning("opinions could not be judged: %s", type(error).__name__)
            return None

    async def _opinion(self, run: _Run, tier: str) -> list[Opinion]:
        """Every model that was tried on ``tier``; none where no call can be paid for."""
        try:
            call = replace(run.call, asks_logprobs=True)
            tried = await call_tier(self.upstreams.lines(tier), call, run.allowance, self.settings, self._sleep)
        except AllowanceError:
            return []
        return [Opinion(tier, one, await self._verdict_in_time(run, one.reply)) for one in tried]

    async def _verdict_in_time(self, run: _Run, reply: Reply | None) -> Verdict:
        """As ``_verdict``; unknown where there is no time or money left for one."""
        try:
            return Verdict(None) if reply is None else await self._verdict(run, reply)
        except AllowanceError:
            return Verdict(None)

    async def _try(
        self, run: _Run, tier: str, call: ChatCall, decision: RoutedDecision, kind: AttemptKind
    ) -> Reply | None:
        """One attempt on ``tier``, on the decided model first, verified and reported; leaves what the verifier says in
        ``run.complaint``."""
        run.under_way = decision, tier
        lines = sorted(self.upstreams.lines(tier), key=lambda line: line.model.name != decision.model)
        for called in await call_tier(lines, call, run.allowance, self.settings, self._sleep):
            if called.reply is None:
                self._report(run, decision, kind, tier, called, Verdict(None))
                continue
            verdict = await self._verdict(run, called.reply)
            self._report(run, decision, kind, tier, called, verdict)
            run.complaint = "" if verdict.passed is not False else verdict.message or "It is wrong."
            run.standing = called.reply if verdict.stands else None
            return called.reply
        return None

    async def _repair(self, run: _Run, tier: str, reply: Reply, n_repaired: int) -> Reply | None:
        """Asks ``tier`` again with the verifier's message, under a decision of its own."""
        step = replace(run.call.step, retry=(run.call.step.retry or 0) + n_repaired + 1, previous_error=run.complaint)
        fields = RouteFields(**{**run.fields, "min_tier": tier, "max_tier": tier})
        if step_id := run.fields.get("step_id"):
            fields["step_id"] = f"{step_id}.retry{step.retry}"
        decision = await self.client.route(step, **fields)
        shown = reply.text or str([(call.name, call.arguments) for call in reply.tool_calls])
        answered = {"role": "assistant", "content": shown[:MAX_REPAIRED_CHARS]}
        asked = {"role": "user", "content": REPAIR_PROMPT.format(message=run.complaint)}
        call = replace(run.call, step=step, messages=[*run.call.messages, answered, asked])
        return await self._try(run, tier, call, decision, AttemptKind.REPAIR)

    async def _verdict(self, run: _Run, reply: Reply) -> Verdict:
        """What the verifier says; one that breaks, or takes longer than there is time, leaves the reply unknown."""
        if run.verifier is None:
            return Verdict(None)
        left_seconds = run.allowance.left_seconds
        try:
            async with asyncio.timeout(left_seconds if math.isfinite(left_seconds) else None):
                verdict = await run.verifier.check(reply, run.allowance)
        except AllowanceError:
            raise
        except Exception as error:
            run.allowance.check_time()
            _LOGGER.warning("the verifier %s failed: %s", run.verifier.name, type(error).__name__)
            return Verdict(None, f"The verifier {run.verifier.name} failed: {type(error).__name__}")
        return replace(verdict, message=verdict.message[:MAX_MESSAGE_CHARS])

    def _report(
        self, run: _Run, decision: RoutedDecision, kind: AttemptKind, tier: str, call: Call, verdict: Verdict
    ) -> None:
        attempt = attempt_of(decision.decision_id, kind, tier, call, verdict, run.verifier)
        run.attempts.append(attempt)
        try:
            told = said(call.reply) if kind is AttemptKind.OPINION else {}
            self._send(run, decision, attempt, verdict, told)
        except Exception as error:  # what cannot be reported must not cost the step its answer
            _LOGGER.error("an outcome could not be reported: %s", type(error).__name__)

    def _report_cancelled(self, run: _Run) -> None:
        """The call that was under way has an outcome too: nobody knows how it would have gone, or what it cost."""
        decision, tier = run.under_way or (run.decision, run.decision.tier)
        try:
            self.client.outcome(decision, tier=tier, error="cancelled", extra=dict(run.noted))
        except Exception as error:
            _LOGGER.error("an outcome could not be reported: %s", type(error).__name__)

    def _send(
        self, run: _Run, decision: RoutedDecision, attempt: StepAttempt, verdict: Verdict, told: OutcomeFields
    ) -> None:
        fields = OutcomeFields(
            tier=attempt.tier,
            model=attempt.model,
            success=attempt.success,
            score=verdict.score,
            input_tokens=attempt.usage.input_tokens,
            output_tokens=attempt.usage.output_tokens,
            cached_tokens=attempt.usage.cached_tokens,
            cost_usd=attempt.cost_usd,
            latency_ms=attempt.latency_ms,
            evaluator=attempt.evaluator,
            error=attempt.error,
            extra={**(run.report_extra if attempt.success is False else {}), **run.noted},
        )
        fields.update(told)
        self.client.outcome(decision, **fields)

    def _options(self, fields: RouteFields, verifier: Verifier | None, allowance: Allowance) -> RouteFields:
        """What the loop knows and the router should: whether failures are noticed, and what is left to spend."""
        known: dict[str, Any] = dict(fields)
        if self.settings.escalates and verifier is not None and verifier.catch_rate is not None:
            known.setdefault("catch_rate", verifier.catch_rate)
        if self.settings.courses:
            known.setdefault("courses", True)
        if allowance.left_usd is not None:
            asked = known.get("max_cost_usd")
            known["max_cost_usd"] = max(0.0, min(allowance.left_usd, allowance.left_usd if asked is None else asked))
        return cast(RouteFields, known)

    def _tiers_from(self, tier: str, max_tier: str | None) -> tuple[str, ...]:
        """Where the step may run, in order. A tier dearer than the caller's limit is never tried."""
        names = self.upstreams.catalogue.names
        first = self.upstreams.catalogue.index(tier)
        if not self.settings.escalates:
            return names[first : first + 1]
        last = len(names) - 1 if max_tier is None else self.upstreams.catalogue.index(max_tier)
        return names[first : max(first, last) + 1]


def _shown(run: _Run, used: Opinion) -> StepResult:
    """The result that ``used`` is; its attempt comes last, which tells."""
    shown = sorted(run.attempts, key=lambda each: (each.tier, each.model) == (used.tier, used.called.model))
    return StepResult(run.decision, tuple(shown), used.reply)


def _failure(run: _Run) -> Failure:
    if run.allowance.left_seconds <= 0:
        return Failure("deadline", "the deadline has passed")
    if any(attempt.success is False for attempt in run.attempts):
        return Failure("verification", run.complaint or "no reply passed")
    tried = "; ".join(attempt.error or "" for attempt in run.attempts)
    return Failure("providers", tried or "no model could be called: all rest after failures or have too small a window")


def _bounds_output(parameters: Mapping[str, Any] | None) -> bool:
    return any((parameters or {}).get(key) for key in ("max_tokens", "max_completion_tokens"))
