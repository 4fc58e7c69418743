"""The real application on a decision log of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tierwise.router_model.decider import Decider
from tierwise.serving.app import create_app
from tierwise.serving.settings import Settings, load_settings

StartApp = Callable[..., TestClient]


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a decision log in the test's folder; keywords replace them."""

    def make(**changes: object) -> Settings:
        known: dict[str, object] = {
            "log_url": f"sqlite:///{tmp_path}/decisions.db",
            "flush_seconds": 0.01,
            "state_folder": tmp_path,
        }
        return load_settings({}, **(known | changes))

    return make


@pytest.fixture
def start(settings: Callable[..., Settings]) -> Iterator[StartApp]:
    """Starts the application; keywords are settings, ``decider`` replaces the router."""
    with ExitStack() as stack:

        def start_app(decider: Decider | None = None, **changes: object) -> TestClient:
            app = create_app(settings(**changes), decider)
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start_app


@pytest.fixture
def client(start: StartApp) -> TestClient:
    """The application as it is without a bundle."""
    return start()
