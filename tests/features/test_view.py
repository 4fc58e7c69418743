"""One view of a step, whatever its form; what only a conversation has stands beside it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.parsing import parse_step
from tierwise.data.records import Message, Step
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.structural import FORM_NAMES
from tierwise.features.view import WINDOW_CHARS, StepView, view_of, work_text

TEXT = "Extract the total.\n\nReply with JSON.\n\nInvoice 7: 12.50 EUR,\n  due tomorrow"
READ = "Extract the total\nReply with JSON\nInvoice 7: 12.50 EUR,\ndue tomorrow"
NEUTRAL = {"role": "system", "content": "You are a helpful assistant. Be concise."}
ASKED, FOUND = TEXT.split("\n\n", 1)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


SAME: dict[str, list[dict[str, Any]]] = {
    "a user message": [user(TEXT)],
    "content parts": [user([{"type": "text", "text": ASKED}, {"type": "text", "text": FOUND}])],
    "a system prompt": [NEUTRAL, user(TEXT)],
    "a developer prompt": [NEUTRAL | {"role": "developer"}, user(TEXT)],
    "a system message alone": [{"role": "system", "content": TEXT}],
    "a neutral prompt within the text": [user(f"{NEUTRAL['content']}\n{TEXT}")],
    "another script's blanks": [user(TEXT.replace(" ", "\u00a0").replace("\n", "\r\n"))],
}


def view(messages: list[dict[str, Any]]) -> StepView:
    return view_of(parse_step({"messages": messages}))


@pytest.mark.parametrize("messages", SAME.values(), ids=SAME)
def test_forms_that_say_the_same_have_the_same_view(messages: list[dict[str, Any]]) -> None:
    assert view(messages) == view_of(Step(text=TEXT)) == StepView(READ, len(READ), None, 1, 0, 0, None, 1.0)


def test_instructions_in_the_system_prompt_read_like_a_text_that_begins_with_them() -> None:
    found = view([{"role": "system", "content": ASKED}, user(FOUND)])
    assert (found.text, found.n_chars, found.n_system_chars) == (READ, len(READ), len(ASKED))


def test_a_tool_result_is_part_of_the_text_and_counts_as_a_turn() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "read"}}]}
    found = view([user(ASKED), call, {"role": "tool", "content": FOUND, "tool_call_id": "1"}])
    assert found.text == READ
    assert (found.n_turns, found.n_assistant_turns, found.n_tool_turns) == (3, 1, 1)
    assert found.n_last_chars == len(FOUND)
    assert found.last_share == len(FOUND) / (len(ASKED) + len(FOUND))


def test_what_a_system_prompt_says_is_read() -> None:
    said = {"role": "system", "content": "Translate into French. Be concise."}
    assert view([said, user(TEXT)]).text == f"{said['content'].removesuffix('.')}\n{READ}"
    assert view([NEUTRAL, said, user(TEXT)]).n_system_chars == len(said["content"])


def test_where_only_neutral_words_stand_they_are_read() -> None:
    assert view([NEUTRAL]).text == "Be concise"
    assert view([NEUTRAL, user("")]).text == "Be concise"
    assert view_of(Step()).text == ""


def test_a_given_text_stands_for_the_messages_beside_it() -> None:
    step = Step(text=TEXT, messages=(Message("user", "something else"), Message("assistant", "no")))
    assert view_of(step).text == READ
    assert view_of(step).n_assistant_turns == 1


def test_a_text_below_a_system_prompt_reads_like_a_user_message_below_it() -> None:
    said = {"role": "system", "content": "Translate into French."}
    given = view_of(parse_step({"text": TEXT, "messages": [said]}))
    assert given == view([said, user(TEXT)])
    assert given.text == f"{said['content'].removesuffix('.')}\n{READ}"


@given(st.integers(1, 40), st.integers(0, 3_000))
def test_a_long_conversation_reads_like_its_joined_text(n_messages: int, n_chars: int) -> None:
    contents = [f"{number} " * (n_chars // 3) + "end" for number in range(n_messages)]
    joined = view_of(Step(text="\n".join(contents)))
    found = view_of(Step(messages=tuple(Message("user", content) for content in contents)))
    assert (found.text, found.n_chars) == (joined.text, joined.n_chars)
    assert len(found.text) <= 2 * WINDOW_CHARS + 1


def test_of_a_long_text_both_ends_are_read_and_the_length_is_estimated() -> None:
    text = "begin " + "x  y\n\n" * 20_000 + " end"
    found = view_of(Step(text=text))
    assert found.text.startswith("begin x y\nx y")
    assert found.text.endswith("x y\nend")
    assert found.n_chars == pytest.approx(4 * 20_000, rel=0.01)


def test_the_work_keeps_its_own_blanks_and_loses_neutral_prompts() -> None:
    assert work_text(parse_step({"messages": [NEUTRAL, user(TEXT)]})) == TEXT
    assert work_text(Step(text=TEXT)) == TEXT


@pytest.mark.parametrize("messages", SAME.values(), ids=SAME)
def test_vectors_of_forms_that_say_the_same_are_equal(messages: list[dict[str, Any]]) -> None:
    pipeline = FeaturePipeline.fit([], load_encoder())
    vectors = pipeline.transform([Step(text=TEXT), parse_step({"messages": messages})])
    assert (vectors[0] == vectors[1]).all()


def test_a_conversation_differs_from_its_text_in_the_columns_of_form_alone() -> None:
    pipeline = FeaturePipeline.fit([], load_encoder())
    turns = parse_step({"messages": [user(ASKED), {"role": "tool", "content": FOUND}]})
    vectors = pipeline.transform([Step(text=TEXT), turns])
    differ = {name for name, a, b in zip(pipeline.schema.names, *vectors, strict=True) if a != b}
    assert differ == {"log_turns", "log_tool_turns", "log_last_turn_chars", "last_turn_share"}
    assert differ <= set(FORM_NAMES)
