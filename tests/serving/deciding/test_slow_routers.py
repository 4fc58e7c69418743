"""A router that takes long decides beside the event loop, within limits."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.bundle import BundleError, RouterParts
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.router import Router
from tierwise.serving.service import build_service
from tierwise.serving.settings import Settings, SettingsError


@dataclass
class SlowRouter:
    """Decides for the cheapest tier, once ``gate`` is open; notes the threads that it ran on."""

    gate: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    policy: str = "learned"
    version: str = "slow"
    is_slow: bool = True
    catalogue: TierCatalogue = field(default_factory=TierCatalogue.load)
    guardrails: Guardrails = field(default_factory=Guardrails)
    threads: list[str] = field(default_factory=list)

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:  # noqa: ARG002
        self.threads.append(threading.current_thread().name)
        assert self.gate.wait(timeout=30)
        if self.error is not None:
            raise self.error
        return Decision("small", self.policy, self.version, Reason("slow", ""))


def ask(client: TestClient, text: str, **more: object) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/route", json={"step": {"text": text}, **more}).json()
    return answer


def test_it_decides_on_its_own_threads_and_recurring_steps_come_from_memory(start: Callable[..., TestClient]) -> None:
    router = SlowRouter()
    router.gate.set()
    client = start(decider=router)
    assert [ask(client, "a")["tier"] for _ in range(3)] == ["small"] * 3
    assert [name.startswith("tierwise-decide") for name in router.threads] == [True]
    batch = client.post("/route/batch", json={"requests": [{"step": {"text": text}} for text in "ab"]}).json()
    assert [decision["tier"] for decision in batch["decisions"]] == ["small", "small"]


def test_while_it_thinks_others_are_answered_and_beyond_the_limit_the_fallback_is(
    start: Callable[..., TestClient],
) -> None:
    router = SlowRouter()
    client = start(decider=router, slow_limit=2, slow_threads=1)
    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(ask, client, f"first {i}") for i in range(2)]
        _await_under_way(client, 2)
        begin = time.monotonic()
        refused = ask(client, "third")
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - begin < 30
        router.gate.set()
        assert [each.result()["tier"] for each in waiting] == ["small", "small"]
    assert (refused["tier"], refused["fallback"], refused["reason"]["code"]) == ("frontier", True, "overloaded")
    assert 'tierwise_fallbacks_total{reason="overloaded"} 1.0' in client.get("/metrics").text
    assert ask(client, "third")["tier"] == "small"


def test_beyond_the_limit_a_static_router_decides_where_there_is_one(
    start: Callable[..., TestClient], bundle_folder: Path, router: Router
) -> None:
    slow = SlowRouter(catalogue=router.catalogue)
    client = start(decider=slow, slow_limit=1, overflow=bundle_folder)
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(ask, client, "first")
        _await_under_way(client, 1)
        second = ask(client, "second", options={"max_tier": "mid"})
        slow.gate.set()
        assert waiting.result()["router_version"] == "slow"
    assert (second["router_version"], second["fallback"]) == (router.version, False)
    expected = router.decide(Step(text="second"), DecideOptions(max_tier="mid"))
    assert (second["tier"], second["p_success"]) == (expected.tier, dict(expected.p_success))
    assert "tierwise_overflowed_total 1.0" in client.get("/metrics").text
    assert ask(client, "second", options={"max_tier": "mid"})["router_version"] == "slow", "it was not remembered"


def test_the_overflow_needs_a_router_that_is_fast(
    settings: Callable[..., Settings], bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RouterParts, "has_transformer", True)
    with pytest.raises(SettingsError, match="name a bundle with the static one"):
        build_service(settings(overflow=bundle_folder))
    with pytest.raises(BundleError, match="is no bundle"):
        build_service(settings(overflow=bundle_folder.parent))


def test_trouble_and_bad_options_are_what_they_are_without_threads(start: Callable[..., TestClient]) -> None:
    router = SlowRouter(error=ZeroDivisionError())
    router.gate.set()
    client = start(decider=router)
    assert ask(client, "a")["reason"]["code"] == "router_error"
    assert ask(client, "a", options={"min_tier": "huge"})["field"] == "options.min_tier"


def _await_under_way(client: TestClient, n: int) -> None:
    pool = client.app.state.service.desk._chooser._pool  # type: ignore[attr-defined]
    for _ in range(6000):
        if pool._n_under_way == n:
            return
        time.sleep(0.01)
    raise AssertionError(f"{pool._n_under_way} decisions are under way, not {n}")
