"""Verifiers say yes, no with words that a model can use, or that they cannot tell."""

import asyncio
import re
import sys
from typing import Any

import pytest

from tierwise.agents.attempts import (
    AllOf,
    Allowance,
    FunctionVerifier,
    RegexVerifier,
    SchemaVerifier,
    ToolCallVerifier,
    Verdict,
    Verifier,
    verifier_of,
)
from tierwise.agents.upstreams import Reply, ToolCall
from tierwise.data.errors import MissingExtraError, TierwiseError, install_command
from tierwise.data.records import Step, Tool

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
ADD = Tool("add", parameters={"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


def verdict(verifier: Verifier, text: str = "", *calls: tuple[str, str]) -> Verdict:
    reply = Reply(text, "m", tuple(ToolCall(*call) for call in calls))
    return asyncio.run(verifier.check(reply, Allowance()))


@pytest.mark.parametrize(
    ("text", "passed", "message"),
    [
        ('{"total": 3.5}', True, ""),
        ('```json\n{"total": 3}\n```', True, ""),
        ('{"total": "3"}', False, "$.total: '3' is not of type 'number'"),
        ("{}", False, "'total' is a required property"),
        ("the total is 3", False, "not JSON"),
    ],
)
def test_a_schema_is_checked(text: str, passed: bool, message: str) -> None:
    found = verdict(SchemaVerifier(SCHEMA), text)
    assert (found.passed, found.score) == (passed, float(passed))
    assert message in found.message


def test_many_errors_are_told_in_brief() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    assert "and 2 more" in verdict(SchemaVerifier(schema), '["a", "b", "c", "d", "e"]').message


def test_a_schema_that_is_none_and_references_that_lead_outside_are_refused() -> None:
    with pytest.raises(TierwiseError, match="the JSON schema is wrong at"):
        SchemaVerifier({"type": "numbre"})
    outside = SchemaVerifier({"$ref": "http://127.0.0.1:1/schema.json"})
    assert "the schema cannot be applied" in verdict(outside, "1").message


@pytest.mark.parametrize(
    ("calls", "passed", "message"),
    [
        ([("add", '{"a": 1}')], True, ""),
        ([("add", '{"a": 1}'), ("add", '{"a": "x"}')], False, "'add': $.a: 'x' is not of type 'integer'"),
        ([("subtract", "{}")], False, "there is no tool 'subtract', only add"),
        ([("add", "{a: 1}")], False, "the arguments of 'add' are not JSON"),
        ([], None, ""),
    ],
)
def test_tool_calls_are_checked(calls: list[tuple[str, str]], passed: bool | None, message: str) -> None:
    found = verdict(ToolCallVerifier([ADD]), "", *calls)
    assert found.passed is passed
    assert message in found.message
    assert verdict(ToolCallVerifier([ADD], is_required=True)).passed is False


def test_a_pattern_must_match_the_whole_text() -> None:
    assert verdict(RegexVerifier(r"ANSWER: \d+"), " ANSWER: 42\n").passed
    assert "pattern" in verdict(RegexVerifier(r"\d+"), "42 or so").message
    with pytest.raises(TierwiseError, match="is no regular expression"):
        RegexVerifier("(")


@pytest.mark.parametrize(
    "verifier",
    [
        SchemaVerifier(SCHEMA),
        ToolCallVerifier([ADD], is_required=True),
        RegexVerifier(r"\d+"),
        FunctionVerifier(lambda _: False),
        FunctionVerifier(lambda _: "too low"),
        AllOf([FunctionVerifier(lambda _: False)]),
    ],
    ids=lambda verifier: verifier.name,
)
def test_who_says_no_gives_no_points(verifier: Verifier) -> None:
    assert verdict(verifier, "none").score == 0.0


def failing_test(reply: Reply) -> bool:
    assert reply.text == "42", "the answer is 42"
    return True


async def slow_check(reply: Reply) -> bool:
    await asyncio.sleep(0)
    return reply.text == "42"


@pytest.mark.parametrize(
    ("function", "passed", "message"),
    [
        (lambda reply: reply.text == "41", True, ""),
        (lambda reply: reply.text == "42", False, "does not pass <lambda>"),
        (lambda _: "too low", False, "too low"),
        (lambda _: None, None, ""),
        (lambda _: Verdict(True, score=0.7), True, ""),
        (failing_test, False, "the answer is 42"),
        (slow_check, False, "does not pass slow_check"),
    ],
)
def test_any_function_can_judge(function: Any, passed: bool | None, message: str) -> None:
    found = verdict(FunctionVerifier(function), "41")
    assert found.passed is passed
    assert message in found.message


def test_all_of_several_stops_at_the_first_no() -> None:
    asked: list[str] = []

    def note(name: str, opinion: bool | None) -> FunctionVerifier:
        def check(_: Reply) -> bool | None:
            asked.append(name)
            return opinion

        return FunctionVerifier(check, name, catch_rate=0.5 if name == "b" else None)

    both = AllOf([note("a", True), note("b", False), note("c", True)])
    assert (both.name, both.catch_rate) == ("a+b+c", 0.5)
    assert verdict(both).passed is False
    assert asked == ["a", "b"]
    assert verdict(AllOf([note("a", None), note("b", True)])).passed is True
    assert verdict(AllOf([note("a", None)])).passed is None


def test_what_one_of_several_notices_is_noticed() -> None:
    """The catch rate is the best one's; those that nobody measured say nothing."""
    rated = [FunctionVerifier(lambda _: True, catch_rate=rate) for rate in (0.3, None, 0.8)]
    assert AllOf(rated).catch_rate == 0.8
    assert AllOf(rated[1:2]).catch_rate is None


def test_a_step_is_verified_by_what_it_asks_for() -> None:
    assert isinstance(verifier_of(Step(text="a", response_schema=SCHEMA, tools=(ADD,))), SchemaVerifier)
    assert isinstance(verifier_of(Step(text="a", tools=(ADD,))), ToolCallVerifier)
    assert verifier_of(Step(text="a")) is None


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_command("agents"))):
        SchemaVerifier(SCHEMA)
