"""The client against a service that answers as badly as it can: no exception, no long wait, no memory."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.conftest import SCALE, StartHostile, peak_bytes
from tierwise import Client
from tierwise.agents.client.delivering.post import OutcomePost, Receipt
from tierwise.data.records import Step

N_ANSWERS = 500 * SCALE


@pytest.fixture
def client(start_hostile: StartHostile, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("tierwise.agents.breaker.CircuitBreaker.allows", lambda _: True)  # every call is made
    return Client(f"http://127.0.0.1:{start_hostile()}", spool=None)


@pytest.mark.slow
def test_hostile_answers_are_a_fallback(client: Client) -> None:
    client.route(text="warm up")
    before, waits, n_served = peak_bytes(), [], 0
    for _ in range(N_ANSWERS):
        begin = time.perf_counter()
        decision = client.route(text="x")
        waits.append(time.perf_counter() - begin)
        assert decision.tier in client.catalogue.names
        n_served += not decision.fallback
    begin = time.perf_counter()
    client.close(timeout_seconds=0.5)
    print(f"{N_ANSWERS} answers, {n_served} of use, longest wait {max(waits) * 1000:.0f} ms")
    assert sorted(waits)[int(0.98 * len(waits))] < 2  # the machine may be busy; alone it stays below 75 ms
    assert time.perf_counter() - begin < 10
    assert peak_bytes() - before < 200 * 2**20
    assert 0 < n_served < N_ANSWERS


@pytest.mark.parametrize("form", ["biggest", "endless", "crumbs", "drip", "headers", "interim", "bomb", "silent"])
def test_outcomes_that_get_such_an_answer_wait(start_hostile: StartHostile, form: str) -> None:
    with OutcomePost(f"http://127.0.0.1:{start_hostile()}", None, timeout_seconds=0.5) as post:
        post._client.headers["x-form"] = form
        begin, before = time.monotonic(), peak_bytes()
        assert post.post([b"{}"]).receipt is Receipt.LATER
        assert time.monotonic() - begin < 5
        assert peak_bytes() - before < 100 * 2**20


CYCLE: dict[str, Any] = {}
CYCLE["me"] = CYCLE
DEEP: Any = "x"
for _ in range(5_000):
    DEEP = {"a": DEEP}

ODD_STEPS = {
    "half an emoji": Step("\ud83d"),
    "a text of 20 MB": Step("x" * 20_000_000),
    "a cycle": Step("x", extra=CYCLE),
    "a nest": Step("x", extra={"a": DEEP}),
    "keys that are no texts": Step("x", extra={("a", 1): b"\xff"}),
    "a number of 5,000 digits": Step("x", extra={"n": 10**5_000}),
    "an object": Step("x", extra={"o": object()}),
    "a text that is none": Step(5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", ODD_STEPS)
def test_odd_steps_are_decided_here(name: str, tmp_path: Path) -> None:
    del tmp_path
    with Client("http://127.0.0.1:9", spool=None) as client:
        assert client.route(ODD_STEPS[name]).is_local
