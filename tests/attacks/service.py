"""A service in a process of its own, watched while it is attacked: how long ``/healthz`` takes, how much memory it holds."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

PAGES = (
    "/",
    "/tax",
    "/decisions",
    "/failures",
    "/tasks",
    "/quality",
    "/certificate",
    "/label",
    "/experiments",
    "/routers",
    "/login",
)
"""Of the dashboard; those of one decision or task come beside."""

TIER = """
[[tiers]]
name = "{name}"
models = [{{ name = "{name}-stub", base_url = "http://127.0.0.1:{port}/v1", input_usd_per_mtok = 1, output_usd_per_mtok = 1 }}]
"""


COURSE_TIER = """
[[tiers]]
name = "{name}"
models = [
  {{ name = "{name}-1", base_url = "http://127.0.0.1:{port}/v1", input_usd_per_mtok = {usd}, output_usd_per_mtok = {usd} }},{more}
]
"""
EMBEDDINGS = """
  {{ name = "vectors-1", base_url = "http://127.0.0.1:{port}/v1", protocols = ["embeddings"] }},"""


TURNS = 10
"""How often processes take turns, with room, until ``/healthz`` is answered."""


class Service:
    """Started by :func:`serving`; ``slowest`` and ``grown_bytes`` belong to the last :meth:`watched` block.

    ``slowest`` is the longest that ``/healthz`` took, in seconds, without what a busy machine makes every turn wait.
    """

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self.process, self.address = process, address
        self.port = int(address.rpartition(":")[2])
        self.client = httpx2.Client(base_url=address, timeout=30)
        self.slowest = 0.0
        self.n_probes = 0
        self.grown_bytes = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Asks ``/healthz`` over a connection of its own all the time."""
        done = threading.Event()
        self.slowest, self.n_probes, before = 0.0, 0, self._bytes()
        thread = threading.Thread(target=self._probe, args=(done,))
        thread.start()
        try:
            yield
            time.sleep(0.3)
        finally:
            done.set()
            thread.join()
            self.grown_bytes = self._bytes() - before

    def raw(self, content: bytes, seconds: float = 1.0) -> bytes:
        """What comes back for bytes on a connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            try:
                connection.sendall(content)
                return connection.recv(65_536)
            except OSError:
                return b""

    def stop(self, seconds: float = 25) -> float:
        """SIGTERM, and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=seconds)
        return time.monotonic() - begin

    def worked_seconds(self) -> float:
        """Processor time of the service so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def _probe(self, done: threading.Event) -> None:
        with httpx2.Client(base_url=self.address, timeout=30) as probe:
            slowest = latest = 0.0
            while not done.is_set():
                begin = time.perf_counter()
                assert probe.get("/healthz").status_code == 200
                answered = time.perf_counter()
                time.sleep(0.01)
                latest = max(latest, time.perf_counter() - answered - 0.01)
                slowest = max(slowest, answered - begin)
                self.slowest = max(0.0, slowest - TURNS * latest)
                self.n_probes += 1

    def _bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)


@contextmanager
def running(script: str, *arguments: str) -> Iterator[int]:
    """A server of this folder in a process of its own; gives the port that it prints."""
    command = [sys.executable, "-m", f"tests.attacks.{script}", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def course_tiers(folder: Path, port: int) -> Path:
    """A tiers.toml of three tiers whose models are those of ``hostile_models.py``."""
    more = {"small": EMBEDDINGS.format(port=port)}
    tiers = {"small": 1, "mid": 10, "frontier": 100}
    text = [COURSE_TIER.format(name=name, port=port, usd=usd, more=more.get(name, "")) for name, usd in tiers.items()]
    path = folder / "tiers.toml"
    path.write_text("".join(text))
    return path


@contextmanager
def serving(folder: Path, upstream_port: int | None = None, before_all: str = "", **settings: Any) -> Iterator[Service]:
    """A running service; keywords are settings, ``before_all`` is what its process runs before it imports anything."""
    known: dict[str, Any] = {"port": 0, "log_url": f"sqlite:///{folder}/decisions.db", "log_level": "warning"}
    known["outcome_timeout_seconds"] = 60  # longer than a busy machine takes
    if upstream_port is not None:
        tiers = [TIER.format(name=name, port=upstream_port) for name in ("small", "frontier")]
        (folder / "tiers.toml").write_text("".join(tiers))
        known["tiers"] = folder / "tiers.toml"
    variables = {f"TIERWISE_{name.upper()}": str(value) for name, value in (known | settings).items()}
    program = f"{before_all}\nfrom tierwise.serving.run import serve\nfrom tierwise.serving.settings import load_settings\nserve(load_settings())"
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=os.environ | variables, stdout=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        process.stdout.close()
        raise AssertionError("the service did not start; its words are above")
    service = Service(process, line.split()[-1])
    try:
        _await(service)
        yield service
    finally:
        service.client.close()
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def _await(service: Service) -> None:
    for _ in range(1200):
        try:
            if service.client.get("/healthz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the service never answered")
