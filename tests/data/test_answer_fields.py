"""What an attempt answered: read from the log's own forms and the OpenAI API's, kept by every form of the log."""

from pathlib import Path
from typing import Any

import pytest

from tierwise.data.decision_log.rows import outcome_row
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_attempt
from tierwise.data.records import Attempt, LoggedStep, Logprobs, Outcome, Step, ToolCall
from tierwise.data.sensitive.redaction import Redaction, redact_attempt
from tierwise.data.serialise import attempt_to_dict
from tierwise.data.step_log import load_step_logs, write_step_log

ANSWERED = {
    "tier": "mid",
    "output": "text",
    "tool_calls": [
        {"name": "f", "arguments": {"a": [1, {"b": None}]}, "id": "c-1"},
        {"name": "g", "arguments": "{bro"},
    ],
    "answer_key": "label/1.0/yes",
    "logprobs": {"mean": -0.25, "min": -3.0, "n": 12},
    "finish_reason": "stop",
}


def test_a_mapping_comes_back_as_it_was() -> None:
    attempt = parse_attempt(ANSWERED, "a")
    assert attempt.tool_calls == (ToolCall("f", {"a": [1, {"b": None}]}, {"id": "c-1"}), ToolCall("g", "{bro"))
    assert attempt.logprobs == Logprobs(-0.25, -3.0, 12)
    assert attempt_to_dict(attempt) == ANSWERED
    assert parse_attempt(outcome_row(Outcome("d", attempt), 0.0)["attempt"], "a") == attempt


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.parquet"])
def test_files_keep_answers(name: str, tmp_path: Path) -> None:
    attempts = (parse_attempt(ANSWERED, "a"), Attempt("small", tool_calls=()), Attempt("small"))
    write_step_log(tmp_path / name, [LoggedStep("s", Step("x"), attempts)])
    assert load_step_logs([tmp_path / name]).steps[0].attempts == attempts


def test_calls_of_the_openai_api_are_read() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    (read,) = parse_attempt({"tier": "mid", "tool_calls": [call]}, "a").tool_calls or ()
    assert (read.name, read.arguments, read.extra) == ("f", '{"a": 1}', {"id": "c", "type": "function"})


@pytest.mark.parametrize(
    "raw", [[-1.0, -3.0, -2.0], {"content": [{"token": "a", "logprob": v} for v in (-1.0, -3.0, -2.0)]}]
)
def test_log_probabilities_of_tokens_are_summed_up(raw: object) -> None:
    assert parse_attempt({"tier": "mid", "logprobs": raw}, "a").logprobs == Logprobs(-2.0, -3.0, 3)


@pytest.mark.parametrize("raw", [[], {"content": []}, {"content": None}, None])
def test_no_tokens_are_no_evidence(raw: object) -> None:
    assert parse_attempt({"tier": "mid", "logprobs": raw}, "a").logprobs is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("output", {"a": 1}, r"a.output: is \{'a': 1\}; a string or null is needed"),
        ("tool_calls", "f()", r"a.tool_calls: is 'f\(\)'; a JSON array is needed"),
        ("tool_calls", [{"arguments": {}}], r"a.tool_calls\[0\].name: is missing; name the tool that is called"),
        ("tool_calls", [{"name": "f", "arguments": [1]}], r"a.tool_calls\[0\].arguments: is \[1\]; a JSON object"),
        ("logprobs", {"mean": -1, "min": -2}, "a.logprobs.n: is None; the number of tokens is needed, 1 or more"),
        ("logprobs", {"mean": -1, "min": -0.5, "n": 2}, "a.logprobs.min: is -0.5, above the mean of -1"),
        ("logprobs", {"mean": 0.5, "min": -1, "n": 2}, "a.logprobs.mean: is 0.5; a natural log-probability is needed"),
        ("logprobs", [-1, None], r"a.logprobs\[1\]: is None; a natural log-probability is needed"),
        ("logprobs", 0.9, "a.logprobs: is 0.9; a JSON object is needed"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(RecordError, match=f"^{message}"):
        parse_attempt({"tier": "mid", field: value}, "a")


SECRET = Attempt(
    "mid",
    output="write to a@b.org",
    tool_calls=(ToolCall("mail", {"to": "a@b.org"}), ToolCall("mail", '{"to": "a@b.org"}')),
    answer_key='calls/11.0/["mail", {"to": "a@b.org"}]',
    logprobs=Logprobs(-0.5, -1.0, 3),
    finish_reason="stop",
)


@pytest.mark.parametrize("mode", [Redaction.REDACTED, Redaction.FEATURES_ONLY])
def test_answers_are_stored_as_far_as_steps_are(mode: Redaction) -> None:
    kept = redact_attempt(SECRET, mode)
    assert "@" not in repr(kept)
    assert (kept.answer_key, kept.logprobs, kept.finish_reason) == (None, SECRET.logprobs, "stop")
    assert (kept.output is None) is (mode is Redaction.FEATURES_ONLY)


@pytest.mark.parametrize(("mode", "is_kept"), [(Redaction.REDACTED, True), (Redaction.FEATURES_ONLY, False)])
def test_a_key_without_secrets_goes_where_no_text_may_be_stored(mode: Redaction, is_kept: bool) -> None:
    assert (redact_attempt(Attempt("mid", answer_key="label/1.0/yes"), mode).answer_key is not None) is is_kept


@pytest.mark.parametrize("mode", list(Redaction))
def test_a_keyed_digest_is_always_kept(mode: Redaction) -> None:
    digest = f"label/1.0/~0123abcd:{'0' * 32}"
    assert redact_attempt(Attempt("mid", answer_key=digest), mode).answer_key == digest
