"""A step with tools: a bounded loop of turns, each a routed, verified and logged step of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from tierwise.agents.attempts import Allowance, AllowanceError, Failure, ToolCallVerifier, Verdict, Verifier
from tierwise.agents.attempts.verifiers import SchemaVerifier
from tierwise.agents.runtime.plans.plan import PlanStep
from tierwise.agents.runtime.prompts import LAST_TURN, RULES
from tierwise.agents.runtime.run import Run, calls_of
from tierwise.agents.runtime.trace import Origin, Role, StepTrace
from tierwise.agents.tools import Approval, CallRequest, Status, ToolResult, ToolTrace, UnsettledError
from tierwise.agents.tools.box import NOT_APPROVED, Approvals
from tierwise.agents.upstreams import CacheHints, Reply
from tierwise.data.records import Message, Tool

_BROKEN = frozenset({Status.ERROR, Status.TIMEOUT})
MAX_ASKED = 100
"""Calls in one reply: one with more is a model that ran away, and no turn."""

Ask = Callable[[Reply, Approvals, Allowance], Awaitable[Approvals]]


async def take_turns(
    run: Run,
    step: PlanStep,
    prompt: str,
    depends_on: Sequence[str],
    verifier: Verifier | None,
    min_tier: str | None,
) -> StepTrace:
    """The trace of the turn that answered, or of the one that could not go on.

    A turn that calls tools is followed by one that sees their results; the last of ``max_turns`` may call none.
    """
    tools = [run.toolbox.tools[name].to_record() for name in step.tools]
    verifier = verifier or (None if step.response_schema is None else SchemaVerifier(step.response_schema))
    messages = [Message("system", RULES), Message("user", prompt)]
    blamed: Origin | None = None
    for n_turn in range(1, run.settings.max_turns + 1):
        is_last = n_turn == run.settings.max_turns
        if is_last:
            messages.append(Message("user", LAST_TURN))
        name = turn_id(run, step, n_turn)
        judge = TurnVerifier(tools, verifier, is_last, partial(_approvals, run, step, name))
        trace = await run.ask(
            Role.EXECUTE,
            name,
            messages,
            plan_step=step,
            tools=tools,
            depends_on=depends_on,
            verifier=judge,
            min_tier=min_tier,
            hints=CacheHints(grows=not is_last),
            origin=blamed,
        )
        run.last_turns[step.step_id] = name
        depends_on = [name]
        if trace.output is None or not trace.tool_calls:
            return trace
        trace = await _with_results(run, step, trace, judge.approvals)
        if trace.failure is not None:
            return trace
        messages += _messages_of(trace, n_turn)
        broken = [call for call in trace.tool_calls if call.result is not None and call.result.status in _BROKEN]
        blamed = Origin.TOOL if broken else None
    raise AssertionError("the last turn ends the loop: its calls are refused")


def turn_id(run: Run, step: PlanStep, n_turn: int) -> str:
    """The name of a turn in the log. No step of a plan has a colon in its name, so no two are the same."""
    first = f"{run.task_id}/{step.step_id}"
    return first if n_turn == 1 else f"{first}:{n_turn}"


class TurnVerifier:
    """Calls must be of ``tools`` with arguments that fit, an answer is for ``verifier`` to judge. The last turn has to
    answer, and no turn may do neither.

    A call that fits its tool may still be the wrong one: its form can tell a failure, and never a success. Nor does
    ``ask``, which tells what is said of calls that cannot be taken back: a turn with one that is refused fails, so that
    the next tier is asked before anything is done. Where that was the last one, its turn stands, and the model reads
    that it was refused. Nobody is asked again about the same call: ``approvals`` are all that were given or not.
    """

    def __init__(self, tools: Sequence[Tool], verifier: Verifier | None, is_last: bool, ask: Ask) -> None:
        self.name = "turn" if verifier is None else f"turn+{verifier.name}"
        self.catch_rate = None if verifier is None else verifier.catch_rate
        self.approvals: dict[CallRequest, Approval] = {}
        self._ask = ask
        self._calls = ToolCallVerifier(tools)
        self._verifier = verifier
        self._is_last = is_last

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        if reply.tool_calls:
            if self._is_last:
                return Verdict(False, "No tool can be called any more; answer without.", score=0.0)
            if len(reply.tool_calls) > MAX_ASKED:
                return Verdict(False, f"The answer calls {len(reply.tool_calls)} tools at once.", score=0.0)
            of_form = await self._calls.check(reply, allowance)
            return of_form if of_form.passed is False else await self._permitted(reply, allowance)
        if not reply.text.strip():
            return Verdict(False, "The answer is empty.", score=0.0)
        return Verdict(None) if self._verifier is None else await self._verifier.check(reply, allowance)

    async def _permitted(self, reply: Reply, allowance: Allowance) -> Verdict:
        found = await self._ask(reply, self.approvals, allowance)
        self.approvals |= found
        refused = next((call for call, said in found.items() if said is Approval.REFUSE), None)
        if refused is None:
            return Verdict(None)
        return Verdict(False, f"{refused.tool}: {NOT_APPROVED}", score=0.0, stands=True)


async def _approvals(
    run: Run, step: PlanStep, name: str, reply: Reply, known: Approvals, allowance: Allowance
) -> Approvals:
    made = _made(run, calls_of(name, reply))
    return await run.toolbox.approvals(made, step.tools, allowance, run.journal, known)


def _made(run: Run, calls: Sequence[ToolTrace]) -> list[CallRequest]:
    """Those of the calls of a reply that are made at all."""
    return [CallRequest(call.call_id, call.tool, call.arguments) for call in calls[: run.settings.max_calls]]


async def _with_results(run: Run, step: PlanStep, trace: StepTrace, approvals: Approvals) -> StepTrace:
    """Makes the calls of a turn. What ends the run ends the step: its trace then has the failure."""
    try:
        made = _made(run, trace.tool_calls)
        results = await run.toolbox.run(made, step.tools, run.allowance, run.journal, approvals)
    except AllowanceError as error:
        return run.note(trace, output=None, failure=Failure(error.code, str(error)), origin=Origin.EXECUTOR)
    except UnsettledError as error:
        return run.note(trace, output=None, failure=Failure("unsettled", str(error)), origin=Origin.TOOL)
    surplus = ToolResult(Status.REFUSED, f"Only {run.settings.max_calls} calls are made at once; call it again.")
    results += [surplus] * (len(trace.tool_calls) - len(made))
    calls = [replace(call, result=result) for call, result in zip(trace.tool_calls, results, strict=True)]
    return run.note(trace, tool_calls=tuple(calls))


def _messages_of(trace: StepTrace, n_turn: int) -> list[Message]:
    """What the model said and what came of it, as the next turn reads it."""
    named = [(_wire_id(n_turn, n_call), call) for n_call, call in enumerate(trace.tool_calls)]
    said = Message("assistant", trace.output or "", {"tool_calls": [_shown(name, call) for name, call in named]})
    return [said, *(_answered(name, call) for name, call in named)]


def _wire_id(n_turn: int, n_call: int) -> str:
    """An id of nine letters and digits, the one form that every provider takes; unlike a model's own, never twice."""
    return f"c{n_turn:04d}{n_call:04d}"


def _shown(wire_id: str, call: ToolTrace) -> dict[str, object]:
    return {"id": wire_id, "type": "function", "function": {"name": call.tool, "arguments": call.arguments}}


def _answered(wire_id: str, call: ToolTrace) -> Message:
    content = "" if call.result is None else call.result.to_content()
    return Message("tool", content, {"tool_call_id": wire_id})
