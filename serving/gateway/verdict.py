"""Whether an answer will do, as far as the request itself tells: the schema asked for, the arguments of tools."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tierwise.agents.protocols import Completion, Message, ToolCall
from tierwise.agents.upstreams.transport import decoded
from tierwise.data.answers.calls import MAX_CALLS
from tierwise.data.foreign import UncheckableError
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS
from tierwise.data.foreign.schema import misfits
from tierwise.data.replies.json_text import whole
from tierwise.data.replies.parts import without_thoughts
from tierwise.data.trouble import TroubleLog
from tierwise.serving.gateway.asked import GatewayRequest


@dataclass(frozen=True, slots=True)
class Verdict:
    """``success`` None: nothing in the request says what a good answer is. ``reason`` quotes no content."""

    success: bool | None = None
    evaluator: str | None = None
    reason: str | None = None


UNKNOWN = Verdict()
REFUSED = Verdict(reason="refusal")
SCHEMA, TOOLS = "schema", "tool_call"
_TROUBLE = TroubleLog(logging.getLogger(__name__))


async def judge_soon(request: GatewayRequest, completion: Completion) -> Verdict:
    """As :func:`judge`, beside the event loop: schemas and answers are other people's, and may be hard to compare."""
    is_called = any(message.tool_calls for message in completion.messages)
    if not is_called and request.protocol.response_schema(request.body) is None:
        return judge(request, completion)  # nothing is compared
    return await asyncio.get_running_loop().run_in_executor(_BESIDE_THE_LOOP, judge, request, completion)


def judge(request: GatewayRequest, completion: Completion) -> Verdict:
    """Whether every message of ``completion`` keeps to the schema or to the parameters of the tools that it calls.

    A refusal to answer says nothing of what the tier is able to: it is neither a success nor a failure. Nor does a
    schema that cannot be applied, or not within the allowed work: nobody can tell.
    """
    try:
        verdicts = [_judge(request, message) for message in completion.messages]
    except UncheckableError:
        return UNKNOWN
    except Exception as error:  # an answer that cannot be checked is still an answer
        _TROUBLE.tell("checking an answer failed", error)
        return UNKNOWN
    return min(verdicts, key=lambda verdict: (False, None, True).index(verdict.success), default=UNKNOWN)


def _judge(request: GatewayRequest, message: Message) -> Verdict:
    if message.is_refusal:
        return REFUSED
    if message.tool_calls:
        if len(message.tool_calls) > MAX_CALLS:
            raise UncheckableError(f"{len(message.tool_calls)} calls in one answer")
        reasons = [_arguments_problem(request, call) for call in message.tool_calls]
        return _verdict(TOOLS, next((reason for reason in reasons if reason), None))
    schema = request.protocol.response_schema(request.body)
    if schema is None:
        return UNKNOWN
    return _verdict(SCHEMA, _json_problem(without_thoughts(whole(message.content)), schema))


def _verdict(evaluator: str, reason: str | None) -> Verdict:
    return Verdict(reason is None, evaluator, reason)


def _arguments_problem(request: GatewayRequest, call: ToolCall) -> str | None:
    """What is wrong with a call's arguments; a tool that the request does not have cannot be called at all."""
    parameters = request.protocol.parameters(request.body, call)
    if parameters is None:
        return "calls a tool that does not exist"
    return None if call.is_free else _json_problem(call.arguments or "{}", parameters)


def _json_problem(text: str, schema: Mapping[str, Any]) -> str | None:
    """Why ``text`` is not JSON of that schema, without quoting either; None when it is."""
    if len(text) > MAX_CHECKED_CHARS:
        raise UncheckableError("the answer is too long to be checked")
    value = decoded(text)
    if value is None and text.strip() != "null":
        return "is no JSON"
    found = misfits(schema, value, n_most=1)
    return f"breaks '{found[0].keyword}' at depth {found[0].depth}" if found else None


# One thread: checks of hostile schemas wait for each other and not for the processor that serves everybody.
_BESIDE_THE_LOOP = ThreadPoolExecutor(1, "tierwise-verdict")
