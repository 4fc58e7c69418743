"""What a request itself tells about an answer: its schema, and the parameters of its tools."""

from typing import Any

import pytest

from tierwise.agents.protocols import CHAT, Completion, Message, ToolCall
from tierwise.agents.protocols.canonical import Text
from tierwise.serving.gateway.calls.asked import parse_request
from tierwise.serving.gateway.courses.verdict import UNKNOWN, FormVerdict, judge

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "integer"}, "code": {"type": "string", "pattern": "^(a+)+$"}},
    "required": ["total"],
}


def verdict(*messages: Message, schema: object = None, tools: Any = None) -> FormVerdict:
    body: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    if tools is not None:
        body["tools"] = tools
    return judge(parse_request(CHAT, body, {}), Completion(messages))


@pytest.mark.parametrize(
    ("content", "success", "reason"),
    [
        ('{"total": 3}', True, None),
        ('{"total": "3"}', False, "breaks 'type' at depth 1"),
        ("{}", False, "breaks 'required' at depth 0"),
        ("null", False, "breaks 'type' at depth 0"),
        ("secret words", False, "is no JSON"),
        ("", False, "is no JSON"),
        ('{"total": 1, "code": "' + "a" * 40 + '!"}', False, "breaks 'pattern' at depth 1"),
    ],
)
def test_content_is_held_to_the_schema(content: str, success: bool, reason: str | None) -> None:
    assert verdict(Message((Text(content),)), schema=SCHEMA) == FormVerdict(success, "schema", reason)


def test_one_bad_choice_is_enough() -> None:
    assert verdict(Message((Text('{"total": 1}'),)), Message((Text("no"),)), schema=SCHEMA).success is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 7},
        {"$ref": "http://127.0.0.1:1/schema"},
        {"$ref": "#/nowhere"},
        {"patternProperties": {"^(?=a)": {}}},
        {"allOf": [{"$ref": "#"}]},
    ],
)
def test_a_schema_that_cannot_be_used_says_nothing_about_the_answer(schema: Any) -> None:
    assert verdict(Message((Text('{"total": 1}'),)), schema=schema) == UNKNOWN


def test_without_schema_or_tool_call_nothing_is_known() -> None:
    assert verdict(Message((Text("hello"),))) == UNKNOWN
    assert verdict(Message((Text("hello"),)), tools=[{"type": "function", "function": {"name": "f"}}]) == UNKNOWN
    assert verdict(schema=SCHEMA) == UNKNOWN


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ToolCall("f", '{"total": 3}'), None),
        (ToolCall("f", '{"total": null}'), "breaks 'type' at depth 1"),
        (ToolCall("f", ""), "breaks 'required' at depth 0"),
        (ToolCall("g", "{}"), "calls a tool that does not exist"),
        (ToolCall("free", ""), None),
        (ToolCall("free", "{"), "is no JSON"),
    ],
)
def test_arguments_are_held_to_the_parameters(call: ToolCall, reason: str | None) -> None:
    functions = [{"name": "f", "parameters": SCHEMA}, {"name": "free"}]
    tools = [{"type": "function", "function": function} for function in functions]
    good = ToolCall("f", '{"total": 1}')
    assert verdict(Message((good, call)), tools=tools) == FormVerdict(reason is None, "tool_call", reason)
