"""What a provider answered, however it is cut into chunks, and whatever nonsense it holds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierwise.agents.protocols.canonical import Finish, Message, Text, ToolCall
from tierwise.agents.protocols.chat.answer import Draft, read_answer
from tierwise.agents.protocols.chat.usage import usage_of
from tierwise.data.replies.usage import Usage, read_usage

KEYS = st.sampled_from(["choices", "index", "message", "delta", "content", "tool_calls", "function", "usage", "model"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def chunk(delta: dict[str, Any], index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, **fields}]}


def test_chunks_are_put_together() -> None:
    draft = Draft()
    draft.add(chunk({"role": "assistant", "content": ""}))
    draft.add(chunk({"content": "Hel"}))
    draft.add(chunk({"content": "other"}, index=1))
    draft.add(chunk({"content": "lo"}))
    assert not draft.is_finished
    draft.add(chunk({}, finish_reason="stop"))
    assert not draft.is_finished
    draft.add(chunk({}, index=1, finish_reason="length"))
    draft.add({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}, "model": "m-1"})
    reply = draft.completion()
    assert draft.is_finished
    assert reply.messages == (
        Message((Text("Hello"),), Finish.STOP, "stop"),
        Message((Text("other"),), Finish.LENGTH, "length"),
    )
    assert (reply.usage, reply.model) == (Usage(3, 2), "m-1")


def test_tool_calls_are_put_together_by_their_index() -> None:
    draft = Draft()
    for index, name in ((0, "first"), (1, "second")):
        draft.add(chunk({"tool_calls": [{"index": index, "function": {"name": name, "arguments": ""}}]}))
    for index, part in ((1, '{"b"'), (0, '{"a":'), (1, ":2}"), (0, "1}")):
        draft.add(chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]}))
    (message,) = draft.completion().messages
    assert message.tool_calls == (ToolCall("first", '{"a":1}'), ToolCall("second", '{"b":2}'))


def test_arguments_that_are_an_object_become_their_text() -> None:
    calls = [{"function": {"name": "f", "arguments": {"a": 1}}}]
    reply = read_answer({"choices": [{"message": {"content": None, "tool_calls": calls}}]})
    assert reply.messages[0].tool_calls == (ToolCall("f", '{"a": 1}'),)


@given(JSON, JSON)
def test_whatever_a_provider_sends_becomes_a_reply(first: Any, second: Any) -> None:
    draft = Draft()
    for each in (first, second):
        for part in ("delta", "message"):
            draft.add({"choices": [{"index": each, part: each}], "usage": each, "model": each}, part)
            if isinstance(each, dict):
                draft.add(each, part)
    assert all(isinstance(message.content, str) for message in draft.completion().messages)


COUNTS = st.integers(-1, 50) | st.none()


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": COUNTS, "completion_tokens": COUNTS, "total_tokens": st.integers(0, 60)},
        optional={
            "prompt_tokens_details": st.none() | st.fixed_dictionaries({"cached_tokens": COUNTS}),
            "completion_tokens_details": st.just({"reasoning_tokens": 3}),
            "cost": st.just(0.1),
        },
    ),
    st.sampled_from([None, "default", "flex"]),
)
def test_the_quick_way_reads_usage_as_the_thorough_one(usage: dict[str, Any], tier: str | None) -> None:
    for total in (usage["total_tokens"], (usage["prompt_tokens"] or 0) + (usage["completion_tokens"] or 0)):
        chunk = {"usage": {**usage, "total_tokens": total}, "service_tier": tier}
        assert usage_of(chunk) == read_usage(chunk)
