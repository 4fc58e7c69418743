"""Whether an answer will do, as far as the request itself tells: the schema asked for, the arguments of tools."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tierwise.agents.upstreams.reply import ToolCall
from tierwise.data.foreign import UncheckableError
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS
from tierwise.data.foreign.schema import misfits
from tierwise.serving.gateway.chat import ChatRequest, response_schema
from tierwise.serving.gateway.reply import Message, Reply
from tierwise.serving.gateway.upstream import decoded


@dataclass(frozen=True, slots=True)
class Verdict:
    """``success`` None: nothing in the request says what a good answer is. ``reason`` quotes no content."""

    success: bool | None = None
    evaluator: str | None = None
    reason: str | None = None


UNKNOWN = Verdict()
SCHEMA, TOOLS = "schema", "tool_call"


async def judge_soon(chat: ChatRequest, reply: Reply) -> Verdict:
    """As :func:`judge`, beside the event loop: schemas and answers are other people's, and may be hard to compare."""
    if response_schema(chat.body) is None and not any(message.tool_calls for message in reply.messages):
        return UNKNOWN
    return await asyncio.get_running_loop().run_in_executor(_BESIDE_THE_LOOP, judge, chat, reply)


def judge(chat: ChatRequest, reply: Reply) -> Verdict:
    """Whether every message of ``reply`` keeps to the schema or to the parameters of the tools that it calls.

    A schema that cannot be applied, or not within the allowed work, is no failure of the model: nobody can tell.
    """
    try:
        verdicts = [_judge(chat, message) for message in reply.messages]
    except UncheckableError:
        return UNKNOWN
    return min(verdicts, key=lambda verdict: verdict.success is not False, default=UNKNOWN)


def _judge(chat: ChatRequest, message: Message) -> Verdict:
    if message.tool_calls:
        reasons = [_arguments_problem(chat.body, call) for call in message.tool_calls]
        return _verdict(TOOLS, next((reason for reason in reasons if reason), None))
    schema = response_schema(chat.body)
    return UNKNOWN if schema is None else _verdict(SCHEMA, _json_problem(message.content, schema))


def _verdict(evaluator: str, reason: str | None) -> Verdict:
    return Verdict(reason is None, evaluator, reason)


def _arguments_problem(body: Mapping[str, Any], call: ToolCall) -> str | None:
    """What is wrong with a call's arguments; a tool that the request does not have cannot be called at all."""
    functions = [tool.get("function") for tool in body.get("tools") or () if isinstance(tool, Mapping)]
    for function in functions:
        if isinstance(function, Mapping) and function.get("name") == call.name:
            parameters = function.get("parameters")
            return _json_problem(call.arguments or "{}", parameters if isinstance(parameters, Mapping) else {})
    return "calls a tool that does not exist"


def _json_problem(text: str, schema: Mapping[str, Any]) -> str | None:
    """Why ``text`` is not JSON of that schema, without quoting either; None when it is."""
    if len(text) > MAX_CHECKED_CHARS:
        raise UncheckableError("the answer is too long to be checked")
    value = decoded(text.encode("utf-8", "replace"))
    if value is None and text.strip() != "null":
        return "is no JSON"
    found = misfits(schema, value, n_most=1)
    return f"breaks '{found[0].keyword}' at depth {found[0].depth}" if found else None


# One thread: checks of hostile schemas wait for each other and not for the processor that serves everybody.
_BESIDE_THE_LOOP = ThreadPoolExecutor(1, "tierwise-verdict")
