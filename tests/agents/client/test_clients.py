"""The clients against the real service, and against services that are away, slow, or talk nonsense."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Service, Stub
from tierwise import AsyncClient, Client, Step
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import RecordError, TierwiseError
from tierwise.data.records import LoggedStep

StartStub = Callable[[Answer], Stub]

GOOD = {
    "decision_id": "d-1",
    "tier": "mid",
    "model": None,
    "p_success": {"small": 0.2, "mid": 0.9},
    "expected_cost_usd": {},
    "policy": "learned",
    "router_version": "r-1",
    "arm": "learned",
    "propensity": 0.5,
    "reason": {"code": "learned", "text": "Because."},
    "fallback": False,
    "latency_ms": 0.1,
}


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Client]:
    def make(address: str, **changes: Any) -> Client:
        return Client(address, **({"spool": tmp_path / "spool", "deadline_ms": 2000} | changes))

    return make


def logged(service: Service) -> dict[str, LoggedStep]:
    with DecisionLog.open(service.log_url) as log:
        return {step.decision.decision_id or "": step for step in log.logged_steps() if step.decision}


@pytest.mark.slow
def test_the_service_decides_and_learns_what_came_of_it(service: Service, connect: Callable[..., Client]) -> None:
    service.start()
    with connect(service.address) as client:
        decision = client.route(text="Extract.", task_type="extract", task_id="t-1", extra={"role": "execute"})
        assert (decision.tier, decision.fallback, decision.is_local) == ("small", False, False)
        client.outcome(decision, success=False, input_tokens=10, output_tokens=2)
        client.outcome(decision, tier="mid", success=True, extra={"failure_origin": None})
    (step,) = logged(service).values()
    assert step.task_id == "t-1"
    assert step.step.extra == {"role": "execute"}
    assert [(attempt.tier, attempt.success) for attempt in step.attempts] == [("small", False), ("mid", True)]


def test_options_and_session_reach_the_router(stub: StartStub, connect: Callable[..., Client]) -> None:
    server = stub(lambda *_: Reply(GOOD))
    with connect(server.address) as client:
        client.route(Step(text="a"), min_tier="mid", catch_rate=0.5, current_tier="mid", cached_tokens=7, step_id="s")
    assert server.requests == [
        (
            "/route",
            {
                "step": {"text": "a"},
                "step_id": "s",
                "options": {"min_tier": "mid", "catch_rate": 0.5},
                "session": {"current_tier": "mid", "cached_tokens": 7},
            },
        )
    ]


def test_connections_are_kept(stub: StartStub, connect: Callable[..., Client]) -> None:
    server = stub(lambda *_: Reply(GOOD))
    with connect(server.address) as client:
        assert [client.route(text="a").p_success["mid"] for _ in range(5)] == [0.9] * 5
    assert server.n_connections == 1


def test_nobody_there_means_the_top_tier(nobody: str, connect: Callable[..., Client]) -> None:
    client = connect(nobody)
    decision = client.route(text="a", task_type="extract", input_complexity=1)
    assert (decision.tier, decision.fallback, decision.is_local, decision.arm) == ("frontier", True, True, "local")
    assert client.route(text="a", max_tier="mid").tier == "mid"
    assert decision.reason.code == "router_away"
    assert "cannot be reached" in decision.reason.text
    assert client.close(timeout_seconds=0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>it works</html>",
        [],
        {},
        GOOD | {"tier": "huge"},
        GOOD | {"decision_id": None},
        GOOD | {"propensity": 0},
        GOOD | {"p_success": {"small": "high"}},
    ],
)
def test_nonsense_means_the_top_tier(content: object, stub: StartStub, connect: Callable[..., Client]) -> None:
    client = connect(stub(lambda *_: Reply(content)).address)
    decision = client.route(text="a", task_type="extract")
    assert (decision.tier, decision.fallback) == ("frontier", True)
    client.close(timeout_seconds=0.1)


@pytest.mark.parametrize("status", [401, 404, 422, 500, 503])
def test_a_refusal_means_the_top_tier(status: int, stub: StartStub, connect: Callable[..., Client]) -> None:
    client = connect(stub(lambda *_: Reply({"detail": "no"}, status)).address)
    assert f"answered {status}: no" in client.route(text="a").reason.text
    client.close(timeout_seconds=0.1)


def test_a_slow_service_costs_the_deadline_and_after_a_few_times_nothing(
    stub: StartStub, connect: Callable[..., Client]
) -> None:
    slow = stub(lambda *_: Reply(GOOD, delay_seconds=60))
    client = connect(slow.address, deadline_ms=50)
    decisions = [client.route(text="a") for _ in range(40)]
    assert all(decision.fallback for decision in decisions)
    assert len(slow.requests) <= 8, "three deadlines, and a try now and then"
    assert "within 50 ms" in decisions[0].reason.text
    client.close(timeout_seconds=0.1)


def test_bad_input_is_refused_before_anybody_is_asked(nobody: str, connect: Callable[..., Client]) -> None:
    client = connect(nobody)
    with pytest.raises(RecordError, match=r"step\.input_complexity: is 'high'"):
        client.route(text="a", input_complexity="high")  # type: ignore[arg-type]
    with pytest.raises(RecordError, match=r"step\.input_complexity: is 11; an estimate from 1 to 10 is needed"):
        client.route(text="a", input_complexity=11)
    with pytest.raises(RecordError, match=r"options\.min_tier: is 'huge'; the tiers are small, mid, frontier"):
        client.route(text="a", min_tier="huge")
    with pytest.raises(TypeError, match="'complexity' is no field of a step and no option"):
        client.route(text="a", complexity=3)  # type: ignore[call-arg]
    with pytest.raises(RecordError, match=r"outcome\.success: is 'yes'"):
        client.outcome(client.route(text="a"), success="yes")  # type: ignore[arg-type]
    with pytest.raises(TierwiseError, match="base_url is 'localhost:8080'"):
        connect("localhost:8080")
    with pytest.raises(TierwiseError, match="deadline_ms is 0"):
        connect(nobody, deadline_ms=0)
    assert client.counts.reported == 0
    client.close(timeout_seconds=0.1)


def test_own_tiers_hold_for_local_decisions(nobody: str, connect: Callable[..., Client]) -> None:
    tiers = TierCatalogue.from_mapping({"tiers": [{"name": "lite"}, {"name": "pro"}]})
    client = connect(nobody, tiers=tiers)
    assert client.route(text="a", task_type="extract").tier == "pro"
    assert client.route(text="a", max_tier="lite").tier == "lite"
    client.close(timeout_seconds=0.1)


def test_what_was_decided_without_the_service_is_learned_when_it_is_back(
    service: Service, connect: Callable[..., Client]
) -> None:
    client = connect(service.address)
    decisions = [client.route(text=f"step {i}", task_id="t-9", task_type="extract") for i in range(4)]
    for decision in decisions:
        client.outcome(decision, success=False, error="schema")
        client.outcome(decision, tier="frontier", success=True)
    assert not client.flush(timeout_seconds=0.1)
    service.start()
    assert client.close(timeout_seconds=10)
    assert client.counts.delivered == 8
    steps = logged(service)
    assert list(steps) == [decision.decision_id for decision in decisions]
    for i, step in enumerate(steps.values()):
        assert (step.step.text, step.task_id) == (f"step {i}", "t-9")
        assert [attempt.success for attempt in step.attempts] == [False, True]
        assert step.decision is not None
        decided = step.decision
        assert (decided.policy, decided.arm, decided.propensity) == ("always-frontier", "local", 1.0)
        assert "decided_by_caller" not in step.attempts[0].extra


@pytest.mark.slow
def test_threads_share_a_client(service: Service, connect: Callable[..., Client]) -> None:
    service.start()
    with connect(service.address) as client, ThreadPoolExecutor(8) as pool:

        def work(i: int) -> str:
            decision = client.route(text=f"step {i}")
            client.outcome(decision, success=True)
            return decision.decision_id

        ids = list(pool.map(work, range(80)))
    assert client.counts.delivered == 80
    assert sorted(logged(service)) == sorted(ids)


@pytest.mark.slow
def test_tasks_and_event_loops_share_an_async_client(service: Service, tmp_path: Path) -> None:
    service.start()
    client = AsyncClient(service.address, spool=tmp_path / "spool", deadline_ms=2000)

    async def work(n_steps: int) -> list[bool]:
        decisions = await asyncio.gather(*(client.route(text=f"step {i}") for i in range(n_steps)))
        for decision in decisions:
            client.outcome(decision, success=True)
        return [decision.fallback for decision in decisions]

    assert asyncio.run(work(30)) == [False] * 30
    assert asyncio.run(work(5)) == [False] * 5
    assert asyncio.run(client.close())
    assert len(logged(service)) == 35


def test_an_async_caller_is_not_held_up_by_a_slow_service(stub: StartStub) -> None:
    server = stub(lambda *_: Reply(GOOD, delay_seconds=5))

    async def work() -> tuple[int, str]:
        n_beats = 0
        async with AsyncClient(server.address, spool=None, deadline_ms=150) as client:
            asking = asyncio.ensure_future(client.route(text="a"))
            while not asking.done():
                await asyncio.sleep(0.005)
                n_beats += 1
            return n_beats, asking.result().reason.text

    n_beats, reason = asyncio.run(work())
    assert n_beats > 3
    assert "within 150 ms" in reason


def test_the_router_is_used_again_when_it_is_back(stub: StartStub, connect: Callable[..., Client]) -> None:
    replies = [Reply(b"nonsense")] * 3
    server = stub(lambda *_: replies.pop() if replies else Reply(GOOD))
    client = connect(server.address)
    assert [client.route(text="a").fallback for _ in range(4)] == [True] * 4
    assert len(server.requests) == 3
    time.sleep(1.1)
    assert not client.route(text="a").fallback
    client.close(timeout_seconds=0.1)


def test_a_key_is_shown(stub: StartStub, connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_API_KEY", "from-the-environment")
    server = stub(lambda *_: Reply(GOOD))
    for key in ("given", None):
        with connect(server.address, api_key=key) as client:
            client.route(text="a")
    assert server.keys == ["Bearer given", "Bearer from-the-environment"]


def test_threads_end_with_the_client(nobody: str, connect: Callable[..., Client]) -> None:
    before = set(threading.enumerate())
    client = connect(nobody)
    client.outcome(client.route(text="a"), success=True)
    started = set(threading.enumerate()) - before
    assert len(started) == 2
    client.close(timeout_seconds=0.1)
    assert not any(thread.is_alive() for thread in started)
    (left,) = client._core.settings.spool.glob("*.jsonl")  # type: ignore[union-attr]
    assert json.loads(left.read_text())["decided_by_caller"]["step"] == {"text": "a"}
