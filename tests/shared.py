"""What is made once, however many processes share the tests: the first that needs it makes it, the others wait."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The path that ``make`` wrote: a file or a folder called ``name`` in the run's temporary folder."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    root.mkdir(exist_ok=True)
    path, unfinished = root / name, root / f"unfinished-{name}"
    with FileLock(root / f"{name}.lock"):
        if not path.exists():
            make(unfinished)
            unfinished.rename(path)
    return path
