"""The challenger in the shadow: counted, never served, never in the way."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.testclient import TestClient

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions


@dataclass
class Fixed:
    """Always decides for ``tier``, once ``gate`` is open."""

    tier: str
    version: str = "fixed"
    policy: str = "learned"
    error: Exception | None = None
    catalogue: TierCatalogue = field(default_factory=TierCatalogue.load)
    guardrails: Guardrails = field(default_factory=Guardrails)
    is_slow: bool = False
    gate: threading.Event = field(default_factory=threading.Event)

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:  # noqa: ARG002
        self.gate.wait(timeout=30)
        if self.error is not None:
            raise self.error
        costs = {"small": 0.001, "mid": 0.004, "frontier": 0.016}
        return Decision(self.tier, self.policy, self.version, Reason("fixed", ""), expected_cost_usd=costs)


def opened(router: Fixed) -> Fixed:
    router.gate.set()
    return router


def ask(client: TestClient, n_requests: int) -> None:
    for i in range(n_requests):
        assert client.post("/route", json={"step": {"text": f"step {i}"}}).json()["tier"] == "mid"


def await_metric(client: TestClient, line: str) -> None:
    for _ in range(6000):
        if line in client.get("/metrics").text:
            return
        time.sleep(0.01)
    raise AssertionError(f"{line} never came; shadow metrics are\n" + shadow_lines(client))


def shadow_lines(client: TestClient) -> str:
    return "\n".join(line for line in client.get("/metrics").text.splitlines() if "shadow" in line)


def test_agreement_and_would_be_cost_are_counted(start: Callable[..., TestClient]) -> None:
    client = start(decider=opened(Fixed("mid", "champion")))
    slot = client.app.state.service.challenger  # type: ignore[attr-defined]
    slot.swap(opened(Fixed("small", "cheap")))
    ask(client, 3)
    await_metric(client, 'tierwise_shadow_decisions_total{result="cheaper"} 3.0')
    assert 'tierwise_shadow_expected_cost_usd_total{router="served"} 0.012' in client.get("/metrics").text
    assert 'tierwise_shadow_expected_cost_usd_total{router="challenger"} 0.003' in client.get("/metrics").text
    slot.swap(opened(Fixed("mid", "equal")))
    ask(client, 2)
    await_metric(client, 'tierwise_shadow_decisions_total{result="same"} 2.0')
    assert client.get("/readyz").json()["challenger_version"] == "equal"


def test_a_challenger_that_breaks_is_counted_and_nobody_notices(start: Callable[..., TestClient]) -> None:
    client = start(decider=opened(Fixed("mid")))
    client.app.state.service.challenger.swap(opened(Fixed("mid", "bad", error=ZeroDivisionError())))  # type: ignore[attr-defined]
    ask(client, 4)
    await_metric(client, 'tierwise_shadow_decisions_total{result="failed"} 4.0')


def test_a_challenger_that_hangs_costs_no_request_and_what_it_misses_is_counted(
    start: Callable[..., TestClient],
) -> None:
    client = start(decider=opened(Fixed("mid")), shadow_queue=5)
    hanging = Fixed("small", "slow")
    client.app.state.service.challenger.swap(hanging)  # type: ignore[attr-defined]
    ask(client, 1)
    time.sleep(0.05)
    ask(client, 10)
    assert "tierwise_shadow_dropped_total 5.0" in client.get("/metrics").text
    hanging.gate.set()
    await_metric(client, 'tierwise_shadow_decisions_total{result="cheaper"} 6.0')


def test_without_a_challenger_nothing_is_counted(start: Callable[..., TestClient]) -> None:
    client = start(decider=opened(Fixed("mid")))
    ask(client, 3)
    assert "tierwise_shadow_decisions_total{" not in client.get("/metrics").text
    assert client.get("/readyz").json()["challenger_version"] is None
