"""A text held against a schema: what is kept, what is broken, and what is neither."""

from typing import Any

import pytest

from tests.pace import processor_time_below
from tierwise.agents.protocols import CHAT
from tierwise.data.foreign import UncheckableError
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS, MAX_VALUES
from tierwise.data.importers.assembling.schema_check import check_answer, is_checkable
from tierwise.data.importers.reading.records import Answer, ToolCall
from tierwise.data.parsing import parse_step
from tierwise.data.replies.held import held_against
from tierwise.serving.gateway.calls.asked import parse_request
from tierwise.serving.gateway.courses.verdict import judge

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
TEXTS: dict[str, bool | None] = {
    '{"n": 40}': True,
    ' {"n": 40}\n': True,
    '{"n": "x"}': False,
    "{}": False,
    "forty": False,
    '{"n": 4': False,
    '```json\n{"n": 40}\n```': None,
    '```\n{"n": 40}\n```': None,
    '``` {"n": 40} ```': None,
    '```json\n{"n": "x"}\n```': False,
    "```json\nforty\n```": False,
    'Here it is: ```json\n{"n": 40}\n```': False,
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_fence_is_neither_kept_nor_broken(text: str) -> None:
    assert held_against(text, SCHEMA).fits is TEXTS[text]


@pytest.mark.parametrize("text", ["``` " + " " * 900_000, "```json" + "\n`" * 400_000, "`" * 900_000])
def test_a_fence_that_never_closes_takes_no_time(text: str) -> None:
    with processor_time_below(1.0):
        assert held_against(text, SCHEMA).fits is False


def test_no_reason_quotes_what_was_said() -> None:
    for text in TEXTS:
        assert "forty" not in (held_against(text, SCHEMA).reason or "")


@pytest.mark.parametrize("text", ["[" + "1," * (MAX_VALUES + 1) + "1]", '"' + "x" * MAX_CHECKED_CHARS + '"'])
def test_what_is_too_long_is_not_called_broken(text: str) -> None:
    with pytest.raises(UncheckableError):
        held_against(text, {})


def in_the_gateway(message: dict[str, Any], finish: str, **asked: Any) -> bool | None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "x"}], **asked}
    answer = {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": finish}]}
    return judge(parse_request(CHAT, body, {}), CHAT.read_answer(answer)).success


def in_an_import(answer: Answer, **step: Any) -> bool | None:
    """With ``schema = "decides"``, where a kept schema is a success."""
    asked = parse_step({"text": "x", **step})
    return check_answer(asked, answer).fits if is_checkable(asked, answer) else None


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize("text", TEXTS)
def test_gateway_and_imports_agree_on_texts(text: str, finish: str) -> None:
    meant = None if finish == "length" else TEXTS[text]
    assert in_the_gateway({"content": text}, finish, response_format=FORMAT) is meant
    assert in_an_import(Answer(text, finish_reason=finish), response_schema=SCHEMA) is meant


@pytest.mark.parametrize("finish", ["tool_calls", "length"])
@pytest.mark.parametrize("arguments", TEXTS)
def test_gateway_and_imports_agree_on_arguments(arguments: str, finish: str) -> None:
    tool = {"name": "find", "parameters": SCHEMA}
    call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": arguments}}
    meant = None if finish == "length" else TEXTS[arguments]
    asked = {"tools": [{"type": "function", "function": tool}]}
    assert in_the_gateway({"content": None, "tool_calls": [call]}, finish, **asked) is meant
    read = Answer(None, (ToolCall("find", arguments),), finish)
    assert in_an_import(read, tools=[tool]) is meant
