"""Neutral sentences say who is asked and to answer well; whatever says more is information."""

import pytest

from tierwise.features.neutral import MAX_READ_CHARS, is_neutral, says_something, without_neutral_lead

NEUTRAL = (
    "You are a helpful assistant.",
    "You are a helpful, harmless, and honest AI assistant.",
    "You are ChatGPT, a large language model trained by OpenAI.",
    "Knowledge cutoff: 2023-10",
    "Current date: Monday, 30 November 2026",
    "Answer the user's question as best you can.",
    "You are an expert Python programmer.",
    "Always follow the user's instructions carefully.",
    "Eres un asistente útil.",
    "Du bist ein hilfreicher Assistent.",
    "あなたは親切なアシスタントです。",
    "你是一个有用的助手。",
)
INFORMATIVE = (
    "Respond in JSON.",
    "Answer only yes or no.",
    "Reply with only the number.",
    "You must not use any tools.",
    "Translate the user's message into French.",
    "You are a translator that rewrites everything the user says as a French sonnet.",
    "Extract the total and the due date.",
    "你是一个翻译，请把用户的所有问题翻译成法语并且不要回答它们。",
    "SELECT customer_id FROM invoices;",
    "",
    "42",
)


@pytest.mark.parametrize("sentence", NEUTRAL)
def test_what_leaves_the_work_as_it_is_is_neutral(sentence: str) -> None:
    assert is_neutral(sentence)
    assert not says_something(f"{sentence}\n{NEUTRAL[0]} {sentence}")


@pytest.mark.parametrize("sentence", INFORMATIVE)
def test_what_says_more_is_not(sentence: str) -> None:
    assert not is_neutral(sentence)


@pytest.mark.parametrize("sentence", INFORMATIVE[:7])
def test_one_sentence_that_says_something_is_enough(sentence: str) -> None:
    assert says_something(f"{NEUTRAL[0]} {NEUTRAL[5]}\n{sentence} {NEUTRAL[0]}")


def test_a_very_long_prompt_is_taken_to_say_something() -> None:
    repeated = f"{NEUTRAL[0]} " * 400
    assert not says_something(repeated[: MAX_READ_CHARS - 1])
    assert says_something(repeated)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("You are a helpful assistant.\nExtract the total.", "Extract the total."),
        ("You are a helpful assistant. Be concise. Extract it. Be concise.", "Extract it. Be concise."),
        ("Extract the total. You are a helpful assistant.", "Extract the total. You are a helpful assistant."),
        ("You are a helpful assistant.", "You are a helpful assistant."),
        ("You are a helpful assistant. Be concise.", "Be concise."),
        ("", ""),
    ],
)
def test_only_what_leads_is_left_out_and_never_everything(text: str, rest: str) -> None:
    assert without_neutral_lead(text) == rest
