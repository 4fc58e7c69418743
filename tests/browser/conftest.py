"""A real service on demo traffic, and a real Chromium in front of it.

The bundle is trained and evaluated by ``tierwise demo``; the log is its traffic, spread over the last days so that
timelines have a shape, and multiplied to 100,000 decisions for the tests that measure.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tierwise.cli.first_hour.demo import replay_sample, start_experiment
from tierwise.cli.first_hour.live import route_and_audit
from tierwise.cli.first_hour.story import Told
from tierwise.cli.first_hour.story_log import record_observed
from tierwise.cli.first_hour.traffic import wait_until_ready
from tierwise.cli.flywheel.experiment import keep_report
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.labelled import SAME, Label, add_label, same_items
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs

CHROMIUM = os.environ.get("TIERWISE_TEST_CHROMIUM") or shutil.which("chromium")
N_LARGE = 100_000
ROOT = Path(__file__).resolve().parents[2]
DAYS = 6.5
N_OBSERVED, N_LABELLED = 1_500, 60

SERVE = """
import sys
from tierwise.serving.run import serve
from tierwise.serving.settings import load_settings
serve(load_settings({}, bundle=sys.argv[1], log_url=sys.argv[2], port=int(sys.argv[3]), state_folder=sys.argv[4],
                    log_level="warning", experiment_seconds=0.2))
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo's things lie, and where its service answers."""

    folder: Path
    address: str
    log_url: str
    experiment: str
    pid: int

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: make test-browser")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``tierwise demo`` leaves: a bundle, and the report beside it."""
    folder = tmp_path_factory.mktemp("demo")
    given = os.environ.get("TIERWISE_TEST_DEMO")
    if given is not None:
        shutil.copytree(Path(given) / "bundle", folder / "bundle")
        shutil.copytree(Path(given) / "report", folder / "report")
        return folder
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    command = [sys.executable, "-m", "tierwise", "demo", "--no-serve", "--folder", str(folder)]
    subprocess.run(command, check=True, cwd=folder, env=environment, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def demo(bundle_folder: Path) -> Iterator[Demo]:
    """The service after its demo traffic."""
    log_url = f"sqlite:///{bundle_folder}/decisions.db"
    experiment = start_experiment(log_url)
    with serving(bundle_folder, log_url) as running:
        replay_sample(running.address)
        _spread(bundle_folder / "decisions.db")
        keep_report(log_url, experiment)
        yield Demo(bundle_folder, running.address, log_url, experiment, running.pid)


@pytest.fixture(scope="session")
def story(bundle_folder: Path) -> Iterator[str]:
    """The address of a service whose log tells the demo's story: observed, mirrored, routed, audited, labelled."""
    catalogue = TierCatalogue.load(sample_tiers_path())
    steps = load_step_logs([sample_log_path()], catalogue).steps
    log_url = f"sqlite:///{bundle_folder}/story.db"
    told = Told.of(steps[:N_OBSERVED], catalogue.top.name)
    record_observed(log_url, told, time.time() - 60)
    state = bundle_folder / ".tierwise"
    for number, item in enumerate(same_items(told.steps, catalogue.top.name)[:N_LABELLED]):
        add_label(
            state / "labels.jsonl", Label(item.step_id, item.tier, SAME, item.verdict == (number % 9 > 0), "ada", 0)
        )
    with serving(bundle_folder, log_url, state.name) as running:
        route_and_audit(running.address, steps[N_OBSERVED:], catalogue.names)
        yield running.address


@pytest.fixture(scope="session")
def large(demo: Demo) -> Iterator[Demo]:
    """The same with 100,000 decisions in the log."""
    path = demo.folder / "large.db"
    with sqlite3.connect(demo.folder / "decisions.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
    _multiply(path)
    log_url = f"sqlite:///{path}"
    with serving(demo.folder, log_url) as running:
        yield Demo(demo.folder, running.address, log_url, demo.experiment, running.pid)


class serving:  # noqa: N801 - used as a with-statement
    """Runs the service on a free port; stops the very process that it started."""

    def __init__(self, folder: Path, log_url: str, state: str | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        state = state or f"state-{self._port}"
        self._folder = folder
        arguments = [str(folder / "bundle"), log_url, str(self._port), state]
        self._command = [sys.executable, "-c", SERVE, *arguments]

    def __enter__(self) -> "serving":
        self._process = subprocess.Popen(self._command, cwd=self._folder, env=_importable(), stdout=subprocess.DEVNULL)
        self.address, self.pid = f"http://127.0.0.1:{self._port}", self._process.pid
        wait_until_ready(self.address, 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


def _importable() -> dict[str, str]:
    """The environment, with this checkout in front."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}


def _spread(path: Path) -> None:
    """Moves the traffic of a minute over the last days, in the same order."""
    with sqlite3.connect(path, timeout=30) as log:
        first, last = log.execute("SELECT min(created_at), max(created_at) FROM decisions").fetchone()
        start, factor = time.time() - 60 - DAYS * 86_400, DAYS * 86_400 / (last - first)
        log.execute("UPDATE decisions SET created_at = ? + (created_at - ?) * ?", (start, first, factor))
        log.execute("UPDATE experiments SET content = json_set(content, '$.started_at', ?)", (start - 60,))


def _multiply(path: Path) -> None:
    """Copies every decision with its outcomes until there are 100,000, ids and tasks of their own."""
    with sqlite3.connect(path) as log:
        n = log.execute("SELECT count(*) FROM decisions").fetchone()[0]
        names = {"decisions": _columns(log, "decisions"), "outcomes": _columns(log, "outcomes")}
        changed = {"decision_id": "decision_id || '-' || ?1", "task_id": "task_id || '-' || ?1"}
        for copy in range(1, N_LARGE // n + 1):
            for table, columns in names.items():
                picked = ", ".join(changed.get(name, name) for name in columns)
                limit = "WHERE decision_id NOT LIKE '%-%-%' AND ?1 = ?1 ORDER BY seq"
                log.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {picked} FROM {table} {limit}", (copy,))


def _columns(log: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in log.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
