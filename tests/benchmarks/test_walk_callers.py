"""The walk's callers with the real ``openai`` client: what they read of an answer, and how one hangs up."""

import json
from typing import Any

import pytest

from benchmarks.serving.first_calls import Silent
from benchmarks.walk.courses import callers
from benchmarks.walk.courses.asks import HANG_UP, PLAIN, STREAM, TOGETHER, TOOLS, CourseAsk
from benchmarks.walk.courses.callers import call, call_all
from benchmarks.walk.courses.models import scripted_top

openai = pytest.importorskip("openai", reason="the openai package is not installed; run: make test-adapters")

GOLD = '{"tool": "set_timer", "args": {"minutes": 180}}'
TOOL = {"type": "function", "function": {"name": "set_timer", "parameters": {"type": "object", "properties": {}}}}
VERIFY = {TOOLS: {"kind": "tool_call", "tool": "set_timer", "args": {"minutes": 180}}}


def asked(kind: str, expect: int = 42) -> CourseAsk:
    prompt = "Ring a bell in 3 hours." if kind == TOOLS else "How many?"
    spec = VERIFY.get(kind, {"kind": "number", "expect": expect})
    record = {"step_id": "s-1", "step": {"task_type": "count"}, "max_tokens": 16, "verify": spec}
    return CourseAsk(kind, record, prompt, (TOOL,) if kind == TOOLS else ())


def client(address: str) -> Any:
    return openai.OpenAI(base_url=address, api_key="unused", max_retries=0)


@pytest.mark.parametrize("kind", [PLAIN, STREAM, TOOLS])
def test_answers_are_read_whole_as_streams_and_as_tools(kind: str) -> None:
    with scripted_top({"How many?": "It is 42.", "Ring a bell in 3 hours.": GOLD}) as url, client(url) as ours:
        found = call(ours, asked(kind), 0.05)
        json.dumps(found.to_dict())
    assert found.is_right
    assert (found.tool == json.loads(GOLD)) == (kind == TOOLS)
    assert (found.output == "It is 42.") == (kind != TOOLS)


def test_a_wrong_answer_is_not_right_and_calls_side_by_side_keep_their_order() -> None:
    with scripted_top({"How many?": "It is 42."}) as url, client(url) as ours:
        found = call_all(ours, [asked(TOGETHER), asked(TOGETHER, expect=7)], 0.05)
    assert [each.is_right for each in found] == [True, False]


def test_who_hangs_up_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "HANG_UP_SECONDS", 0.2)
    with Silent() as address, client(f"{address}/v1") as ours:
        found = call(ours, asked(HANG_UP), 0.05)
    assert found.is_hung_up
    assert found.is_right is None


def test_an_answer_that_came_before_the_caller_hung_up_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "HANG_UP_SECONDS", 60.0)
    with scripted_top({"How many?": "42"}) as url, client(url) as ours:
        found = call(ours, asked(HANG_UP), 0.05)
    assert not found.is_hung_up
    assert found.is_right
