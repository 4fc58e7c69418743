"""This version and an earlier commit side by side: both serve at once and are asked in turns, in slices.

    python -m benchmarks.serving.pairs [--commit 6a9c019] [--requests 200] [--slices 5] [--folder .tierwise/bench]
                                       [--steps 10000] [--only CASE ...] [--write]

``--write`` stores what was found and puts it into RESULTS.md. ``--steps`` are decided by the command line as well.
Each trains its own router on the sample log first, once. What is printed is processor time a request, recording
included, as the median over slices, and the median of the slices' ratios: they hold on a busy machine too.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from json import dumps
from pathlib import Path

from benchmarks.serving.accepting import accept_body, judging_bundle
from benchmarks.serving.bodies import SIZES, post, route_body, step_of, text_of
from benchmarks.serving.commands import command_rows
from benchmarks.serving.load import run_load
from benchmarks.serving.page import PairRow, PairsRun, write_page
from benchmarks.serving.server import Server, serving
from benchmarks.serving.upstream import provider, tiers_at
from tierwise.data.samples import sample_log_path

_USUAL, _LONG = SIZES[1], SIZES[3]
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of request; ``n_steps`` are decided by one. ``per_second`` paces requests; None asks in a loop. ``old`` is
    what the earlier commit is asked instead, where it lacks the path."""

    name: str
    request: Callable[[int], bytes]
    n_steps: int = 1
    per_second: float | None = None
    old: Callable[[int], bytes] | None = None

    def of(self, name: str) -> Callable[[int], bytes]:
        """The requests of one side."""
        return self.old if name == "old" and self.old is not None else self.request


def main() -> None:
    arguments = _arguments()
    folder: Path = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    source = source_of(arguments.commit, folder)
    new, old = (
        judging_bundle(bundle_of(folder / "bundle", Path())),
        bundle_of(folder / f"bundle-{arguments.commit}", source),
    )
    print(f"{time.strftime('%d %B %Y')}, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(f"{'request':34}{arguments.commit:>10}{'now':>10}{'ratio':>8}   of processor time")
    with provider() as url:
        tiers = tiers_at(url, folder)
        with serving(new, tiers=tiers) as ours, serving(old, source, tiers=tiers) as theirs:
            servers = {"old": theirs, "new": ours}
            rows = [shown(row) for row in _rows(servers, arguments.requests, arguments.slices, arguments.only)]
    if not arguments.only:
        rows += [
            shown(row)
            for row in command_rows({"old": source, "new": Path()}, {"old": old, "new": new}, arguments.steps)
        ]
    if arguments.write:
        write_page(PairsRun(arguments.commit, arguments.requests, arguments.slices, tuple(rows)))


def shown(row: PairRow) -> PairRow:
    """``row``, printed."""
    print(f"{row.name:34}{row.old:10.3f}{row.new:10.3f}{row.ratio:8.2f}   {row.unit}", flush=True)
    return row


def _rows(servers: Mapping[str, Server], n_requests: int, n_slices: int, only: list[str]) -> Iterator[PairRow]:
    """A row for each case, in milliseconds a step."""
    numbers = count()
    for case in _cases():
        if only and not case.name.startswith(tuple(only)):
            continue
        n_sent = max(4, n_requests // case.n_steps)
        spent: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(n_slices + 1):
            for name, server in servers.items():
                requests = [case.of(name)(next(numbers)) for _ in range(n_sent)]
                cpu_ms = _cpu_ms(server, requests, case) / case.n_steps
                if turn:  # the first slice warms up
                    spent[name].append(cpu_ms)
        ratios = [new / old for new, old in zip(spent["new"], spent["old"], strict=True)]
        old_ms, new_ms = (statistics.median(spent[name]) for name in ("old", "new"))
        yield PairRow(case.name, "ms a step", old_ms, new_ms, statistics.median(ratios), min(ratios), max(ratios))


def _cpu_ms(server: Server, requests: Iterable[bytes], case: Case) -> float:
    load = run_load(server, requests, 1, case.per_second)
    if load.n_failed:
        raise SystemExit(f"{case.name}: {load.n_failed} requests failed")
    return load.cpu_ms


def _cases() -> tuple[Case, ...]:
    def route(number: int) -> bytes:
        return post("/route", route_body(_USUAL, number))

    def long_route(number: int) -> bytes:
        return post("/route", route_body(_LONG, number))

    def accept(number: int) -> bytes:
        return post("/accept", accept_body(number))

    def batch(number: int) -> bytes:
        steps = [{"step": step_of(_USUAL, number * _BATCH + i)} for i in range(_BATCH)]
        return post("/route/batch", dumps({"requests": steps}).encode())

    def chat(model: str) -> Callable[[int], bytes]:
        def request(number: int) -> bytes:
            message = {"role": "user", "content": text_of(_USUAL, number)}
            return post("/v1/chat/completions", dumps({"model": model, "messages": [message]}).encode())

        return request

    return (
        Case("route", route),
        Case("accept two answers, over route", accept, old=route),
        Case("route, 50 a second", route, per_second=50.0),
        Case("route, 30,000 characters", long_route),
        Case("gateway, auto", chat("auto")),
        Case("gateway, auto, 20 a second", chat("auto"), per_second=20.0),
        Case("gateway, named", chat("mid-1")),
        Case("batch of 100", batch, _BATCH),
    )


def source_of(commit: str, folder: Path) -> Path:
    """A folder with the code of ``commit``."""
    source = folder / f"source-{commit}"
    if not source.is_dir():
        packed = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(source, filter="data")
    return source


def bundle_of(folder: Path, source: Path) -> Path:
    """A router that the code in ``source`` trains on the sample log; its format may differ from ours."""
    if not (folder / "manifest.json").is_file():
        train = ["train", "--log", str(sample_log_path()), "--out", str(folder), "--no-track"]
        environment = os.environ | {"PYTHONPATH": str(source.resolve())}
        subprocess.run([sys.executable, "-m", "tierwise", *train], check=True, env=environment, cwd=source)
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default="6a9c019")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(".tierwise/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
