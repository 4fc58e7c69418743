"""One training of ``tierwise train``, from a shell's point of view: what it takes and what comes out."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.scale.cluster import running_cluster
from tierwise.data.samples import sample_tiers_path


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` on the clock, which other work on the machine stretches, and ``cpu_seconds`` of all processes, which
    it hardly does. ``peak_mb`` is the largest resident set of the command, ``worker_peak_mb`` that of a worker."""

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
    _, status, usage = os.wait4(process.pid, 0)
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
        peak_mb=usage.ru_maxrss / 1e3,
        worker_peak_mb=max((_peak_mb(worker.pid) for worker in of_workers), default=None),
        load_average=(load + os.getloadavg()[0]) / 2,
        router_version=manifest["router_version"],
    )


def _peak_mb(pid: int) -> float:
    """The largest resident set of a living process so far (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e3
