"""The attempt loop against providers that answer as badly as they can: no exception, and the deadline holds."""

import asyncio
import json
import time
from typing import Any

import pytest

from tests.attacks.conftest import SCALE, StartHostile, peak_bytes
from tierwise.agents.attempts import Allowance, AttemptLoop, AttemptSettings
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import Model, Tier, TierCatalogue
from tierwise.data.records import Step, Tool
from tierwise.router_model.rules import RulesRouter

N_STEPS = 40 * SCALE
DEADLINE_SECONDS = 1.0
GOOD: dict[str, Any] = {
    "choices": [{
        "message": {"role": "assistant", "content": '{"a": 1}', "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        "finish_reason": "stop",
    }],
    "usage": {"prompt_tokens": 5, "completion_tokens": 7},
}  # fmt: skip
STEPS = (
    Step("x"),
    Step("x", response_schema={"type": "object", "required": ["a"]}),
    Step("x", tools=(Tool("f", "", {"type": "object"}),)),
    Step("x", response_schema={"properties": {"a": {"pattern": "^(a+)+$"}}, "allOf": [{"$ref": "#"}]}),
)


def loop_on(port: int) -> AttemptLoop:
    address = f"http://127.0.0.1:{port}/v1"
    prices = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0}
    tiers = tuple(Tier(name, (Model(f"{name}-model", base_url=address, **prices),)) for name in ("small", "frontier"))
    catalogue = TierCatalogue(tiers)
    settings = AttemptSettings(call_timeout_seconds=0.4, n_retries=1, backoff_seconds=0.01)
    return AttemptLoop(AsyncLocalClient(RulesRouter(catalogue)), Upstreams(catalogue, clock=lambda: 0.0), settings)


def test_hostile_answers_are_a_result_in_time(start_hostile: StartHostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwise.agents.breaker.CircuitBreaker.allows", lambda _: True)
    loop = loop_on(start_hostile(json.dumps(GOOD)))

    async def run_all() -> tuple[list[float], list[str]]:
        waits, ends = [], []
        for i in range(N_STEPS):
            allowance = Allowance(budget_usd=0.01, deadline_seconds=DEADLINE_SECONDS)
            begin = time.perf_counter()
            result = await loop.run(STEPS[i % len(STEPS)], allowance=allowance)
            waits.append(time.perf_counter() - begin)
            ends.append("reply" if result.failure is None else result.failure.code)
            assert allowance.spent_usd <= 0.02  # an answer may claim more tokens than were asked for, once
        await loop.upstreams.close()
        return waits, ends

    before = peak_bytes()
    waits, ends = asyncio.run(run_all())
    print(f"{N_STEPS} steps, longest {max(waits):.2f} s, ends { ({end: ends.count(end) for end in ends}) }")
    assert max(waits) < DEADLINE_SECONDS + 6
    assert {"reply", "providers"} <= set(ends)
    assert peak_bytes() - before < 200 * 2**20
