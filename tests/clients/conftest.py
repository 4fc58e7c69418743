"""Clients that people run, each with a fresh home, in front of the real service and a strict provider.

``make test-clients`` installs them and names their folder in ``TIERWISE_TEST_CLIENTS``.
"""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.strict_stub.server import StrictStub
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings

FOLDER = os.environ.get("TIERWISE_TEST_CLIENTS")
SECONDS = 120
TIERS = """
[[tiers]]
name = "small"
[[tiers.models]]
name = "small-1"
base_url = "{url}"
api_key_env = "TESTED_PROVIDER_KEY"
protocols = ["{protocol}"]
input_usd_per_mtok = 1
output_usd_per_mtok = 2
[[tiers]]
name = "frontier"
[[tiers.models]]
name = "frontier-1"
base_url = "{url}"
api_key_env = "TESTED_PROVIDER_KEY"
protocols = ["{protocol}"]
input_usd_per_mtok = 10
output_usd_per_mtok = 20
"""


class ByTurn:
    """The first turn goes to the top tier, and those that carry results of tools to the small one."""

    policy, version, is_slow, guardrails = "by-turn", "1", False, Guardrails()

    def __init__(self, catalogue: TierCatalogue) -> None:
        self.catalogue = catalogue

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        del options
        is_first = all(message.role != "tool" for message in step.messages or ())
        return Decision("frontier" if is_first else "small", self.policy, self.version, Reason("turn", "by turn"))


@dataclass
class Gateway:
    """The running service. ``calls`` are the provider's, newest last."""

    url: str
    stub: StrictStub
    log_url: str

    def models(self) -> list[str]:
        return [entry["model"] for entry in self.stub.seen]

    def recorded(self, n: int) -> list[dict[str, Any]]:
        """The decisions that the log holds, each with an outcome, once there are ``n``."""
        from tierwise.data.decision_log import DecisionLog

        deadline = time.monotonic() + 60
        while True:
            with DecisionLog.open(self.log_url) as log:
                steps = [step for step in log.logged_steps() if step.attempts]
            if len(steps) >= n or time.monotonic() > deadline:
                return [{"step_id": s.step_id, "session": s.session_id, "attempts": s.attempts} for s in steps]
            time.sleep(0.1)


@pytest.fixture(params=["responses", "messages", "chat"])
def protocol(request: pytest.FixtureRequest) -> str:
    """What the provider's models speak."""
    return str(request.param)


@pytest.fixture
def gateway(protocol: str, tmp_path: Path) -> Iterator[Gateway]:
    """With models that speak one protocol, each in turn."""
    stub = StrictStub()
    stub.serve_beside()
    with serving(tmp_path / "gateway", stub.url, protocol, stub) as running:
        yield running
    stub.shutdown()
    stub.server_close()


@contextmanager
def serving(folder: Path, url: str, protocol: str, stub: StrictStub, key: str = "unused") -> Iterator[Gateway]:
    """The real service in ``folder``, in front of a provider at ``url`` behind which ``stub`` stands."""
    folder.mkdir()
    path = folder / "tiers.toml"
    path.write_text(TIERS.format(url=url, protocol=protocol), encoding="utf-8")
    log_url = f"sqlite:///{folder}/decisions.db"
    settings = load_settings(
        {},
        tiers=path,
        log_url=log_url,
        state_folder=folder,
        flush_seconds=0.01,
        model_aliases="gpt-*=auto,claude-*=auto",
        optional_tools="web_search",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTED_PROVIDER_KEY", key)
        app = create_app(settings, ByTurn(TierCatalogue.load(path)))
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Gateway(f"http://127.0.0.1:{listening.getsockname()[1]}", stub, log_url)
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            listening.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.fixture
def run(home: Path, work: Path) -> Callable[..., str]:
    """Runs a program of the clients in the folder ``work`` and gives what it wrote."""
    if not FOLDER:
        pytest.skip("TIERWISE_TEST_CLIENTS is not set; run: make test-clients")
    folder = Path(FOLDER)

    def start(program: str, *arguments: str, **environment: str) -> str:
        known = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        command = [str(where(folder, program)), *arguments]
        done = subprocess.run(
            command,
            cwd=folder if program == "node" else work,
            env={**known, "HOME": str(home), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    return start


def where(folder: Path, program: str) -> Path:
    """Programs of PyPI have an environment of their own, those of npm share one; node is the system's."""
    places = (folder / program / "bin" / program, folder / "node_modules" / ".bin" / program)
    return next((place for place in places if place.exists()), Path(program))


@pytest.fixture
def run_node(run: Callable[..., str], gateway: Gateway) -> Callable[[str], dict[str, Any]]:
    """Runs one of the programs and gives what it found."""
    assert FOLDER is not None

    def start(name: str) -> dict[str, Any]:
        source = Path(__file__).parent / "programs" / name
        copy = Path(str(FOLDER)) / name  # node looks for packages beside the program
        copy.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        found: dict[str, Any] = json.loads(run("node", str(copy), GATEWAY=gateway.url).splitlines()[-1])
        return found

    return start
