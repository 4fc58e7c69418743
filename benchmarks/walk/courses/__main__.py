"""Courses through the gateway with the real openai client, two real local models and a simulated top tier, offline.

    python -m benchmarks.walk.courses --models FOLDER --out FOLDER [--python INTERPRETER] [--acts 51]

A router learns from the sample log without every fifth template; the calls are steps of those templates. Run it again
to go on after an interruption, and with ``--acts 0`` only to report. What single shots and the top tier alone would
have come to is read from the log, where the same models answered the same steps. Needs openai and xllamacpp.
"""

import argparse
import importlib
import json
import sys
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from benchmarks.plans.__main__ import local_model
from benchmarks.walk.courses.asks import N_TOGETHER, TOGETHER, CourseAsk, course_asks
from benchmarks.walk.courses.callers import call_all
from benchmarks.walk.courses.found import report
from benchmarks.walk.courses.learned import HELD_OUT, learn
from benchmarks.walk.courses.models import llama_server, scripted_top, tiers_toml
from benchmarks.walk.courses.prompted_tools import prompting
from benchmarks.walk.live import served
from tierwise.agents.collect.joining import read_log

MAX_QUALITY_LOSS = 0.05
AUDIT_SHARE = 0.25
CALLS = "calls.jsonl"


def main() -> None:
    given = _arguments()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    learn(out)
    asks = course_asks(read_log(out / HELD_OUT))
    acts = _acts(asks)[: given.acts]
    done = {row["name"] for row in read_log(out / CALLS)} if (out / CALLS).is_file() else set()
    left = [act for act in acts if any(ask.name not in done for ask in act)]
    if left:
        _play(out, given.models, given.python, asks, left)
    print(report(out, MAX_QUALITY_LOSS))


def _play(out: Path, models: Path, python: str, asks: list[CourseAsk], acts: list[list[CourseAsk]]) -> None:
    openai = importlib.import_module("openai")
    with ExitStack() as stack:
        top = stack.enter_context(scripted_top({ask.prompt: ask.record["gold"] for ask in asks}))
        small = stack.enter_context(local_model(models, "small", python))
        mid = stack.enter_context(llama_server(models, "mid", python))
        calling = {tier: stack.enter_context(prompting(address)) for tier, address in (("small", small), ("mid", mid))}
        tiers = tiers_toml({"small": small, "mid": mid, "frontier": top}, calling)
        (out / "tiers.toml").write_text(tiers, encoding="utf-8")
        options = ("--bundle", str(out / "bundle"), "--tiers", str(out / "tiers.toml"), "--courses")
        settings = {"answers": "text", "audit_share": AUDIT_SHARE, "upstream_timeout_seconds": 3000}
        log_url = f"sqlite:///{out}/decisions.db"
        address = stack.enter_context(served(out, *options, "--log-url", log_url, **settings))
        client = stack.enter_context(openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0))
        with (out / CALLS).open("a", encoding="utf-8") as journal:
            for act in acts:
                for called in call_all(client, act, MAX_QUALITY_LOSS):
                    journal.write(json.dumps(called.to_dict()) + "\n")
                    print(f"{called.seconds:6.1f} s  {called.name}: {called.told}", file=sys.stderr, flush=True)
                journal.flush()


def _acts(asks: list[CourseAsk]) -> list[list[CourseAsk]]:
    """Calls one after the other, those side by side in groups."""
    found: list[list[CourseAsk]] = []
    for kind, run in groupby(asks, key=lambda ask: ask.kind):
        each = list(run)
        size = N_TOGETHER if kind == TOGETHER else 1
        found += [each[place : place + size] for place in range(0, len(each), size)]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="folder of the GGUF files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--acts", type=int, default=1000, help="so many calls, four side by side counted as one")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has xllamacpp")
    return parser.parse_args()


if __name__ == "__main__":
    main()
