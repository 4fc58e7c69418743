"""Whole answers in every provider's shape."""

from typing import Any

import pytest

from tierwise.data.replies import Answer, ToolCall, read_answer

SHAPES: list[Any] = [
    {"choices": [{"message": {"role": "assistant", "content": "40"}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": [{"type": "text", "text": "40"}]}, "finish_reason": "stop"}]},
    {"choices": [{"text": "40", "finish_reason": "stop"}]},
    {"status": "completed", "output": [{"type": "reasoning", "summary": []},
                                       {"type": "message", "content": [{"type": "output_text", "text": "40"}]}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "40"}],
     "stop_reason": "end_turn"},
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "40"}]},
                     "finishReason": "STOP"}]},
    {"output": {"message": {"role": "assistant", "content": [{"text": "40"}]}}, "stopReason": "end_turn"},
    {"model": "m", "message": {"role": "assistant", "content": "40"}, "done_reason": "stop"},
    {"generations": [[{"text": "40", "generation_info": {"finish_reason": "stop"}}]]},
    [{"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "40"}],
      "finish_reason": "stop"}],
    '{"choices": [{"message": {"content": "40"}, "finish_reason": "stop"}]}',
]  # fmt: skip


@pytest.mark.parametrize("raw", SHAPES)
def test_the_answer_is_the_same_in_every_shape(raw: Any) -> None:
    assert read_answer(raw) == Answer("40", (), "stop")


@pytest.mark.parametrize(
    "raw",
    [
        {"choices": [{"message": {"content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]}}]},
        {"output": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a": 1}'}]},
        {"content": [{"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}], "role": "assistant"},
        {"candidates": [{"content": {"parts": [{"functionCall": {"id": "c", "name": "f", "args": {"a": 1}}}]}}]},
        {"output": {"message": {"content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}]}}},
        {"kwargs": {"content": "", "tool_calls": [{"id": "c", "name": "f", "args": {"a": 1}}]}, "type": "constructor"},
    ],
)  # fmt: skip
def test_tool_calls_are_the_same_in_every_shape(raw: Any) -> None:
    answer = read_answer(raw)
    assert answer is not None
    assert (answer.text, answer.tool_calls) == (None, (ToolCall("f", '{"a": 1}', "c"),))


@pytest.mark.parametrize(
    "raw",
    [
        {"choices": [{"message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]},
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}]},
        {"content": [], "role": "assistant", "stop_reason": "refusal"},
        {"candidates": [{"finishReason": "SAFETY"}]},
    ],
)
def test_a_refusal_is_known_in_every_shape(raw: Any) -> None:
    answer = read_answer(raw)
    assert answer is not None
    assert answer.is_refusal


@pytest.mark.parametrize("raw", [None, 5, {}, [], {"choices": []}, {"usage": {}}])
def test_what_holds_no_answer_has_none(raw: Any) -> None:
    assert read_answer(raw) is None


def test_a_tool_that_takes_nothing_gets_an_empty_object() -> None:
    answer = read_answer({"tool_calls": [{"function": {"name": "f", "arguments": ""}}, {"name": "g"}]})
    assert answer is not None
    assert answer.tool_calls == (ToolCall("f", "{}"), ToolCall("g", "{}"))
