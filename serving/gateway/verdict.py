"""Whether an answer will do, as far as the request itself tells: the schema asked for, the arguments of tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, validators
from referencing import Registry

from tierwise.agents.protocols import Completion, Message, ToolCall
from tierwise.agents.upstreams.transport import decoded
from tierwise.data.replies.json_text import whole
from tierwise.data.replies.parts import without_thoughts
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


def judge(request: GatewayRequest, completion: Completion) -> Verdict:
    """Whether every message of ``completion`` keeps to the schema or to the parameters of the tools that it calls.

    A refusal to answer says nothing of what the tier is able to: it is neither a success nor a failure.
    """
    try:
        verdicts = [_judge(request, message) for message in completion.messages]
    except _UnreadableSchemaError:
        return UNKNOWN
    return min(verdicts, key=lambda verdict: (False, None, True).index(verdict.success), default=UNKNOWN)


class _UnreadableSchemaError(Exception):
    """The caller's schema cannot be used, which is no failure of the model."""


def _judge(request: GatewayRequest, message: Message) -> Verdict:
    if message.is_refusal:
        return REFUSED
    if message.tool_calls:
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
