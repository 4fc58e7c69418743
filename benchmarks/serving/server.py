"""The service as a process of its own, on a free port, with its processor time and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

PAUSE_SECONDS = 0.5  # longer than two batches of the recorder
RESTING_SECONDS = 0.002  # an idle server spends nearly half of it on its watchers
MAX_PAUSES = 20
_BYTECODE = Path(".tierwise/bench/bytecode")


@dataclass(frozen=True, slots=True)
class Server:
    """A running ``tierwise serve``."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all threads together; to the nanosecond where Linux tells."""
        spent_ns = [_spent_ns(path) for path in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")]
        if spent_ns:
            return sum(spent_ns) / 1e9
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def settle(self) -> None:
        """Waits until the server rests: what the recorder still writes is charged to those who asked."""
        before = self.cpu_seconds()
        for _ in range(MAX_PAUSES):
            time.sleep(PAUSE_SECONDS)
            now = self.cpu_seconds()
            if now - before < RESTING_SECONDS:
                return
            before = now

    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss / 1e6)

    def tree_mb(self) -> float:
        """Of the process and all that it started; what several share counts once (Linux)."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(each.memory_full_info().pss for each in family) / 1e6)


def await_workers(server: Server, n_workers: int) -> None:
    """Waits until all of a supervisor's workers have started and rest."""
    for _ in range(MAX_PAUSES * 4):
        family = server.process.children(recursive=True)
        if len(family) >= n_workers and all(each.cpu_percent(PAUSE_SECONDS) < 1 for each in family):
            return
    raise SystemExit(f"{n_workers} workers did not come to rest")


@contextmanager
def serving(bundle: Path | None, source: Path | None = None, **settings: object) -> Iterator[Server]:
    """Starts the service with a decision log of its own and stops it in the end, by its pid.

    ``source`` is a folder with the code of another version; its own is the default.
    """
    with TemporaryDirectory(prefix="tierwise-bench-") as folder:
        known = {"log_url": f"sqlite:///{folder}/decisions.db", "state_folder": folder, "log_level": "warning"}
        if bundle is not None:
            known["bundle"] = str(bundle.resolve())
        given = {f"TIERWISE_{name.upper()}": str(value) for name, value in (known | settings).items()}
        command = [sys.executable, "-m", "tierwise", "serve", "--port", "0"]
        if source is not None:  # the working directory comes before everything installed
            given["PYTHONPATH"] = str(source.resolve())
        with subprocess.Popen(command, env=installed(given), cwd=source, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().split()[-1]
                yield Server(int(address.rpartition(":")[2]), psutil.Process(process.pid))
            finally:
                process.terminate()


def installed(more: Mapping[str, str]) -> dict[str, str]:
    """The environment as users have it: what was compiled once is read, in whatever folder the code of a version is."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(_BYTECODE.resolve())} | dict(more)


def _spent_ns(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except OSError:  # a thread that has just ended
        return 0
