"""Each kind of answer, in the forms that models give it: what is the same, and what is not."""

import pytest

from tierwise.data.answers import AnswerKey, Question, answer_key, digest_key, parse_key, same_answer
from tierwise.data.records import Message, Step, Tool, ToolCall

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "description": "How many. Default is 3."},
        "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
        "with_wind": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["rain", "snow"]}},
    },
    "required": ["city"],
}
WEATHER = Step("What is the weather?", tools=(Tool("weather.get", "", SCHEMA), Tool("stop")), task_type="tool_call")
SUM = Step("How many dollars does she make every day?", task_type="reason")
CHOICE = Step("What is the capital?\n(A) Rome (B) Paris (C) Bonn\nAnswer:", task_type="answer")
CLASSES = Step("Classify the sentiment as positive, negative or neutral.", task_type="classify")
INVOICE = Step(
    "Extract.",
    response_schema={
        "properties": {"amount": {"type": "number"}, "reason": {"type": "string"}, "date": {"type": "string"}}
    },
)
CODE = Step("Write a function that adds.", task_type="code")
QUERY = Step("Write the SQL.", task_type="query")
VALUE = Step("Complete the assertion.\nassert f(17) == ??", task_type="reason")
DATE = Step("When was it signed?", task_type="extract")
FORM = Step("Give the first word.", task_type="format")

SAME = {
    "calls": (
        WEATHER,
        [
            '<tool_call>\n{"name": "weather_get", "arguments": {"city": "Paris"}}\n</tool_call>',
            '{"tool": "weather.get", "args": {"city": "paris", "days": "3"}}',
            "[weather.get(city='Paris', days=3.0)]",
            "[weather.get(city=Paris)]",
            'weather.get("Paris")',
            '```json\n[{"name": "weather.get", "parameters": {"unit": "c", "city": " Paris "}}]\n```',
            '<function=weather.get>{"city": "Paris"}</function>',
            '[TOOL_CALLS][{"name": "weather.get", "arguments": {"city": "Paris"}}]',
            'Action: weather.get\nAction Input: {"city": "Paris"}',
            'Sure, I will call it:\n[weather.get(city="Paris")]',
            '{"tool_calls": [{"function": {"name": "weather.get", "arguments": "{\\"city\\": \\"Paris\\"}"}}]}',
            '<think>Paris, then.</think>\n{"name": "weather.get", "arguments": {"city": "Paris", "with_wind": null}}',
        ],
    ),
    "no call": (
        WEATHER,
        ["[]", "None", "None of the provided functions can do that.", "I would need to know the city."],
    ),
    "no call of a tool without a name": (
        Step("Do it.", tools=(Tool(""), Tool("stop")), task_type="tool_call"),
        ["None", "...", "``"],
    ),
    "numbers": (
        SUM,
        [
            "18",
            "18.0",
            "$18",
            "18 dollars",
            "**18**",
            "9 * 2 = 18\n#### 18",
            "So the answer is $18.",
            "\\boxed{18}",
            "She sells 9 eggs.\nTherefore she makes $18 every day.",
            "The final answer is: $\\boxed{18}$",
            "**Answer:** 18.",
        ],
    ),
    "choices": (
        CHOICE,
        [
            "B",
            "b",
            "(B)",
            "B) Paris",
            "Paris",
            "The answer is (B) Paris.",
            "**B**",
            "Option B",
            "Rome is in Italy. So the correct answer is B: Paris",
            "Answer: B\n\nParis is the capital.",
        ],
    ),
    "labels": (
        CLASSES,
        ["positive", "Positive.", "**positive**", "Label: positive", "The sentiment is positive.", '"positive"'],
    ),
    "yes": (Step("Is it blue? Answer yes or no."), ["yes", "Yes.", "Yes, it is blue.", "Answer: yes"]),
    "json": (
        INVOICE,
        [
            '{"amount": 12.5, "date": "2026-01-02"}',
            '{"date": "January 2, 2026", "reason": "it says so", "amount": "12.50"}',
            'Here is the JSON:\n```json\n{"amount": 12.5, "date": "2026-01-02"}\n```\nAnything else?',
            '{"amount": 12.5, "date": "2026-01-02",}',
        ],
    ),
    "python": (
        CODE,
        [
            "def add(a, b):\n    return a + b",
            "Sure!\n```python\ndef add(a: int, b) -> int:\n    '''+.'''\n    return a+b  # sum\n\nadd(1, 2)\n```",
        ],
    ),
    "code of a step that has no task": (
        Step("Write a Python function that adds."),
        [
            "```python\ndef add(a, b):\n    return a + b\n```",
            "Sure!\n```\ndef add(a, b):\n    return a+b  # sum\n```\nIs that it?",
        ],
    ),
    "sql": (QUERY, ["SELECT a FROM b WHERE c <> 'X';", "```sql\nselect a\nfrom b where c != 'X'\n```"]),
    "values of code": (
        VALUE,
        ['["a"]', "assert f(17) == ['a']", "[ANSWER]\nassert f(17) == ['a']\n[/ANSWER]", "['a']\n[/ANSWER]"],
    ),
    "dates": (DATE, ["2012-07-04", "July 4, 2012", "4th of July 2012", "Answer: 4 Jul 2012"]),
}


@pytest.mark.parametrize("kind", SAME)
def test_forms_of_one_answer_have_one_key(kind: str) -> None:
    step, answers = SAME[kind]
    keys = {answer: answer_key(step, answer) for answer in answers}
    assert None not in keys.values()
    assert len(set(keys.values())) == 1, keys


UNLIKE = {
    "another value": (WEATHER, "[weather.get(city='Paris')]", "[weather.get(city='Rome')]"),
    "a default that is not one": (WEATHER, "[weather.get(city='Paris')]", "[weather.get(city='Paris', days=4)]"),
    "one call and two": (WEATHER, "[weather.get('Paris')]", "[weather.get('Paris'), weather.get('Paris')]"),
    "another tool": (WEATHER, "[weather.get(city='Paris')]", "[stop(city='Paris')]"),
    "a call and none": (WEATHER, "[stop()]", "[]"),
    "another number": (SUM, "18", "18.5"),
    "a sign": (SUM, "$5", "-$5"),
    "units that the question leaves open": (Step("How far, in km or miles?"), "5 km", "5 miles"),
    "another letter": (CHOICE, "A", "B"),
    "a label and its opposite": (CLASSES, "positive", "not positive but negative"),
    "text and number in code": (VALUE, "'17'", "17"),
    "another case where the form is the task": (FORM, "Table", "table"),
    "another name of a function": (CODE, "def add(a, b):\n    return a + b", "def plus(a, b):\n    return a + b"),
    "another string in SQL": (QUERY, "select a where c = 'X'", "select a where c = 'x'"),
    "another amount": (INVOICE, '{"amount": 12.5}', '{"amount": 125}'),
    "a date in the form that was asked for": (Step("The date as YYYY-MM-DD?"), "2012-07-04", "July 4, 2012"),
}


@pytest.mark.parametrize("difference", UNLIKE)
def test_unlike_answers_have_unlike_keys(difference: str) -> None:
    step, one, other = UNLIKE[difference]
    assert same_answer(answer_key(step, one), answer_key(step, other)) is False


PROSE = "It depends on many things, and nobody can tell for sure what will come of it in the end. " * 5
NO_KEY = {
    "prose": (Step("Tell me a story."), PROSE),
    "nothing": (SUM, "  "),
    "a call that its own notation cannot read": (
        WEATHER,
        '<tool_call>{"name": "weather.get", "arguments": {"with_wind": True}}',
    ),
    "a call that breaks off": (WEATHER, "[weather.get(city='Par"),
    "only prose in the fields": (INVOICE, '{"reason": "because"}'),
    "a long text in a field": (INVOICE, '{"amount": 1, "reply": "' + PROSE + '"}'),
    "no JSON where a schema asks for it": (INVOICE, "twelve and a half"),
    "calls are not compared by wish": (Step("x", extra={"compare": "none"}), "42"),
}


@pytest.mark.parametrize("case", NO_KEY)
def test_what_cannot_be_compared_has_no_key(case: str) -> None:
    step, answer = NO_KEY[case]
    assert answer_key(step, answer) is None


def test_calls_that_come_as_such_are_the_same_as_in_text_and_their_order_does_not_count() -> None:
    calls = (ToolCall("weather.get", '{"city": "Paris"}'), ToolCall("stop", {}))
    written = "[stop(), weather.get(city='Paris', tags=[])]"
    assert Question(WEATHER).key(None, calls) == Question(WEATHER).key(written)
    assert Question(WEATHER).key(None, ()) == Question(WEATHER).key("[]")
    assert Question(WEATHER).key(None, (ToolCall("stop", "{broken"),)) is None
    assert Question(WEATHER).key(None, None) is None


def test_a_log_that_keeps_texts_as_lists_of_one_is_read_through_them() -> None:
    listed = Step("['What is it?\\nA) x\\nB) y\\nAnswer:']")
    assert answer_key(listed, "['B\\n']") == answer_key(listed, "['B) y']") == answer_key(listed, "B")
    assert answer_key(VALUE, "['B']") != answer_key(VALUE, "'B'")


def test_a_choice_of_several_out_of_a_list_has_no_order() -> None:
    one, other = (f"weather.get(city='x', tags={tags})" for tags in (["rain", "snow"], ["snow", "rain"]))
    assert answer_key(WEATHER, one) == answer_key(WEATHER, other)


def test_the_answer_after_the_results_of_tools_is_read_as_text() -> None:
    step = Step(
        tools=WEATHER.tools, task_type="tool_call", messages=(Message("user", "Weather?"), Message("tool", "18"))
    )
    assert answer_key(step, "It is 18 degrees.").text == "text/32.0/it is 18 degrees"


def test_the_fields_that_count_can_be_named() -> None:
    step = Step("x", extra={"compare": ["a", "b.c"]})
    assert answer_key(step, '{"a": 1, "b": {"c": 2, "d": 3}, "e": 4}') == answer_key(
        step, '{"b": {"c": "2"}, "a": 1.0}'
    )
    assert answer_key(step, '{"a": 1}') != answer_key(step, '{"a": 2}')


@pytest.mark.parametrize(
    ("step", "answer", "bits"),
    [
        (CHOICE, "B", 1.6),
        (CLASSES, "neutral", 1.6),
        (WEATHER, "[]", 1.0),
        (WEATHER, "stop()", 1.6),
        (SUM, "18", 10.0),
        (WEATHER, "weather.get(city='Paris', unit='f')", 12.6),
        (Step("Capital?"), "Paris", 8.0),
    ],
)
def test_a_key_knows_how_many_answers_were_possible(step: Step, answer: str, bits: float) -> None:
    key = answer_key(step, answer)
    assert key is not None
    assert key.bits == bits
    assert key.is_open is (bits >= 3)


def test_a_digest_agrees_like_the_key_within_the_step_and_tells_nothing_beyond_it() -> None:
    yes, no = AnswerKey("label", 1.0, "yes"), AnswerKey("label", 1.0, "no")
    digest = digest_key(yes, b"secret", "s-1")
    assert same_answer(digest, digest_key(yes, b"secret", "s-1")) is True
    assert same_answer(digest, digest_key(no, b"secret", "s-1")) is False
    assert same_answer(digest, yes) is None
    assert same_answer(digest, digest_key(yes, b"other", "s-1")) is None
    assert digest.body != digest_key(yes, b"secret", "s-2").body
    assert "yes" not in digest.text
    assert parse_key(digest.text) == digest == digest_key(digest, b"secret", "s-1")


def test_a_key_of_the_callers_own_is_compared_as_it_stands() -> None:
    assert same_answer(parse_key("my-key-1"), parse_key("my-key-1")) is True
    assert parse_key("my-key-1").text == "my-key-1"
    assert not parse_key("my-key-1").is_open
