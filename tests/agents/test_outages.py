"""The router is down, slow, or talks nonsense: a run completes by local rules within its deadline, and everything that
it did is learned when the service is well again."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.agents.conftest import Answer, Reply, Service, Stub, completion
from tierwise import AsyncClient, RulesRouter
from tierwise.agents.attempts import AttemptLoop, FunctionVerifier
from tierwise.agents.runtime import RunResult, Runtime
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog

StartStub = Callable[[Answer], Stub]
PLAN = json.dumps({"steps": [{"id": f"s{i}", "instruction": "do it", "task_type": "extract"} for i in range(12)]})
TROUBLES = {
    "down": None,
    "slow": Reply({}, delay_seconds=5),
    "nonsense": Reply(b"<html>It works!</html>"),
    "failing": Reply({"detail": "no"}, 500),
}


class Door:
    """What stands where the service should be: trouble first, the service itself once it is well."""

    def __init__(self, service: Service, trouble: Reply) -> None:
        self.service = service
        self.trouble: Reply | None = trouble

    def __call__(self, path: str, body: Any) -> Reply:
        if self.trouble is not None:
            return self.trouble
        answer = httpx2.post(f"{self.service.address}{path}", json=body)
        return Reply(answer.content, answer.status_code)


def models(_: str, body: Any) -> Reply:
    prompt = body["messages"][0]["content"]
    if prompt.startswith("Plan how"):
        return completion(PLAN)
    return completion("the answer" if prompt.startswith("Write the final") or body["model"] == "mid-1" else "wrong")


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_run_completes_without_the_router_and_is_learned_later(
    trouble: str, service: Service, stub: StartStub, tiers_at: Callable[..., TierCatalogue], tmp_path: Path
) -> None:
    reply = TROUBLES[trouble]
    door = None if reply is None else Door(service, reply)
    address = service.address if door is None else stub(door).address
    tiers = tiers_at(stub(models).address)
    client = AsyncClient(address, fallback=RulesRouter(tiers), deadline_ms=50, spool=tmp_path / "spool")

    async def work() -> RunResult:
        async with Upstreams(tiers) as upstreams:
            verifier = FunctionVerifier(lambda reply: reply.text == "the answer", "is_right")
            runtime = Runtime(AttemptLoop(client, upstreams), verifier_for=lambda _: verifier)
            return await runtime.run("Reach the goal.", task_id="t-1", deadline_seconds=60)

    started = time.perf_counter()
    result = asyncio.run(work())
    assert time.perf_counter() - started < 60
    assert result.answer == "the answer"
    assert client.counts.delivered == 0
    n_reported = client.counts.reported
    assert n_reported == result.n_calls == 1 + 12 * 3 + 1, "each worker: small, its repair, mid"

    service.start()
    if door is not None:
        door.trouble = None
    assert client.flush(15)
    assert client.counts.delivered == n_reported
    asyncio.run(client.close())
    with DecisionLog.open(service.log_url) as log:
        logged = list(log.logged_steps())
        assert log.count_unknown_outcomes() == 0
    assert sum(len(step.attempts) for step in logged) == n_reported
    assert {step.task_id for step in logged} == {"t-1"}
    assert {step.decision.arm for step in logged if step.decision} == {"local"}
    workers = [step for step in logged if step.step_id == "t-1/s3"]
    assert [(a.tier, a.success) for step in workers for a in step.attempts] == [("small", False), ("mid", True)]
