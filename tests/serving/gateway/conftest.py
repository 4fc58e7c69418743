"""The real application in front of a stub provider."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.serving.gateway.calls.foreign_provider import ask, provider  # noqa: F401  (fixtures)
from tests.serving.gateway.scripted_models import scripted_models, scripted_tiers  # noqa: F401  (fixtures)
from tierwise.router_model.decider import Decider
from tierwise.serving.app import create_app

StartGateway = Callable[..., TestClient]

TIERS = ("small", "mid", "frontier")


@pytest.fixture
def write_tiers(tmp_path: Path, stub_url: str) -> Callable[..., Path]:
    """Writes a tiers.toml; each keyword is a tier with the names of its models, or one name."""

    def write(**models: str | list[str]) -> Path:
        lines: list[str] = []
        for position, tier in enumerate(TIERS):
            lines += ["[[tiers]]", f'name = "{tier}"']
            given = models.get(tier, [])
            for name in [given] if isinstance(given, str) else given:
                prices = [f"input_usd_per_mtok = {4**position}", f"output_usd_per_mtok = {2 * 4**position}"]
                lines += ["[[tiers.models]]", f'name = "{name}"', f'base_url = "{stub_url}"', *prices]
        path = tmp_path / "tiers.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def gateway(start: Any, write_tiers: Callable[..., Path]) -> StartGateway:
    """Starts the application; keywords are tiers with their models, ``settings`` are settings."""

    def start_gateway(settings: dict[str, object] | None = None, **models: str | list[str]) -> TestClient:
        models = models or {tier: f"{tier}-1" for tier in TIERS}
        client: TestClient = start(tiers=write_tiers(**models), **(settings or {}))
        return client

    return start_gateway


@pytest.fixture
def stored() -> Callable[..., dict[str, Any]]:
    """Reads a decision back from the log, once ``n`` outcomes are there."""

    def read(client: Any, decision_id: str, n: int = 1) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            decision: dict[str, Any] = client.get(f"/decisions/{decision_id}").json()
            if len(decision.get("outcomes", ())) >= n:
                return decision
            time.sleep(0.02)
        raise AssertionError(f"{decision_id} has fewer than {n} outcomes: {decision}")

    return read


@pytest.fixture
def seen(stub_url: str) -> Callable[[str], list[dict[str, Any]]]:
    """The requests that the stub got for a model."""

    def read(model: str) -> list[dict[str, Any]]:
        everything = httpx2.get(stub_url.removesuffix("/v1") + "/seen").json()
        return [entry for entry in everything if entry["model"] == model]

    return read


@pytest.fixture
def serve_live(settings: Any) -> Iterator[Callable[..., str]]:
    """Serves the application on a real socket of this process and gives its address; keywords are settings."""
    with ExitStack() as stack:

        def start_server(decider: Decider | None = None, **changes: object) -> str:
            app = create_app(settings(**changes), decider)
            listening = socket.create_server(("127.0.0.1", 0), backlog=512)
            server = uvicorn.Server(uvicorn.Config(app, log_config=None))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            stack.callback(_stop, server, thread, listening)
            while not server.started:
                time.sleep(0.01)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start_server


@pytest.fixture
def live(serve_live: Callable[..., str], write_tiers: Callable[..., Path]) -> Callable[..., str]:
    """The same in front of the stub provider; keywords as for ``gateway``."""

    def start_server(changes: dict[str, object] | None = None, **models: str | list[str]) -> str:
        models = models or {tier: f"{tier}-1" for tier in TIERS}
        return serve_live(tiers=write_tiers(**models), **(changes or {}))

    return start_server


def _stop(server: uvicorn.Server, thread: threading.Thread, listening: socket.socket) -> None:
    server.should_exit = True
    thread.join(timeout=20)
    listening.close()
    assert not thread.is_alive()
