"""Whole calls before models that take the time that the log tells: what a call must wait for, and what is beyond it."""

import asyncio
import json
import urllib.request
from collections.abc import Sequence

import pytest

from benchmarks.serving.courses.__main__ import _row
from benchmarks.serving.courses.callers import Timed, play
from benchmarks.serving.courses.timed_models import TIERS, TimedStep, timed_models, timed_steps
from benchmarks.walk.courses.models import NAMES
from tierwise.data.parts import Logprobs
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.samples import sample_log_path
from tierwise.data.step_log import load_step_logs

SECONDS = {"small": 0.001, "mid": 0.003, "frontier": 0.01}


def step(number: int) -> TimedStep:
    attempts = (
        Attempt("small", output="s", logprobs=Logprobs(-0.5, -1.0, 4)),
        Attempt("mid", output=f"mid says {number}"),
        Attempt("frontier", output="top"),
    )
    return TimedStep(LoggedStep(f"s-{number}", Step(text=f"How many? {number}"), attempts), SECONDS)


@pytest.mark.parametrize(
    ("asked", "waits_ms"),
    [(("small", "mid"), 3), (("small", "mid", "frontier"), 13), (("frontier",), 10), (("small",), 1)],
)
def test_a_call_waits_for_the_slower_cheap_answer_and_then_for_the_top(asked: Sequence[str], waits_ms: float) -> None:
    assert step(1).models_ms(asked) == pytest.approx(waits_ms)


def test_times_are_scaled_and_the_top_tier_is_assumed() -> None:
    steps = load_step_logs([sample_log_path()]).steps[:50]
    timed = timed_steps(steps, 2.0, 0.1)
    mids = {each.seconds["mid"] for each in timed}
    for one, logged in zip(timed, steps, strict=True):
        by_tier = {each.tier: each for each in logged.attempts}
        assert one.seconds["mid"] == pytest.approx((by_tier["mid"].latency_ms or 0) / 10_000)
        assert any(one.seconds["frontier"] == pytest.approx(2 * mid) for mid in mids)


def test_models_answer_what_the_log_answered() -> None:
    with timed_models([step(1), step(2)]) as url:
        found = []
        for tier, number in (("mid", 2), ("small", 1)):
            body = {"model": NAMES[tier][0], "messages": [{"role": "user", "content": f"How many? {number}"}]}
            request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
            with urllib.request.urlopen(request) as response:
                found.append(json.load(response)["choices"][0])
    assert [choice["message"]["content"] for choice in found] == ["mid says 2", "s"]
    assert [choice["logprobs"] for choice in found] == [None, {"mean": -0.5, "min": -1.0, "n": 4}]


def test_every_step_is_played_once() -> None:
    seen: list[str] = []

    async def way(one: TimedStep) -> Sequence[str]:
        await asyncio.sleep(0)
        seen.append(one.text)
        return ("mid",)

    steps = [step(number) for number in range(7)]
    calls = asyncio.run(play(way, steps, 3))
    assert sorted(seen) == [one.text for one in steps]
    assert [call.models_ms for call in calls] == [3.0] * 7


def test_what_is_beyond_the_models_is_the_rest_of_the_wait() -> None:
    row = _row("course", [Timed(("mid",), 10.0, 4.0), Timed(("mid", TIERS[-1]), 30.0, 20.0)])
    assert (row.n_calls, row.at_top) == (2, 0.5)
    assert (row.p50_ms, row.models_p50_ms, row.added_p50_ms) == (20.0, 12.0, 8.0)
