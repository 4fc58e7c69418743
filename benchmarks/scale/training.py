"""One training of ``tierwise train``, from a shell's point of view: what it takes and what comes out."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import psutil

from benchmarks.scale.cluster import running_cluster
from tierwise.data.samples import sample_tiers_path


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` on the clock, which other work on the machine stretches, and ``cpu_seconds`` of all processes, which
    it hardly does. ``peak_mb`` is the most memory of the command and the processes that it starts, what they share
    counted once, as seen every quarter of a second; ``worker_peak_mb`` the largest resident set of a cluster's worker.
    """

    engine: str
    n_steps: int
    n_learned: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    worker_peak_mb: float | None
    load_average: float
    router_version: str

    @property
    def rows_per_second(self) -> float:
        return self.n_steps / self.seconds

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure_training(engine: str, parts: list[Path], n_steps: int) -> Measured:
    """Trains on ``parts`` with the built-in configuration, here or on two workers of a cluster on this machine."""
    with TemporaryDirectory(prefix="tierwise-scale-") as name:
        folder = Path(name)
        if engine == "local":
            return _measured(engine, parts, n_steps, folder, [], [])
        with running_cluster(folder) as cluster:
            options = ["--engine", engine, "--address", cluster.address]
            return _measured(engine, parts, n_steps, folder, options, [worker.pid for worker in cluster.workers])


def _measured(
    engine: str, parts: list[Path], n_steps: int, folder: Path, options: list[str], workers: list[int]
) -> Measured:
    log = folder / "log"
    log.mkdir()
    for part in parts:
        (log / part.name).symlink_to(part.resolve())
    bundle = folder / "bundle"
    command = [sys.executable, "-m", "tierwise", "train", "--log", str(log), "--tiers", str(sample_tiers_path())]
    started, load = time.monotonic(), os.getloadavg()[0]
    process = subprocess.Popen([*command, "--out", str(bundle), "--no-track", *options])
    watch = _MemoryWatch(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    peak_mb = watch.peak_mb()
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"tierwise train ended with {process.returncode} on {n_steps} steps, engine {engine}")
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    of_workers = [psutil.Process(pid) for pid in workers]
    cpu = usage.ru_utime + usage.ru_stime + sum(sum(worker.cpu_times()[:2]) for worker in of_workers)
    return Measured(
        engine=engine,
        n_steps=n_steps,
        n_learned=manifest["training"]["n_steps"],
        seconds=seconds,
        cpu_seconds=cpu,
        peak_mb=peak_mb,
        worker_peak_mb=max((_peak_mb(worker.pid) for worker in of_workers), default=None),
        load_average=(load + os.getloadavg()[0]) / 2,
        router_version=manifest["router_version"],
    )


class _MemoryWatch:
    """Looks at a process and all below it until it ends."""

    def __init__(self, pid: int) -> None:
        self._top = psutil.Process(pid)
        self._peak = 0
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak_mb(self) -> float:
        """The most that was seen; call it when the process has ended."""
        self._thread.join()
        return self._peak / 1e6

    def _watch(self) -> None:
        with suppress(psutil.NoSuchProcess):
            while self._top.status() != psutil.STATUS_ZOMBIE:
                self._peak = max(self._peak, sum(map(_own_bytes, [self._top, *self._top.children(recursive=True)])))
                time.sleep(0.25)


def _own_bytes(process: psutil.Process) -> int:
    """Resident memory, shared pages divided by those who share them; 0 for a process that has just ended."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _peak_mb(pid: int) -> float:
    """The largest resident set of a living process so far (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e3
