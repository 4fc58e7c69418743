"""Running the calls that a model asked for: only those it may, never a write twice, within the time there is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tierwise.agents.attempts.allowance import Allowance, AllowanceError
from tierwise.agents.attempts.together import all_or_none
from tierwise.agents.attempts.verifiers import schema_check
from tierwise.agents.tools.approval import Approval, ApprovalRequest, Approve, Occasion, approval_of
from tierwise.agents.tools.call import CallRequest, Status, ToolResult
from tierwise.agents.tools.ledger import Ledger, UnsettledError
from tierwise.agents.tools.making import made
from tierwise.agents.tools.tool import AgentTool, Effect
from tierwise.data.errors import TierwiseError
from tierwise.data.foreign import ForeignError, UncheckableError
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS

DONE_BEFORE = "The call took effect before the task was interrupted; what it returned is lost."
NOT_APPROVED = "The call cannot be taken back, and it was not approved."
_CHECKS = 3

Sleep = Callable[[float], Awaitable[None]]
Approvals = Mapping[CallRequest, Approval]
NO_APPROVALS: Approvals = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the calls of one turn have in common."""

    allowed: Collection[str]
    allowance: Allowance
    ledger: Ledger
    approvals: Approvals


class Toolbox:
    """The tools of a runtime. ``approve`` is asked about calls that cannot be taken back; without it they are refused.

    ``n_retries`` are for tools that read and raise or take too long, with a growing pause; nothing else is retried.
    Raises ``TierwiseError`` for two tools of one name.
    """

    def __init__(
        self,
        tools: Sequence[AgentTool] = (),
        approve: Approve | None = None,
        n_retries: int = 1,
        pause_seconds: float = 0.5,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.tools: Mapping[str, AgentTool] = {tool.name: tool for tool in tools}
        if len(self.tools) < len(tools):
            names = [tool.name for tool in tools]
            twice = next(name for name in names if names.count(name) > 1)
            raise TierwiseError(f"two tools are called '{twice}'; give each its own name")
        self._approve = approve
        self._n_retries = n_retries
        self._pause_seconds = pause_seconds
        self._sleep = sleep

    async def run(
        self,
        requests: Sequence[CallRequest],
        allowed: Collection[str],
        allowance: Allowance,
        ledger: Ledger,
        approvals: Approvals = NO_APPROVALS,
    ) -> list[ToolResult]:
        """The results of ``requests``, in order. Calls that all read run side by side, others one after the other.

        Only tools that ``allowed`` names are called. ``approvals`` were asked for before; nobody is asked again. Raises
        ``AllowanceError`` when the time is up, and ``UnsettledError`` for an interrupted write that nobody can settle.
        """
        turn = _Turn(allowed, allowance, ledger, approvals)
        effects = {self.tools[r.tool].effect for r in requests if r.tool in allowed and r.tool in self.tools}
        if effects <= {Effect.READS}:
            return await all_or_none([self._one(request, turn) for request in requests])
        return [await self._one(request, turn) for request in requests]

    async def approvals(
        self,
        requests: Sequence[CallRequest],
        allowed: Collection[str],
        allowance: Allowance,
        ledger: Ledger,
        known: Approvals = NO_APPROVALS,
    ) -> Approvals:
        """What the hook says of those ``requests`` that cannot be taken back, before any of them is made; after the
        first that it refuses nobody is asked. What it said before, of calls that are ``known``, holds. Empty where
        there is no hook: then nobody else's call would be approved either. Raises ``AllowanceError`` when the time is
        up."""
        turn = _Turn(allowed, allowance, ledger, known)
        refused = {(call.tool, call.arguments) for call, said in known.items() if said is Approval.REFUSE}
        found: dict[CallRequest, Approval] = {}
        for request in requests if self._approve is not None else ():
            tool = self.tools.get(request.tool) if request.tool in allowed else None
            if tool is None or tool.effect is not Effect.IRREVERSIBLE or ledger.was_begun(request.call_id):
                continue
            arguments = await asyncio.to_thread(_arguments_of, request, tool)
            if isinstance(arguments, ToolResult):
                continue
            if request in known:
                found[request] = known[request]
            elif (request.tool, request.arguments) in refused:
                found[request] = Approval.REFUSE
            else:
                found[request] = await self._asked(tool, request, arguments, Occasion.IRREVERSIBLE, turn)
            if found[request] is Approval.REFUSE:
                break
        return found

    async def _one(self, request: CallRequest, turn: _Turn) -> ToolResult:
        known = turn.ledger.result_of(request.call_id)
        if known is not None:
            return known
        turn.allowance.check_time()
        result = await self._checked(request, turn)
        await turn.ledger.finish(request, result)
        return result

    async def _checked(self, request: CallRequest, turn: _Turn) -> ToolResult:
        tool = self.tools.get(request.tool) if request.tool in turn.allowed else None
        if tool is None:
            return ToolResult(Status.REFUSED, f"There is no tool '{request.tool[:80]}' for this step.")
        arguments = await asyncio.to_thread(_arguments_of, request, tool)
        if isinstance(arguments, ToolResult):
            return arguments
        settled = await self._permitted(tool, request, arguments, turn)
        if settled is not None:
            return settled
        if tool.effect is not Effect.READS:
            await turn.ledger.begin(request)
        return await self._made(tool, arguments, turn.ledger.key_of(request.call_id), turn.allowance)

    async def _permitted(
        self, tool: AgentTool, request: CallRequest, arguments: dict[str, Any], turn: _Turn
    ) -> ToolResult | None:
        """None where the call may be made, its result where it may not or need not."""
        if tool.effect is Effect.READS:
            return None
        if turn.ledger.was_begun(request.call_id):
            if tool.takes_key:
                return None  # approved before it was begun; the tool tells by the key what it did
            said = await self._asked(tool, request, arguments, Occasion.INTERRUPTED, turn)
            if said is Approval.REFUSE:
                raise UnsettledError(_unsettled(tool, request))
        elif request in turn.approvals:
            said = turn.approvals[request]
        elif tool.effect is Effect.IRREVERSIBLE:
            said = await self._asked(tool, request, arguments, Occasion.IRREVERSIBLE, turn)
        else:
            return None
        if said is Approval.REFUSE:
            return ToolResult(Status.REFUSED, NOT_APPROVED)
        return ToolResult(Status.OK, DONE_BEFORE) if said is Approval.DONE else None

    async def _asked(
        self, tool: AgentTool, request: CallRequest, arguments: dict[str, Any], occasion: Occasion, turn: _Turn
    ) -> Approval:
        """What the hook says within the time there is."""
        asked = ApprovalRequest(turn.ledger.task_id, request.call_id, tool.name, arguments, tool.effect, occasion)
        left_seconds = turn.allowance.left_seconds
        try:
            async with asyncio.timeout(None if left_seconds == float("inf") else left_seconds):
                return await approval_of(self._approve, asked)
        except TimeoutError:
            raise AllowanceError("deadline", f"the deadline passed before '{tool.name}' was approved") from None

    async def _made(self, tool: AgentTool, arguments: Mapping[str, Any], key: str, allowance: Allowance) -> ToolResult:
        started = time.perf_counter()
        n_most = self._n_retries + 1 if tool.effect is Effect.READS else 1
        for n_tries in range(1, n_most + 1):
            result = await made(tool, arguments, key, min(tool.timeout_seconds, max(0.0, allowance.left_seconds)))
            pause_seconds = self._pause_seconds * float(2 ** (n_tries - 1))
            if result.status is Status.OK or n_tries == n_most or pause_seconds >= allowance.left_seconds:
                break
            await self._sleep(pause_seconds)
        return replace(result, n_tries=n_tries, latency_ms=(time.perf_counter() - started) * 1000)


def _arguments_of(request: CallRequest, tool: AgentTool) -> dict[str, Any] | ToolResult:
    """The arguments, or the result that says what is wrong with them."""
    try:
        arguments = decode_json(request.arguments, MAX_CHECKED_CHARS)
        wrong = schema_check(tool.parameters)(arguments)
    except (ForeignError, UncheckableError) as error:
        return ToolResult(Status.ERROR, f"The arguments cannot be used: {error}")
    if wrong or not isinstance(arguments, dict):
        return ToolResult(Status.ERROR, f"The arguments are wrong: {'; '.join(wrong[:_CHECKS]) or 'no JSON object'}")
    return arguments


def _unsettled(tool: AgentTool, request: CallRequest) -> str:
    return (
        f"'{tool.name}' ({request.call_id}) was begun before the task was interrupted, and may have taken effect; "
        f"resume with an approval hook that answers the occasion 'interrupted', or give the tool an idempotency_key"
    )
