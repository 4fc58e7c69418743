"""Redaction: what is recognised, what is left alone, what each mode keeps."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.courses import is_audit, ran_course
from tierwise.data.foreign.limits import MAX_REDACTED_STEP_CHARS
from tierwise.data.records import Attempt, Decision, LoggedDecision, LoggedStep, Message, Reason, Step, Tool, ToolCall
from tierwise.data.sensitive.redaction import (
    REST,
    Redaction,
    redact_attempt,
    redact_decision,
    redact_logged_step,
    redact_step,
)
from tierwise.data.sensitive.rule import View
from tierwise.data.sensitive.text import RULES, redact_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ada.l+x@example.org now", "write to [email] now"),
        ("key sk-proj-abcdefghijklmnop1234", "key [secret]"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[secret]"),
        ("AKIAABCDEFGHIJKLMNOP", "[secret]"),
        ("Authorization: Bearer abcdefghijklmnop.qrst", "Authorization: Bearer [secret]"),
        ('{"api_key": "abcd1234"}', '{"api_key": "[secret]"}'),
        ("password=hunter22 rest", "password=[secret] rest"),
        ("postgres://user:pa55word@host/db", "postgres://user:[secret]@host/db"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl", "[secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[secret]"),
        ("card 4111 1111 1111 1111 please", "card [card] please"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [iban]"),
        ("ssn 078-05-1120", "ssn [ssn]"),
        ("call +49 170 1234567", "call [phone]"),
        ("call (555) 123-4567", "call [phone]"),
        ("from 10.1.2.3 port 80", "from [ip] port 80"),
    ],
)
def test_secrets_and_personal_data_are_replaced(text: str, expected: str) -> None:
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Extract the total of 1,204.50 from order 1234567890123456.",
        "version 1.2.3, 2026-11-01T12:00:00Z, 3.14159",
        "the token count is 812",
        "def f(x): return x @ y",
        "sk- is a prefix",
        "👍 שלום",
        "",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    text = "ada@example.org password: abcd1234 sk-abcdefghijklmnopqrst +49 170 1234567 https://a:b@c"
    assert redact_text(redact_text(text)) == redact_text(text)


def secret_step() -> Step:
    return Step(
        text="mail ada@example.org",
        messages=(Message("user", "ada@example.org", {"name": "ada@example.org"}),),
        tools=(Tool("search", "as ada@example.org", {"properties": {"q": {"type": "string", "default": "a@b.org"}}}),),
        response_schema={"title": "of a@b.org", "properties": {"title": {"type": "string"}}},
        previous_error="no a@b.org",
        input_tokens=12,
        agent="mailer",
        extra={"deep": [{"x": "a@b.org"}]},
    )


def test_full_keeps_everything() -> None:
    assert redact_step(secret_step(), Redaction.FULL) == secret_step()


def test_redacted_reaches_every_text_of_the_step_and_keeps_the_rest() -> None:
    step = redact_step(secret_step(), Redaction.REDACTED)
    assert "@" not in repr(step)
    assert (step.text, step.agent, step.input_tokens) == ("mail [email]", "mailer", 12)
    assert step.extra == {"deep": [{"x": "[email]"}]}


def test_a_step_without_secrets_is_the_same_after_redaction() -> None:
    step = Step(text="2 + 2?", tools=(Tool("add", "adds", {"type": "object"}),), extra={"n": [1, 2.5]})
    assert redact_step(step, Redaction.REDACTED) == step


def test_features_only_keeps_the_shape_and_no_text() -> None:
    step = redact_step(secret_step(), Redaction.FEATURES_ONLY)
    assert "@" not in repr(step)
    assert (step.text, step.messages[0].role, step.messages[0].content) == ("", "user", "")
    assert step.tools[0].parameters == {"properties": {"q": {"type": "string"}}}
    assert step.response_schema == {"properties": {"title": {"type": "string"}}}
    assert step.extra == {"text_chars": 20}


def test_errors_of_attempts_are_redacted_too() -> None:
    attempt = Attempt("small", error="refused a@b.org", extra={"output": "a@b.org"})
    assert redact_attempt(attempt, Redaction.FULL) == attempt
    assert "@" not in repr(redact_attempt(attempt, Redaction.REDACTED))
    assert redact_attempt(attempt, Redaction.FEATURES_ONLY) == Attempt("small", error="[text]")


PIECES = (
    "sk-", "ghp_", "xoxb-", "npm_", "AKIA", "eyJ", ".", "bearer ", "basic\t", "password", "=", ": ", "://", "@", "-",
    "_", "+", " ", "DE", "ab", "0", "12", "345", "4111 1111", "(", ")", "x" * 12, "é", "٣", "İ", "\n", ".org",
    "-----BEGIN PRIVATE KEY-----",
)  # fmt: skip


def tried_everywhere(text: str) -> str:
    for rule in RULES.all:
        text = rule.pattern.sub(rule.write, text)
    return text


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
def test_a_long_text_is_read_as_a_short_one_is(text: str) -> None:
    filling = "word and word " * 200
    long = f"{filling}\n{text}\n{filling}"
    assert redact_text(long) == tried_everywhere(long)


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
def test_anchors_find_what_trying_every_pattern_everywhere_finds(text: str) -> None:
    expected = tried_everywhere(text)
    assert redact_text(text) == expected
    step = Step(text, extra={"deep": [text]})
    assert redact_step(step, Redaction.REDACTED) == Step(expected, extra={"deep": [expected]})


def test_a_word_after_bearer_is_a_secret_without_any_mark_around_it() -> None:
    assert redact_text("Authorize as bearer Abcdefghijklmn now") == "Authorize as bearer [secret] now"


NUMBERS = ("0", "00", "1", "12", "123", "2345", "4111", " ", "-", ".", "+", "(", ")", ":", "a", "F", "AB", "\n")


@given(st.lists(st.sampled_from(NUMBERS), max_size=20).map("".join))
def test_gates_let_every_number_through_that_a_pattern_finds(text: str) -> None:
    near = RULES.that_may_match(View(text))
    for place, rule in enumerate(RULES.all):
        if rule.pattern.search(text) is not None and rule.pattern.sub(rule.write, text) != text:
            assert place in near


def test_every_digit_of_unicode_is_looked_for() -> None:
    digits = [char for char in map(chr, range(128, sys.maxunicode + 1)) if char.isdecimal()]
    assert all(redact_text(f"call +4{digit} 170 1234567") == "call [phone]" for digit in digits)


def test_without_words_a_step_of_a_course_is_still_known_as_one() -> None:
    course = {"ask": ["small", "mid"], "accept": "learned", "otherwise": "frontier"}
    opinion = Attempt("mid", extra={"course": course, "is_used": True, "note": "words"})
    audit = Attempt("frontier", extra={"course": {"audit": True}, "audit": True, "mirror": True, "p_audit": 0.02})
    kept = [redact_attempt(each, Redaction.FEATURES_ONLY) for each in (opinion, audit)]
    assert kept[0].extra == {"course": True, "is_used": True}
    assert kept[1].extra == {"course": True, "audit": True, "mirror": True, "p_audit": 0.02}
    assert ran_course(LoggedStep("s", Step("a"), tuple(kept)))
    assert is_audit(kept[1])
    assert not is_audit(kept[0])


KEY = "sk-abcdefghijklmnop1234"


@pytest.mark.parametrize("mode", [Redaction.REDACTED, Redaction.FEATURES_ONLY])
def test_no_field_of_a_decision_or_an_attempt_is_passed_over(mode: Redaction) -> None:
    attempt = Attempt(
        KEY, model=KEY, evaluator=KEY, error=KEY, finish_reason=KEY, output=KEY, answer_key=f"text/8.0/{KEY}"
    )
    attempt = replace(
        attempt, tool_calls=(ToolCall(KEY, {KEY: [KEY]}, {KEY: KEY}),), extra={KEY: KEY, "course": {KEY: [KEY]}}
    )
    decision = Decision(
        tier=KEY, model=KEY, policy=KEY, router_version=KEY, arm=KEY, reason=Reason(KEY, KEY),
        p_success={KEY: 0.5}, expected_cost_usd={KEY: 0.5},
    )  # fmt: skip
    assert KEY not in repr(redact_attempt(attempt, mode))
    assert KEY not in repr(redact_decision(decision, mode))


@pytest.mark.parametrize("mode", [Redaction.REDACTED, Redaction.FEATURES_ONLY])
def test_the_decision_of_a_logged_step_is_looked_at_too(mode: Redaction) -> None:
    told = {
        "model": KEY,
        "router_version": KEY,
        "reason_code": KEY,
        "reason_text": f"Because of {KEY}.",
        "p_success": {KEY: 0.5},
    }
    logged = LoggedStep("s", Step("a"), decision=LoggedDecision("l-1", KEY, KEY, "local", 1.0, told))
    kept = redact_logged_step(logged, mode).decision
    assert kept is not None
    assert KEY not in repr(kept)
    assert (kept.decision_id, kept.arm, kept.propensity) == ("l-1", "local", 1.0)
    assert kept.extra["reason_text"] == ("[text]" if mode is Redaction.FEATURES_ONLY else "Because of [secret].")


@pytest.mark.parametrize("mode", [Redaction.REDACTED, Redaction.FEATURES_ONLY])
def test_what_the_monitor_reads_of_our_own_decisions_stays(mode: Redaction) -> None:
    """An exported log is evidence for the promise as the log itself is."""
    told = {
        "router_version": "02c080bc1a07", "reason_code": "learned", "fallback": False, "experiment": None,
        "reason_text": "97% expected to succeed; the top open tier adds +1.2% at 31 times the cost.",
        "p_success": {"small": 0.97, "frontier": 0.98}, "expected_cost_usd": {"small": 1e-4, "frontier": 3e-3},
    }  # fmt: skip
    logged = LoggedStep("s", Step("a"), decision=LoggedDecision("d-1", "small", "learned", "champion", 0.9, told))
    assert redact_logged_step(logged, mode).decision == logged.decision


def test_a_text_too_long_to_be_looked_at_costs_no_name() -> None:
    step = Step(
        "word " * (MAX_REDACTED_STEP_CHARS // 5 + 1), task_type="extract", agent="billing", node="a@example.org"
    )
    redacted = redact_step(step, Redaction.REDACTED)
    assert redacted.text.endswith(REST)
    assert (redacted.task_type, redacted.agent, redacted.node) == ("extract", "billing", "[email]")


def test_a_note_tells_that_there_was_one_and_prose_goes() -> None:
    attempt = Attempt("small", error="it broke", output="words", finish_reason="stop, it said")
    attempt = redact_attempt(attempt, Redaction.FEATURES_ONLY)
    assert (attempt.error, attempt.output, attempt.finish_reason) == ("[text]", None, "[name]")
    assert redact_step(Step("words", previous_error="it broke"), Redaction.FEATURES_ONLY).previous_error == "[text]"
