"""The service as a process of its own, on a free port, with its processor time and memory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil


@dataclass(frozen=True, slots=True)
class Server:
    """A running ``tierwise serve``."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all threads together."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss / 1e6)


@contextmanager
def serving(bundle: Path | None, **settings: object) -> Iterator[Server]:
    """Starts the service with a decision log of its own and stops it in the end, by its pid."""
    with TemporaryDirectory(prefix="tierwise-bench-") as folder:
        known = {"log_url": f"sqlite:///{folder}/decisions.db", "state_folder": folder, "log_level": "warning"}
        if bundle is not None:
            known["bundle"] = str(bundle.resolve())
        given = {f"TIERWISE_{name.upper()}": str(value) for name, value in (known | settings).items()}
        command = [sys.executable, "-m", "tierwise", "serve", "--port", "0"]
        with subprocess.Popen(command, env=os.environ | given, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().split()[-1]
                yield Server(int(address.rpartition(":")[2]), psutil.Process(process.pid))
            finally:
                process.terminate()
