"""What the attacks share. ``TIERWISE_TEST_ATTACKS`` multiplies their numbers: 1 in CI, 20 for ``make attack``."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.attacks.service import running
from tierwise.data.catalogue import TierCatalogue

if TYPE_CHECKING:
    from tierwise.training.config import TrainConfig

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


@pytest.fixture(scope="session")
def course_bundle(
    catalogue: TierCatalogue, quick_config: "TrainConfig", tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bundle with a course for steps of the type ``count``."""
    from tests.training.answered_world import answered_world
    from tierwise.training.train import train_router

    folder: Path = tmp_path_factory.mktemp("courses") / "bundle"
    train_router(answered_world(500), catalogue, quick_config).save(folder)
    return folder


def peak_bytes() -> int:
    """The most memory that this process has held so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
