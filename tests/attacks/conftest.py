"""What the attacks share. ``TIERWISE_TEST_ATTACKS`` multiplies their numbers: 1 in CI, 20 for ``make attack``."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCALE = int(os.environ.get("TIERWISE_TEST_ATTACKS", "1"))
StartHostile = Callable[..., int]


@pytest.fixture
def start_hostile() -> Iterator[StartHostile]:
    """Starts a server that answers as badly as it can; the argument is the good answer that it spoils, as JSON."""
    started: list[subprocess.Popen[Any]] = []

    def start(good: str = "") -> int:
        command = [sys.executable, str(Path(__file__).with_name("hostile_server.py")), *([good] if good else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def peak_bytes() -> int:
    """The most memory that this process has held so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
