"""Whether an answer will do, as far as the request itself tells: the schema asked for, the arguments of tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, validators
from referencing import Registry

from tierwise.data.replies.calls import ToolCall
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
REFUSED = Verdict(reason="refusal")
SCHEMA, TOOLS = "schema", "tool_call"


def judge(chat: ChatRequest, reply: Reply) -> Verdict:
    """Whether every message of ``reply`` keeps to the schema or to the parameters of the tools that it calls.

    A refusal to answer says nothing of what the tier is able to: it is neither a success nor a failure.
    """
    try:
        verdicts = [_judge(chat, message) for message in reply.messages]
    except _UnreadableSchemaError:
        return UNKNOWN
    return min(verdicts, key=lambda verdict: (False, None, True).index(verdict.success), default=UNKNOWN)


class _UnreadableSchemaError(Exception):
    """The caller's schema cannot be used, which is no failure of the model."""


def _judge(chat: ChatRequest, message: Message) -> Verdict:
    if message.is_refusal:
        return REFUSED
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
    value = decoded(text)
    if value is None and text.strip() != "null":
        return "is no JSON"
    if "patternProperties" in str(schema):
        raise _UnreadableSchemaError
    try:
        error = next(_VALIDATOR(schema, registry=_NOTHING_REMOTE).iter_errors(value), None)
    except Exception:  # schemas are wrong in many ways
        raise _UnreadableSchemaError from None
    return None if error is None else f"breaks '{error.validator}' at depth {len(error.absolute_path)}"


# A regular expression of a caller can run forever, and stop the service meanwhile: patterns are not checked.
_VALIDATOR = validators.extend(Draft202012Validator, {"pattern": None})
_NOTHING_REMOTE: Registry[Any] = Registry()
