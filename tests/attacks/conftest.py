"""What the attacks share. ``TIERWISE_TEST_ATTACKS`` multiplies their numbers: 1 in CI, 20 for ``make attack``."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attacks.service import running
from tests.databases import new_database

SCALE = int(os.environ.get("TIERWISE_TEST_ATTACKS", "1"))
StartHostile = Callable[..., int]


@pytest.fixture
def start_hostile() -> Iterator[StartHostile]:
    """Starts a server that answers as badly as it can; the argument is the good answer that it spoils, as JSON."""
    with ExitStack() as stack:

        def start(good: str = "") -> int:
            return stack.enter_context(running("hostile_server", *([good] if good else [])))

        yield start


@pytest.fixture(scope="session")
def models_port() -> Iterator[int]:
    """The port of ``hostile_models``."""
    with running("hostile_models") as port:
        yield port


def peak_bytes() -> int:
    """The most memory that this process has held so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of an empty log, on each database in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/decisions.db"
        return
    with new_database() as url:
        yield url
