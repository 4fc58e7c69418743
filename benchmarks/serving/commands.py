"""What the command line costs beside an earlier commit: deciding a log, and starting the service."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.scale.steps import log_parts
from benchmarks.serving.page import PairRow
from benchmarks.serving.server import await_workers, installed, serving

_N_TURNS = 3


def command_rows(sources: Mapping[str, Path], bundles: Mapping[str, Path], n_steps: int) -> Iterator[PairRow]:
    """Versions by ``old`` and ``new``, the folder of their code and their bundle; they take turns."""
    with TemporaryDirectory(prefix="tierwise-bench-") as folder:
        parts = log_parts(Path(folder) / "log", n_steps, lambda: None)
        steps = [argument for part in parts for argument in ("--steps", str(part))]

        def decided(name: str) -> float:
            out = ["--bundle", str(bundles[name].resolve()), "--out", str(Path(folder) / f"{name}.jsonl")]
            return _cpu_seconds(sources[name], ["decide", *steps, *out])

        yield _row(f"decide, {n_steps:,} steps", "s", decided)

    def started(name: str) -> float:
        with serving(bundles[name], sources[name].resolve()) as server:
            return server.cpu_seconds()

    yield _row("serve, until it listens", "s", started)

    def held(name: str) -> float:
        with serving(bundles[name], sources[name].resolve()) as server:
            server.settle()
            return server.resident_mb()

    yield _row("serve, resident memory", "MB", held)

    def held_by_two(name: str) -> float:
        with serving(bundles[name], sources[name].resolve(), workers=2) as server:
            await_workers(server, 2)
            return server.tree_mb()

    yield _row("serve, two workers, memory", "MB", held_by_two)


def _row(name: str, unit: str, measure: Callable[[str], float]) -> PairRow:
    found = [(measure("old"), measure("new")) for _ in range(_N_TURNS + 1)][1:]  # the first turn compiles
    ratios = [new / old for old, new in found]
    old, new = (median(values) for values in zip(*found, strict=True))
    return PairRow(name, unit, old, new, median(ratios), min(ratios), max(ratios))


def _cpu_seconds(source: Path, arguments: list[str]) -> float:
    """User and system time of a command."""
    before = os.times()
    command = [sys.executable, "-m", "tierwise", *arguments]
    environment = installed({"PYTHONPATH": str(source.resolve())})
    subprocess.run(command, check=True, cwd=source, env=environment, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
