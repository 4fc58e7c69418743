"""What every test may use: a small priced catalogue, a router trained once on the sample log, a stub provider, and a
hypothesis profile with the same examples each run."""

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.certificates import none_read
from tests.examples import register_profiles
from tests.new_logs import laid_at_once
from tests.shared import load_training, made_once, save_training
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.training.config import TrainConfig
    from tierwise.training.train import TrainedRouter

N_TRAIN_STEPS = 400

# Benchmarks and tools are no part of the package: the checkout goes to the end of the path, after everything installed.
_ROOT = str(Path(__file__).parents[1])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

# Training starts processes of its own where the clock says that they pay, and what else the machine does decides that.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
register_profiles()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what runs on PostgreSQL alone."""
    for item in items:
        chosen = (
            item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        )
        needed = {"postgres_url", "postgres_database"}.intersection(getattr(item, "fixturenames", ()))
        if "postgresql" in chosen or needed:
            item.add_marker("postgres")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays until the end: the garbage collector passes it over, and comes seldom."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with none_read(tmp_path_factory.mktemp("certificates")):
        yield


@pytest.fixture(scope="session", autouse=True)
def _new_logs() -> Iterator[None]:
    with laid_at_once():
        yield


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A program that a test ran in this process sends its logs to what was stderr then; no later test is told."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)
    for handler in [one for one in logging.root.handlers if type(one) is logging.StreamHandler]:
        logging.root.removeHandler(handler)


@pytest.fixture(scope="session")
def catalogue() -> TierCatalogue:
    """Small, mid and frontier; a million input tokens cost 1, 4 and 16 dollars, output tokens twice that."""
    prices = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
    tiers = [
        {"name": name, "models": [{"name": f"{name}-1", "input_usd_per_mtok": usd, "output_usd_per_mtok": 2 * usd}]}
        for name, usd in prices.items()
    ]
    return TierCatalogue.from_mapping({"tiers": tiers})


@pytest.fixture(scope="session")
def sample_catalogue() -> TierCatalogue:
    return TierCatalogue.load(sample_tiers_path())


@pytest.fixture(scope="session")
def sample_steps(sample_catalogue: TierCatalogue) -> tuple[LoggedStep, ...]:
    """The sample log; every tier of every step is known."""
    return load_step_logs([sample_log_path()], sample_catalogue).steps


@pytest.fixture(scope="session")
def train_steps(sample_steps: tuple[LoggedStep, ...]) -> tuple[LoggedStep, ...]:
    """What the shared router learned from."""
    return sample_steps[:N_TRAIN_STEPS]


@pytest.fixture(scope="session")
def held_out_steps(sample_steps: tuple[LoggedStep, ...]) -> tuple[LoggedStep, ...]:
    """As many steps that the shared router never saw."""
    return sample_steps[N_TRAIN_STEPS : 2 * N_TRAIN_STEPS]


@pytest.fixture(scope="session")
def quick_config() -> "TrainConfig":
    """Trains in a second or two, and well enough for operating points at a few percent of loss."""
    from tierwise.training.config import TrainConfig
    from tierwise.training.fitting.tier_classifier import BoosterParams

    return TrainConfig(n_folds=3, n_components=8, booster=BoosterParams(n_rounds=24, learning_rate=0.15, num_leaves=7))


@pytest.fixture(scope="session")
def trained_folder(
    train_steps: tuple[LoggedStep, ...],
    sample_catalogue: TierCatalogue,
    quick_config: "TrainConfig",
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The shared router on disk, and what training knows of it besides."""
    from tierwise.training.train import train_router

    def train(folder: Path) -> None:
        save_training(train_router(train_steps, sample_catalogue, quick_config), folder)

    return made_once(tmp_path_factory, "trained", train)


@pytest.fixture(scope="session")
def bundle_folder(trained_folder: Path) -> Path:
    """The bundle of the shared router; copy it before you change it."""
    return trained_folder / "bundle"


@pytest.fixture(scope="session")
def router(bundle_folder: Path) -> Router:
    return Router.load(bundle_folder)


@pytest.fixture(scope="session")
def trained(trained_folder: Path) -> "TrainedRouter":
    """A small router as training gave it; nobody changes it."""
    return load_training(trained_folder)


@pytest.fixture(scope="session")
def answered_training(
    catalogue: TierCatalogue, quick_config: "TrainConfig", tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A training on answers; :func:`load_training` reads it."""
    from tests.training.answered_world import answered_world
    from tierwise.training.train import train_router

    def train(folder: Path) -> None:
        save_training(train_router(answered_world(500), catalogue, quick_config), folder)

    return made_once(tmp_path_factory, "answered", train)


@pytest.fixture(scope="session")
def answered_folder(answered_training: Path) -> Path:
    """The bundle of ``answered``; copy it before you change it."""
    return answered_training / "bundle"


@pytest.fixture(scope="session")
def answered(answered_folder: Path) -> Router:
    """A router that learned from answers and has a course for steps of the type ``count``."""
    return Router.load(answered_folder)


@pytest.fixture(scope="session")
def stub_url() -> Iterator[str]:
    """The address of a stub provider in a process of its own; the names of models say how it behaves."""
    script = Path(__file__).parents[1] / "examples" / "stub_upstream.py"
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
