"""Tool calls in one spelling, under the schemas of the step's tools."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.answers.call_text import RawCall, calls_in
from tierwise.data.answers.key import AnswerKey, make_key
from tierwise.data.answers.literals import UnreadableError
from tierwise.data.answers.schema_values import canonical_object, value_bits
from tierwise.data.records import Tool, ToolCall

MAX_CALLS = 256
MAX_ARGUMENT_CHARS = 60_000
"""Of all calls of one answer; more are not compared, as texts of that length are not."""

_NO_NAME = re.compile(r"[^a-z0-9]+")
_NO_CALL = re.compile(
    r"\[\s*\]|\{\s*\}|\(?none\)?|null|no (?:tool|function)s?(?: calls?)?(?: (?:needed|required|applies|fits?))?|n/?a",
    re.IGNORECASE,
)
_NOTHING_FITS = re.compile(
    r"\bnone of the (?:provided|available|given|listed|above)\b.{0,40}\b(?:tool|function)s?\b", re.IGNORECASE
)
_ATTEMPTED = re.compile(r"<tool_call|<function|\[TOOL_CALLS\]|\"(?:arguments|parameters)\"\s*:")


class ToolSet:
    """The tools of a step, found by name in whatever spelling."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.names = tuple(tool.name for tool in tools)
        self._parameters = {tool_name(tool.name): _parameters(tool) for tool in tools}
        self.bits_of_name = math.log2(len(tools) + 1)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and tool_name(name) in self._parameters

    def key(self, calls: Sequence[RawCall]) -> AnswerKey | None:
        """The key of ``calls``; their order does not count. None where a value cannot be read."""
        try:
            read = [self._canonical(call) for call in calls]
        except UnreadableError:
            return None
        bits = sum(self.bits_of_name + value_bits(arguments, self._schema(name)) for name, arguments in read)
        lines = sorted(json.dumps([name, arguments], ensure_ascii=False) for name, arguments in read)
        return make_key("calls", bits, ";".join(lines))

    def no_call(self) -> AnswerKey:
        """The key of an answer that calls none of the tools."""
        return make_key("no_call", 1.0, "none")

    def is_attempt(self, text: str) -> bool:
        """Whether a text that holds no readable call seems to have tried one."""
        return bool(_ATTEMPTED.search(text)) or any(f"{name}(" in text for name in self.names if name)

    def _schema(self, name: str) -> Mapping[str, Any]:
        return self._parameters.get(name, {})

    def _canonical(self, call: RawCall) -> tuple[str, dict[str, Any]]:
        name = tool_name(call.name)
        schema = self._schema(name)
        properties = schema.get("properties")
        order = list(properties) if isinstance(properties, Mapping) else []
        placed = {order[i] if i < len(order) else f"#{i}": value for i, value in enumerate(call.values)}
        return name, canonical_object({**placed, **call.named}, schema)


def tool_name(name: str) -> str:
    """One spelling of a name: frameworks turn dots, slashes and hyphens into underscores."""
    return _NO_NAME.sub("_", name.casefold()).strip("_")


def read_calls(text: str, tools: ToolSet) -> list[RawCall] | None:
    """The calls that a text holds; empty where it says that there is none to make, None where it holds none."""
    stripped = text.strip().strip("`").strip().rstrip(".")
    if _NO_CALL.fullmatch(stripped[:80]) and len(stripped) <= 80:
        return []
    found = calls_in(text, tools)
    if found:
        return found
    return [] if _NOTHING_FITS.search(text[:400]) and not tools.is_attempt(text) else None


def given_calls(tool_calls: Sequence[ToolCall]) -> list[RawCall] | None:
    """Calls that came as such. None where the arguments are no object, or there are too many to be read."""
    if len(tool_calls) > MAX_CALLS or n_argument_chars(tool_calls) > MAX_ARGUMENT_CHARS:
        return None
    found = []
    for call in tool_calls:
        arguments: Any = call.arguments
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except (ValueError, RecursionError):
                return None
        if not isinstance(arguments, Mapping):
            return None
        found.append(RawCall(call.name, (), arguments))
    return found


def n_argument_chars(tool_calls: Sequence[ToolCall]) -> int:
    """About how long the arguments are, written out; what cannot be written is endless."""
    try:
        return sum(len(each.arguments if isinstance(each.arguments, str) else _dumped(each)) for each in tool_calls)
    except (TypeError, ValueError, RecursionError):
        return MAX_ARGUMENT_CHARS + 1


def _dumped(call: ToolCall) -> str:
    return json.dumps(call.arguments, default=str)


def _parameters(tool: Tool) -> Mapping[str, Any]:
    return tool.parameters if isinstance(tool.parameters, Mapping) else {}
