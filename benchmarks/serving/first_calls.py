"""What a caller's first call costs: fresh processes against a service that answers, and against one that is dead.

    python -m benchmarks.serving.first_calls [--processes 50]

A fresh process imports, connects and asks once, as a script does. On an idle machine no such call may fall back within
the client's 50 ms, and a dead service may cost 60 ms a call at most, answered with the top tier.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.walk.live import ROOT, served

DEADLINE_MS = 50.0
N_CALLS_OF_THE_DEAD = 20
_CALLER = """
import json, sys, time
from tierwise import Client
address, deadline_ms, n_calls = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
client = Client(address, spool=None, deadline_ms=deadline_ms)
calls = []
for i in range(n_calls):
    began = time.perf_counter()
    decision = client.route(text=f"Extract the total of invoice {i}.", task_type="extract", input_complexity=2)
    calls.append([decision.fallback, decision.tier, (time.perf_counter() - began) * 1000])
print(json.dumps(calls))
client.close(timeout_seconds=0)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ``Client.route`` as its caller saw it."""

    is_fallback: bool
    tier: str
    took_ms: float


def first_calls(address: str, n_processes: int, deadline_ms: float = DEADLINE_MS) -> list[Call]:
    """The first call of each of so many fresh processes, one after the other."""
    return [call for _ in range(n_processes) for call in calls_of_a_process(address, 1, deadline_ms)]


def calls_of_a_process(address: str, n_calls: int, deadline_ms: float = DEADLINE_MS) -> list[Call]:
    """The calls of one fresh process."""
    command = [sys.executable, "-c", _CALLER, address, str(deadline_ms), str(n_calls)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [Call(*each) for each in json.loads(ran.stdout)]


def dead_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class Silent:
    """A service that takes connections and never says a word, as one that hangs does; a ``with`` block ends it."""

    def __enter__(self) -> str:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._listening.close()


def line(name: str, calls: Sequence[Call]) -> str:
    """The calls in one row of a table."""
    took = sorted(call.took_ms for call in calls)
    n_fallback = sum(call.is_fallback for call in calls)
    tiers = ", ".join(sorted({call.tier for call in calls}))
    return f"| {name} | {len(calls)} | {n_fallback} | {tiers} | {took[len(took) // 2]:.1f} | {took[-1]:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=50)
    n_processes = parser.parse_args().processes
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    print("| service | calls | fall back | tiers | median ms | most ms |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), "--rules") as address:
        time.sleep(1)
        print(line("answers, first calls", first_calls(address, n_processes)), flush=True)
    print(line("nobody listens", calls_of_a_process(dead_address(), N_CALLS_OF_THE_DEAD)), flush=True)
    print(line("nobody listens, first calls", first_calls(dead_address(), n_processes // 5)), flush=True)
    with Silent() as address:
        print(line("hangs", calls_of_a_process(address, N_CALLS_OF_THE_DEAD)), flush=True)


if __name__ == "__main__":
    main()
