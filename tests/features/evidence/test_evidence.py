"""Evidence of answers: what is known is told, what is not is missing, and outcomes are never looked at."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.answers import Question, digest_key
from tierwise.data.records import Attempt, Logprobs, Step, Tool, ToolCall
from tierwise.features.evidence import EVIDENCE_NAMES, Answer, answers_of, evidence_rows
from tierwise.features.evidence.vector import KEY_KINDS

STEP = Step("Classify as one of: good, bad. The soup was cold.", task_type="classify")
SCHEMA = {
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["c", "f"]}},
    "required": ["city"],
}
WEATHER = Step("Weather in Rome?", tools=(Tool("get_weather", "", SCHEMA),), task_type="tool_call")


def row_of(step: Step, *answers: Answer, place: int = 0) -> dict[str, float]:
    return dict(zip(EVIDENCE_NAMES, evidence_rows(step, answers)[place].tolist(), strict=True))


def known(row: dict[str, float]) -> set[str]:
    return {name for name, value in row.items() if not math.isnan(value)}


def test_of_an_answer_of_which_nothing_is_known_everything_is_missing() -> None:
    assert known(row_of(STEP, Answer("small"))) == set()


def test_an_answer_alone_has_no_evidence_of_others() -> None:
    row = row_of(STEP, Answer("small", "bad"))
    assert not {name for name in known(row) if name.startswith(("other", "votes", "logprob"))}
    assert (row["has_key"], row["bits"], KEY_KINDS[int(row["kind"])]) == (1.0, 1.0, "label")
    assert row["grounding"] == 1.0


def test_log_probabilities_are_evidence_by_themselves() -> None:
    row = row_of(STEP, Answer("small", logprobs=Logprobs(-0.5, -2.0, 4)))
    assert known(row) == {"logprob_mean", "logprob_min", "logprob_tokens"}
    assert (row["logprob_mean"], row["logprob_min"]) == (-0.5, -2.0)


@pytest.mark.parametrize(
    ("other", "same", "compared"), [("Bad.", 1.0, 1.0), ("good", 0.0, 1.0), ("a long story " * 50, math.nan, 0.0)]
)
def test_agreement_is_equality_of_keys(other: str, same: float, compared: float) -> None:
    row = row_of(STEP, Answer("small", "bad"), Answer("mid", other))
    assert row["others_same"] == pytest.approx(same, nan_ok=True)
    assert row["others_compared"] == compared


def test_agreement_needs_no_answer_where_there_is_a_digest() -> None:
    keys = [digest_key(Question(STEP).key(text), b"s", "1").text for text in ("bad", "Bad.", "good")]  # type: ignore[arg-type]
    answers = [
        Answer("small", answer_key=keys[0]),
        Answer("mid", answer_key=keys[1]),
        Answer("big", answer_key=keys[2]),
    ]
    assert row_of(STEP, *answers)["others_same"] == 0.5
    assert row_of(STEP, *answers)["bits"] == 1.0


def test_answers_of_one_model_are_votes_and_not_others() -> None:
    row = row_of(STEP, Answer("small", "bad"), Answer("small", "bad"), Answer("small", "good"))
    assert (row["votes"], row["votes_same"]) == (2.0, 0.5)
    assert math.isnan(row["others_compared"])


def test_the_dearest_other_shows_its_own_evidence() -> None:
    row = row_of(STEP, Answer("small", "bad"), Answer("mid", "good", logprobs=Logprobs(-1, -3, 2)))
    assert (row["other_logprob_mean"], row["other_has_key"]) == (-1.0, 1.0)


CALL = '{"name": "get_weather", "arguments": %s}'


@pytest.mark.parametrize(
    ("arguments", "validity"),
    [('{"city": "Rome"}', 1.0), ('{"city": "Rome", "days": 2}', 1.0), ('{"days": 2}', 0.0), ('{"city": 1}', 0.0),
     ('{"city": "Rome", "wind": 1}', 0.0), ('{"city": "Rome", "unit": "k"}', 0.0)],
)  # fmt: skip
def test_calls_are_held_against_their_schema(arguments: str, validity: float) -> None:
    assert row_of(WEATHER, Answer("small", CALL % arguments))["validity"] == validity
    calls = (ToolCall("get_weather", arguments),)
    assert row_of(WEATHER, Answer("small", tool_calls=calls))["validity"] == validity


def test_a_schema_is_only_held_against_what_can_be_held() -> None:
    assert math.isnan(row_of(WEATHER, Answer("small", "[]"))["validity"])
    assert math.isnan(row_of(STEP, Answer("small", "bad"))["validity"])
    wanted = Step("x", response_schema=SCHEMA)
    assert row_of(wanted, Answer("small", '```json\n{"city": "Rome"}\n```'))["validity"] == 1.0
    assert row_of(wanted, Answer("small", "Rome"))["validity"] == 0.0


@pytest.mark.parametrize(
    ("answer", "truncated"),
    [(Answer("s", "x", finish_reason="length"), 1.0), (Answer("s", "{", finish_reason="stop"), 0.0),
     (Answer("s", '{"a": [1'), 1.0), (Answer("s", "```json\n{}"), 1.0), (Answer("s", "done"), 0.0)],
)  # fmt: skip
def test_an_answer_that_breaks_off_is_seen(answer: Answer, truncated: float) -> None:
    assert row_of(STEP, answer)["truncation"] == truncated


def test_a_refusal_and_a_repetition_are_seen() -> None:
    assert row_of(STEP, Answer("s", "I'm sorry, I cannot help."))["refusal"] == 1.0
    assert row_of(STEP, Answer("s", "It is bad."))["refusal"] == 0.0
    assert row_of(STEP, Answer("s", "no no no no no no no"))["repetition"] == pytest.approx(0.8)


OUTCOMES: list[dict[str, Any]] = [{"success": True}, {"success": False, "score": 0.1, "error": "e", "evaluator": "v"}]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_outcomes_change_nothing(outcome: dict[str, Any]) -> None:
    attempts = (Attempt("mid", output="bad", **outcome), Attempt("small", output="bad"), Attempt("top", output="bad"))
    answers = answers_of(attempts, ("small", "mid"))
    assert [answer.tier for answer in answers] == ["small", "mid"]
    plain = [Answer("small", "bad"), Answer("mid", "bad")]
    np.testing.assert_array_equal(evidence_rows(STEP, answers), evidence_rows(STEP, plain))


@given(st.lists(st.builds(Answer, st.sampled_from(["a", "b"]), st.none() | st.text(max_size=40)), max_size=4))
def test_any_answers_have_rows_without_infinities(answers: list[Answer]) -> None:
    for step in (STEP, WEATHER):
        rows = evidence_rows(step, answers)
        assert rows.shape == (len(answers), len(EVIDENCE_NAMES))
        assert not np.isinf(rows).any()
