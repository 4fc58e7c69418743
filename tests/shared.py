"""What is made once, however many processes share the tests: the first that needs it makes it, the others wait."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.training.train import TrainedRouter


def save_training(trained: "TrainedRouter", folder: Path) -> None:
    """Writes the bundle of ``trained``, and beside it what training knows besides."""
    trained.save(folder / "bundle")
    rest = {name: getattr(trained, name) for name in ("summary", "data_fingerprint", "golden_steps")}
    (folder / "rest").write_bytes(pickle.dumps(rest))


def load_training(folder: Path) -> "TrainedRouter":
    """What :func:`save_training` wrote; saved again it gives the same bundle."""
    from tierwise.training.train import TrainedRouter

    rest = pickle.loads((folder / "rest").read_bytes())
    return TrainedRouter(Router.load(folder / "bundle").parts, **rest)


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
