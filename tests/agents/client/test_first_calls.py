"""The first call is as fast as the others, and an answer that comes too late leaves nothing behind."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from tests.agents.client.test_clients import GOOD
from tests.agents.conftest import Answer, Reply, Service, Stub
from tierwise import AsyncClient, Client, Step
from tierwise.agents.client.core import DecisionCounts
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Decision
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]


class SlowRules(RulesRouter):
    """Rules that think for a while."""

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        time.sleep(0.3)
        return super().decide(step, options)


def test_the_connection_is_there_before_the_first_call(stub: StartStub) -> None:
    server = stub(lambda *_: Reply(GOOD))
    with Client(server.address, spool=None, deadline_ms=2000) as client:
        assert (server.n_warm_ups, server.requests) == (1, [])
        assert not client.route(text="a").fallback
        assert client.decisions == DecisionCounts(served=1)
    assert server.n_connections == 1


def test_connecting_takes_nothing_off_the_first_deadline(stub: StartStub) -> None:
    server = stub(lambda *_: Reply(GOOD, delay_seconds=0.25))
    server.warm_up_seconds = 0.3

    async def work() -> bool:
        async with AsyncClient(server.address, spool=None, deadline_ms=450) as client:
            return (await client.route(text="a")).fallback

    assert not asyncio.run(work())
    with Client(server.address, spool=None, deadline_ms=450) as client:
        assert not client.route(text="a").fallback


def test_a_service_that_says_nothing_costs_one_deadline(stub: StartStub) -> None:
    server = stub(lambda *_: Reply(GOOD, delay_seconds=5))
    server.warm_up_seconds = 5
    client = Client(server.address, spool=None, deadline_ms=100)
    decision = client.route(text="a", task_type="extract")
    assert (decision.tier, decision.fallback) == ("frontier", True)
    assert server.requests == [], "not one deadline for connecting and one for asking"
    assert client.decisions == DecisionCounts(local=1, late=1)
    client.close(timeout_seconds=0.1)


def test_an_answer_that_comes_too_late_leaves_no_decision_behind(service: Service, tmp_path: Path) -> None:
    service.start(SlowRules(TierCatalogue.load()))
    with Client(service.address, spool=tmp_path / "spool", deadline_ms=100) as client:
        decision = client.route(text="a", task_type="extract")
        assert client.decisions == DecisionCounts(local=1, late=1)
        time.sleep(0.6)  # the service records what it decided in vain
        client.outcome(decision, success=False, error="schema")
        client.outcome(decision, success=True)
    with DecisionLog.open(service.log_url) as log:
        (logged,) = log.logged_steps()
    assert logged.decision is not None
    assert (logged.decision.decision_id, logged.decision.tier, logged.decision.arm) == (
        decision.decision_id,
        "frontier",
        "local",
    )
    assert [attempt.success for attempt in logged.attempts] == [False, True]
