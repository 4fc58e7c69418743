"""What holds for every answer: keys are an equivalence, stable, storable, quick, and reading one never raises."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pace import processor_time_below
from tierwise.data.answers import Question, answer_key, parse_key, same_answer
from tierwise.data.records import Message, Step, Tool, ToolCall

WEATHER = Tool(
    "get_weather",
    "",
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}}},
)
STEPS = (
    Step("How many are left?", task_type="reason"),
    Step("Pick one.\nA) x\nB) y\nC) z\nAnswer:", task_type="answer"),
    Step("Weather?", tools=(WEATHER, Tool("other")), task_type="tool_call"),
    Step(
        "Extract.", response_schema={"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "array"}}}
    ),
    Step("Write a function.", task_type="code"),
    Step("assert f(1) == ??", task_type="reason"),
    Step("Classify as one of: good, bad, so so.", task_type="classify"),
    Step("Rename it.", task_type="format"),
    Step("", messages=(Message("user", "hello"),), extra={"compare": ["a", "b.c"]}),
)
PIECES = (
    '{"name": "get_weather", "arguments": {"city": "Rome"}}',
    "get_weather(city='Rome', days=2)",
    "<tool_call>",
    "</tool_call>",
    "```json\n",
    "```",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    '"',
    "'",
    "\\",
    ",",
    ":",
    "=",
    "==",
    "A",
    "B)",
    "42",
    "1e999999",
    "$",
    "%",
    "-",
    "1/0",
    "9" * 5000,
    "\\boxed{",
    "####",
    "Answer: ",
    "def f(x):\n    return x",
    "select a from b",
    "\n",
    "\n\n",
    " ",
    "\t",
    "\x00",
    "\ud800",
    "\u3000",
    "\u0130",
    "\U0001f600",
    "true",
    "None",
    "null",
    "NaN",
    "Infinity",
    "2026-02-30",
    "12:00 pm",
    "good",
    "not",
    "The label is ",
    "<answer>",
    "</think>",
    "[TOOL_CALLS]",
    "Action: x\nAction Input: ",
    "['",
    "']",
    "'''",
    '"""',
    "#",
    "\\u12",
    "['a', ",
    "lambda: (",
    "0x",
    "\\d",
    "f'{",
    "[[[[[[[[[[[[" * 20,
    "{'a':" * 60,
)
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


@given(st.sampled_from(STEPS), TEXTS)
def test_an_answer_is_the_same_as_itself_and_its_key_is_stable_and_survives_the_log(step: Step, text: str) -> None:
    key = Question(step).key(text)
    assert key == answer_key(step, text)
    assert same_answer(key, key) is (True if key else None)
    if key:
        assert parse_key(key.text) == key
        assert key.text.encode().decode() == key.text
        assert "\x00" not in key.text
        assert len(key.text) < 500


@given(st.sampled_from(STEPS), TEXTS, TEXTS, TEXTS)
def test_equality_is_symmetric_and_transitive(step: Step, one: str, two: str, three: str) -> None:
    a, b, c = (Question(step).key(text) for text in (one, two, three))
    assert same_answer(a, b) == same_answer(b, a)
    if same_answer(a, b) and same_answer(b, c):
        assert same_answer(a, c)


@given(st.sampled_from(STEPS), TEXTS)
def test_spaces_around_an_answer_say_nothing(step: Step, text: str) -> None:
    assert answer_key(step, f" \n{text.strip()}\n ") == answer_key(step, text.strip())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_arguments_and_any_schema_are_read(value: object) -> None:
    arguments = value if isinstance(value, dict) else {"city": value}
    schema = value if isinstance(value, dict) else {"properties": {"city": value}, "required": value}
    calls = (ToolCall("get_weather", arguments),)
    step = Step("x", tools=(Tool("get_weather", "", schema),))
    assert Question(step).key(None, calls) == Question(step).key(None, tuple(calls))
    Question(Step("x", response_schema=schema)).key('{"city": [1, "2"]}')


def fuzzed(n_answers: int, seed: int) -> None:
    rng = random.Random(seed)
    questions = [Question(step) for step in STEPS]
    for _ in range(n_answers):
        text = "".join(rng.choices(PIECES, k=rng.randint(1, 12)))
        rng.choice(questions).key(text)


def test_no_answer_raises() -> None:
    fuzzed(1_000, seed=1)


@pytest.mark.slow
def test_no_answer_of_many_raises() -> None:
    fuzzed(20_000, seed=2)


LONG = {
    "prose": "word and word. " * 70_000,
    "thoughts that do not end": "<think>" * 150_000,
    "fences": "```json\n" * 125_000,
    "brackets": "[" * 1_000_000,
    "open calls": "get_weather(" * 83_000,
    "answers": "the answer is " * 71_000,
    "quotes": "\"'" * 500_000,
    "digits": "9" * 1_000_000,
    "spaces": " " * 999_999 + "x",
    "tags": "<tool_call>" * 90_000,
    "numbers": "1,234,567 " * 100_000,
    "escapes": "\\" * 1_000_000,
    "json": '{"a": [' + "1, " * 330_000 + "1]}",
}


@pytest.mark.parametrize("shape", LONG)
def test_a_megabyte_takes_no_longer_than_reading_it_a_few_times(shape: str) -> None:
    """20 ms are asked for; the bound here leaves room for a slow machine, and a quadratic pattern takes minutes."""
    for step in STEPS:
        with processor_time_below(0.3):
            answer_key(step, LONG[shape])


@pytest.mark.parametrize("shape", LONG)
def test_the_longest_answers_that_are_read_whole_are_read_in_linear_time(shape: str) -> None:
    for step in STEPS:
        with processor_time_below(2):
            answer_key(step, LONG[shape][:59_000])


@pytest.mark.parametrize(
    "text", ["```" * 8_000 + "a.b" * 8_000, "```" * 8_000 + "  " * 12_000, "```" + "\t" * 25_000 + "a" * 25_000]
)
def test_fences_that_never_open_take_no_time(text: str) -> None:
    """The square of the length was taken once: nine seconds for 48,000 characters."""
    with processor_time_below(0.5):
        Question(Step("How many?", tools=(Tool("f", "", {}),))).key(text)


def test_calls_beyond_reading_have_no_key_and_take_no_time() -> None:
    question = Question(Step("Book it", tools=(Tool("book", "", {"properties": {"n": {"type": "integer"}}}),)))
    many = [ToolCall("book", '{"n": 7}')] * 50_000
    huge = [ToolCall("book", {"n": list(range(400_000))})]
    with processor_time_below(2.0):
        assert question.key(None, many) is None
        assert question.key(None, huge) is None
        assert question.calls(None, many) == []
    assert question.key(None, many[:100]) is not None
