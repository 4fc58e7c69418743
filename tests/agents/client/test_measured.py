"""Calls that report themselves: time, tokens, cost and verdict, in threads and on event loops."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tierwise import AsyncLocalClient, LocalClient, RoutedDecision, RulesRouter
from tierwise.agents.usage import Usage, read_usage
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Attempt

REPLY = {"content": "42", "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}


def attempts(log_url: str) -> list[Attempt]:
    with DecisionLog.open(log_url) as log:
        return [attempt for step in log.logged_steps() for attempt in step.attempts]


@pytest.fixture
def log_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db"


def test_a_block_is_timed_counted_and_priced(catalogue: TierCatalogue, log_url: str) -> None:
    with LocalClient(RulesRouter(catalogue), log_url=log_url) as client:
        with client.attempt(text="a", task_type="extract") as attempt:
            assert attempt.observe(REPLY) is REPLY
            attempt.success = True
        with client.attempt(text="b"):
            pass
    known, unknown = attempts(log_url)
    assert (known.tier, known.model, known.success) == ("small", "small-1", True)
    assert (known.input_tokens, known.output_tokens, known.cost_usd) == (1000, 500, 0.002)
    assert known.latency_ms is not None
    assert (unknown.success, unknown.cost_usd) == (None, None)


def test_a_block_that_raises_is_unknown_and_names_the_error(log_url: str) -> None:
    client = LocalClient(log_url=log_url)
    with pytest.raises(ZeroDivisionError, match="division"), client.attempt(text="a"):
        raise ZeroDivisionError("division")
    client.close()
    (attempt,) = attempts(log_url)
    assert (attempt.success, attempt.error) == (None, "ZeroDivisionError")


def test_a_decorated_function_gets_the_decision_and_is_verified(log_url: str) -> None:
    with LocalClient(log_url=log_url) as client:

        def is_answer(reply: Any) -> bool:
            return bool(reply["content"] == "42")

        @client.routed(verify=is_answer, task_type="extract")
        def ask(decision: RoutedDecision, text: str, content: str) -> dict[str, Any]:
            return {"content": content, "text": text, "tier": decision.tier, "usage": REPLY["usage"]}

        assert ask("what?", content="42")["tier"] == "small"
        assert ask("what?", "41")["content"] == "41"
        with pytest.raises(TypeError, match="the step needs a text"):
            ask(7, "42")  # type: ignore[arg-type]
    assert [(a.success, a.evaluator, a.input_tokens) for a in attempts(log_url)] == [
        (True, "is_answer", 1000),
        (False, "is_answer", 1000),
    ]


def test_the_same_on_an_event_loop(log_url: str) -> None:
    async def work() -> str:
        async with AsyncLocalClient(log_url=log_url) as client:

            @client.routed(verify=lambda reply: reply == "yes", text="is it?", input_complexity=3)
            async def ask(decision: RoutedDecision) -> str:
                await asyncio.sleep(0.01)
                return "yes" if decision.tier == "mid" else "no"

            async with client.attempt(text="a"):
                pass
            return await ask()

    assert asyncio.run(work()) == "yes"
    first, second = attempts(log_url)
    assert (first.tier, first.success) == ("frontier", None)
    assert (second.tier, second.success) == ("mid", True)
    assert second.latency_ms is not None
    assert second.latency_ms >= 10


@pytest.mark.parametrize(
    ("reply", "usage"),
    [
        ({"usage": {"prompt_tokens": 9, "completion_tokens": 2}}, Usage(9, 2)),
        (
            {"usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}},
            Usage(9, 2, 4),
        ),
        (SimpleNamespace(usage=SimpleNamespace(input_tokens=9, output_tokens=2)), Usage(9, 2)),
        ({"usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 8}}, Usage(9, 2, 8)),
        ({"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 0}}, Usage(9, 2, 0)),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": True}}, Usage()),
        ("text", Usage()),
        (None, Usage()),
    ],
)
def test_usage_in_every_dialect(reply: object, usage: Usage) -> None:
    assert read_usage(reply) == usage
