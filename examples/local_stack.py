"""What the examples run on: a stub provider and a Tierwise service, both on loopback, both stopped at the end.

Outside of examples, ``tierwise serve --tiers tiers.toml`` with the addresses of your own providers takes its place.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep

TIERS = """
[[tiers]]
name = "{name}"
  [[tiers.models]]
  name = "stub-{name}"
  base_url = "{provider}"
  input_usd_per_mtok = {price}
  output_usd_per_mtok = {price}
"""
PRICES = {"small": 0.1, "mid": 1.0, "frontier": 10.0}


@dataclass(frozen=True)
class LocalStack:
    """``provider`` is the base URL of the stub, ``service`` the address of Tierwise, ``tiers`` their tiers.toml."""

    provider: str
    service: str
    tiers: Path
    log_url: str

    def logged_steps(self, n_attempts: int = 0, seconds: float = 10.0) -> list[LoggedStep]:
        """The decision log, once it holds ``n_attempts``."""
        deadline = time.monotonic() + seconds
        while True:
            with DecisionLog.open(self.log_url) as log:
                steps = list(log.logged_steps())
            if sum(len(step.attempts) for step in steps) >= n_attempts or time.monotonic() > deadline:
                return steps
            time.sleep(0.1)

    def print_log(self, n_attempts: int = 1) -> None:
        """What was decided and what came of it."""
        print("\ndecided    model          success  in  out  cost in USD  task type")
        for step in self.logged_steps(n_attempts):
            for each in step.attempts:
                tokens = f"{each.input_tokens!s:>4} {each.output_tokens!s:>4}"
                cost = "unknown" if each.cost_usd is None else f"{each.cost_usd:.7f}"
                print(f"{each.tier:10} {each.model!s:14} {each.success!s:7} {tokens} {cost:>12}  {step.step.task_type}")


@contextmanager
def local_stack() -> Iterator[LocalStack]:
    """Starts both on free ports."""
    with TemporaryDirectory() as folder, _started(str(Path(__file__).with_name("stub_upstream.py"))) as provider:
        tiers = Path(folder, "tiers.toml")
        tiers.write_text("".join(TIERS.format(name=n, price=p, provider=provider) for n, p in PRICES.items()))
        log_url = f"sqlite:///{folder}/decisions.db"
        command = ["-m", "tierwise", "serve", "--rules", "--port", "0", "--tiers", str(tiers), "--log-url", log_url]
        quiet = {"TIERWISE_LOG_LEVEL": "warning", "TIERWISE_STATE_FOLDER": folder}
        with _started(*command, environment=quiet) as announced:
            yield LocalStack(provider, announced.rpartition(" ")[2], tiers, log_url)


@contextmanager
def _started(*arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """A Python process, and the line that it prints when it is ready."""
    everything = {**os.environ, **environment}
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=everything) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
