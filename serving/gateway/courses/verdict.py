"""Whether an answer will do, as far as the request itself tells: the schema asked for, the arguments of tools."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tierwise.agents.protocols import Completion, Message, ToolCall
from tierwise.agents.protocols.canonical import Finish
from tierwise.data.answers.calls import MAX_CALLS
from tierwise.data.foreign import UncheckableError
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.replies.finish import LENGTH, finish_reason
from tierwise.data.replies.held import CUT, FENCED, Held, held_against
from tierwise.data.replies.json_text import whole
from tierwise.data.replies.parts import without_thoughts
from tierwise.serving.gateway.calls.asked import GatewayRequest


@dataclass(frozen=True, slots=True)
class FormVerdict:
    """``success`` None: nothing in the request says what a good answer is. ``reason`` quotes no content."""

    success: bool | None = None
    evaluator: str | None = None
    reason: str | None = None

    @property
    def is_opinion(self) -> bool:
        """Whether a course may take the answer: not one that breaks its form, nor one of which nobody can tell."""
        return self.success is not False and self.reason not in _NEITHER

    @property
    def is_fenced(self) -> bool:
        """Whether all that keeps the answer from its form is a Markdown fence around it."""
        return self.success is None and self.reason == FENCED.reason


_NEITHER = (CUT.reason, FENCED.reason)
UNKNOWN = FormVerdict()
REFUSED = FormVerdict(reason="refusal")
SCHEMA, TOOLS = "schema", "tool_call"
_TROUBLE = TroubleLog(logging.getLogger(__name__))


async def judge_soon(request: GatewayRequest, completion: Completion) -> FormVerdict:
    """As :func:`judge`, beside the event loop: schemas and answers are other people's, and may be hard to compare."""
    is_called = any(message.tool_calls for message in completion.messages)
    if not is_called and request.protocol.response_schema(request.body) is None:
        return judge(request, completion)  # nothing is compared
    return await asyncio.get_running_loop().run_in_executor(_BESIDE_THE_LOOP, judge, request, completion)


def judge(request: GatewayRequest, completion: Completion) -> FormVerdict:
    """Whether every message of ``completion`` keeps to the schema or to the parameters of the tools that it calls.

    A refusal to answer says nothing of what the tier is able to: it is neither a success nor a failure. Nor does an
    answer that ended at its limit of tokens, one in a fence, or a schema that cannot be applied within the allowed work
    (:mod:`tierwise.data.replies.held`).
    """
    try:
        verdicts = [_judge(request, message) for message in completion.messages]
    except UncheckableError:
        return UNKNOWN
    except Exception as error:  # an answer that cannot be checked is still an answer
        _TROUBLE.tell("checking an answer failed", error)
        return UNKNOWN
    return min(verdicts, key=lambda verdict: (False, None, True).index(verdict.success), default=UNKNOWN)


def _judge(request: GatewayRequest, message: Message) -> FormVerdict:
    if message.is_refusal:
        return REFUSED
    schema = request.protocol.response_schema(request.body)
    if not message.tool_calls and schema is None:
        return UNKNOWN
    if message.finish is Finish.LENGTH or finish_reason(message.finish_reason) == LENGTH:
        return FormVerdict(reason=CUT.reason)
    if message.tool_calls:
        if len(message.tool_calls) > MAX_CALLS:
            raise UncheckableError(f"{len(message.tool_calls)} calls in one answer")
        found = [_arguments_held(request, call) for call in message.tool_calls]
        return _verdict(TOOLS, min(found, key=lambda held: (False, None, True).index(held.fits)))
    return _verdict(SCHEMA, held_against(without_thoughts(whole(message.content)), schema or {}))


def kept(completion: Completion) -> FormVerdict:
    """Of an answer whose fence was taken off."""
    return FormVerdict(True, TOOLS if completion.message.tool_calls else SCHEMA)


def _verdict(evaluator: str, held: Held) -> FormVerdict:
    return FormVerdict(held.fits, None if held.fits is None else evaluator, held.reason)


def _arguments_held(request: GatewayRequest, call: ToolCall) -> Held:
    """A call's arguments held against its tool; one that the request does not have cannot be called at all."""
    parameters = request.protocol.parameters(request.body, call)
    if parameters is None:
        return Held(False, "calls a tool that does not exist")
    return Held(True) if call.is_free else held_against(call.arguments or "{}", parameters)


# One thread: checks of hostile schemas wait for each other and not for the processor that serves everybody.
_BESIDE_THE_LOOP = ThreadPoolExecutor(1, "tierwise-verdict")
