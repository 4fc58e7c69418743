"""Latency, load and cost of the service.

    python -m benchmarks.serving [--bundle BUNDLE] [--transformer-bundle BUNDLE | --encoder FOLDER] [--minutes 10]
                                 [--requests 400] [--slices 3] [--litellm-python PYTHON] [--parts PART ...]

Without ``--bundle`` a router is trained on the sample log first (about a minute) and kept in ``.tierwise/bench``; with
``--encoder``, the folder of an exported transformer, so is a second one that uses it. Parts are ``process``,
``static``, ``transformer`` and ``sustained`` (with ``--minutes``); a run that broke off goes on with those that are
missing. Processor times, and their ratios to the /healthz of the same server in the same run, hold on a busy machine
too; wall times do not.
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.serving.cells import Cell, measure
from benchmarks.serving.in_process import print_decisions, print_validation
from benchmarks.serving.server import serving
from benchmarks.serving.sustained import sustain
from tierwise.data.samples import sample_log_path

_FOLDER = Path(".tierwise/bench")
_PARTS = ("process", "static", "transformer", "sustained")


def main() -> None:
    arguments = _arguments()
    bundle = arguments.bundle or _trained_bundle("bundle")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    if "process" in arguments.parts:
        print_validation()
        print_decisions(bundle, arguments.litellm_python)
    if "static" in arguments.parts:
        _print_goals(_print_table("static encoder", bundle, arguments))
    if "transformer" in arguments.parts and (arguments.transformer_bundle or arguments.encoder):
        other = arguments.transformer_bundle or _trained_bundle("transformer", "--encoder", str(arguments.encoder))
        _print_table("transformer encoder", other, arguments)
    if "sustained" in arguments.parts and arguments.minutes:
        with serving(bundle) as server:
            sustain(server, arguments.minutes)


def _print_table(title: str, bundle: Path, arguments: argparse.Namespace) -> list[Cell]:
    print(f"\n{title}: server processor time a request (recording included), as a ratio to /healthz, wall times")
    print(f"  {'request':32}{'conc.':>6}{'cpu ms':>8}{'ratio':>7}{'p50 ms':>8}{'p99 ms':>8}{'req/s':>8}{'failed':>8}")
    with serving(bundle) as server:
        cells = []
        for cell in measure(server, arguments.requests, arguments.slices):
            cells.append(cell)
            print(
                f"  {cell.name:32}{cell.concurrency:6}{cell.cpu_ms:8.3f}{cell.ratio:7.2f}{cell.p50_ms:8.2f}"
                f"{cell.p99_ms:8.2f}{cell.per_second:8.0f}{cell.n_failed:8}",
                flush=True,
            )
    return cells


def _print_goals(cells: list[Cell]) -> None:
    found = {(cell.name, cell.concurrency): cell for cell in cells}
    usual, long = found["/route, 64 tokens, miss", 1], found["/route, 30,000 characters, miss", 1]
    best = max(cell.per_second for cell in cells if cell.name == usual.name)
    goals = (
        ("/route over /healthz, CPU, 64 tokens, miss", usual.ratio, 2.0, "<="),
        ("p50 ms, 64 tokens, one connection", usual.p50_ms, 1.0, "<="),
        ("p99 ms, 64 tokens, one connection", usual.p99_ms, 5.0, "<="),
        ("30,000 characters over 64 tokens, CPU", long.cpu_ms / usual.cpu_ms, 3.0, "<="),
        ("decisions/s, 64 tokens, best concurrency", best, 1000.0, ">="),
    )
    print(f"\n  {'goal':44}{'found':>10}{'reach':>12}")
    for name, value, reach, sign in goals:
        is_met = value <= reach if sign == "<=" else value >= reach
        print(f"  {name:44}{value:10.2f}{sign:>5}{reach:7g}  {'reached' if is_met else 'missed'}")


def _trained_bundle(name: str, *options: str) -> Path:
    folder = _FOLDER / name
    if not (folder / "manifest.json").is_file():
        train = ["train", "--log", str(sample_log_path()), "--out", str(folder), "--no-track", *options]
        subprocess.run([sys.executable, "-m", "tierwise", *train], check=True)
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--transformer-bundle", type=Path)
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--litellm-python", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
