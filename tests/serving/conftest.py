"""The real application on a decision log of its own: in this process, or in one that can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.databases import new_database
from tierwise.router_model.decider import Decider
from tierwise.serving.app import create_app
from tierwise.serving.settings import Settings, load_settings

if TYPE_CHECKING:
    pass

PROGRAM = """
import resource, sys
from tierwise.serving.run import serve
from tierwise.serving.settings import load_settings
if sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
serve(load_settings())
"""

StartApp = Callable[..., TestClient]


@dataclass
class Running:
    """A service in a process of its own, and where it answers."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a decision log in the test's folder; keywords replace them."""

    def make(**changes: object) -> Settings:
        known: dict[str, object] = {
            "log_url": f"sqlite:///{tmp_path}/decisions.db",
            "flush_seconds": 0.01,
            "log_timeout_seconds": 60.0,  # longer than a busy machine takes
            "outcome_timeout_seconds": 60.0,
            "state_folder": tmp_path,
            "rules": True,
        }
        return load_settings({}, **(known | changes))

    return make


@pytest.fixture
def start(settings: Callable[..., Settings]) -> Iterator[StartApp]:
    """Starts the application; keywords are settings, ``decider`` replaces the router."""
    with ExitStack() as stack:

        def start_app(decider: Decider | None = None, **changes: object) -> TestClient:
            app = create_app(settings(**changes), decider)
            return stack.enter_context(TestClient(app, "http://localhost", raise_server_exceptions=False))

        yield start_app


@pytest.fixture
def client(start: StartApp) -> TestClient:
    """The application as it is without a bundle."""
    return start()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts the service in a process of its own; keywords are settings. No file grows past ``file_limit_bytes``."""
    processes: list[subprocess.Popen[str]] = []

    def start_process(file_limit_bytes: int | None = None, **settings: object) -> Running:
        known = {"port": 0, "log_url": f"sqlite:///{tmp_path}/decisions.db", "rules": True} | settings
        environment = os.environ | {f"TIERWISE_{name.upper()}": str(value) for name, value in known.items()}
        command = [sys.executable, "-c", PROGRAM, *([] if file_limit_bytes is None else [str(file_limit_bytes)])]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        processes.append(process)
        assert process.stdout is not None
        running = Running(process, process.stdout.readline().split()[-1])
        _await_health(running.address)
        return running

    yield start_process
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The address of an empty database on the real server, where there is one."""
    with new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty decision log, on every database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/decisions.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _await_health(address: str) -> None:
    for _ in range(1200):
        try:
            if httpx2.get(f"{address}/healthz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the service never answered")
