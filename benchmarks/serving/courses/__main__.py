"""Whole calls with courses beside single shots: the service, its client and its gateway before models that take time.

    python -m benchmarks.serving.courses [--folder .tierwise/bench/courses] [--scale 0.05] [--assumed 2] [--write]

A router learns from the sample log without every fifth template; the steps of those are played. Scripted models answer
what the log's answered, after the times that it tells, scaled; the top tier's times are assumed, as a multiple of
mid's. What a call takes beyond its models' times is not scaled. ``--write`` puts the table into RESULTS.md.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.serving.courses.callers import MAX_QUALITY_LOSS, Callers, Timed, play
from benchmarks.serving.courses.timed_models import TIERS, TimedStep, timed_models, timed_steps
from benchmarks.serving.page import CourseRow, CoursesRun, write_courses
from benchmarks.walk.courses.learned import HELD_OUT, learn
from benchmarks.walk.courses.models import tiers_toml
from benchmarks.walk.live import served
from tierwise import AsyncClient
from tierwise.data.step_log import load_step_logs

N_CALLERS = 2
N_WARM, N_A_TURN = 20, 48
DEADLINE_MS = 10_000.0
"""Far above the client's 50 ms: on a busy machine a call that falls back would not measure the service."""


def main() -> None:
    given = _arguments()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    learn(folder)
    steps = timed_steps(load_step_logs([folder / HELD_OUT]).steps, given.assumed, given.scale)
    with timed_models(steps) as models:
        tiers = folder / "tiers.toml"
        tiers.write_text(tiers_toml(dict.fromkeys(TIERS, models), {}), encoding="utf-8")
        log_url = f"sqlite:///{folder}/decisions.db"
        options = ("--bundle", str(folder / "bundle"), "--tiers", str(tiers), "--courses", "--log-url", log_url)
        with served(folder, *options, audit_share=0) as service:
            rows = asyncio.run(_rows(service, models, tiers, steps))
    run = CoursesRun(given.scale, given.assumed, MAX_QUALITY_LOSS, N_CALLERS, tuple(rows))
    for row in rows:
        print(row)
    if given.write:
        write_courses(run)


async def _rows(service: str, models: str, tiers: Path, steps: Sequence[TimedStep]) -> list[CourseRow]:
    async with (
        AsyncClient(service, tiers=tiers, deadline_ms=DEADLINE_MS, spool=None) as client,
        httpx2.AsyncClient(timeout=600) as http,
    ):
        ways = Callers(service, models, client, http).ways()
        calls: dict[str, list[Timed]] = {name: [] for name in ways}
        for way in ways.values():
            await play(way, steps[:N_WARM], N_CALLERS)
        for begin in range(0, len(steps), N_A_TURN):
            for name, way in ways.items():  # in turns, so that a busy machine hits all of them
                calls[name] += await play(way, steps[begin : begin + N_A_TURN], N_CALLERS)
            print(f"step {begin}, load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        return [_row(name, each) for name, each in calls.items()]


def _row(name: str, calls: Sequence[Timed]) -> CourseRow:
    waited, models, added = (
        np.quantile([getattr(call, field) for call in calls], (0.5, 0.95)).tolist()
        for field in ("waited_ms", "models_ms", "added_ms")
    )
    at_top = float(np.mean([TIERS[-1] in call.asked for call in calls]))
    return CourseRow(name, len(calls), at_top, *waited, *models, *added)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(".tierwise/bench/courses"))
    parser.add_argument("--scale", type=float, default=0.05, help="of the models' times")
    parser.add_argument("--assumed", type=float, default=2.0, help="times of the top tier, in mid's")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
