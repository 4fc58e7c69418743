"""A Dask cluster of two worker processes on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
_HERE = ("--host", "127.0.0.1", "--no-dashboard")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A scheduler and the ``address`` where it listens, and workers: processes of one thread that nobody restarts."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]


@contextmanager
def running_cluster(folder: Path, n_workers: int = 2) -> Iterator[Cluster]:
    """Starts scheduler and workers, and ends them; ``folder`` keeps what they write."""
    file = folder / "scheduler.json"
    processes = [_started("scheduler", folder, "--port", "0", "--no-show", "--scheduler-file", str(file))]
    try:
        _wait_for(file)
        for number in range(n_workers):
            place = ("--scheduler-file", str(file), "--local-directory", str(folder / f"worker-{number}"))
            processes.append(_started("worker", folder, "--nthreads", "1", "--no-nanny", *place))
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        yield Cluster(address, processes[0], tuple(processes[1:]))
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGKILL)
            process.wait()


def _started(kind: str, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *_HERE, *options]
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def _wait_for(file: Path) -> None:
    """Until the scheduler has written its address. Raises ``TimeoutError``."""
    deadline = time.monotonic() + START_SECONDS
    while not (file.exists() and file.read_text(encoding="utf-8").strip().endswith("}")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the scheduler wrote no {file} within {START_SECONDS} s")
        time.sleep(0.05)
