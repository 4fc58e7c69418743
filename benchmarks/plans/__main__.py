"""Goals through the plan-and-execute runtime, with two real local models as small and mid tier, offline.

    python -m benchmarks.plans --models FOLDER [--goals 32] [--bundle BUNDLE [--courses]] --out FOLDER
    python -m benchmarks.plans --unseen LOG --out FOLDER      LOG without the templates that the goals are made of

Run it again to go on after an interruption.
The frontier is scripted (benchmarks/plans/frontier.py): it is no model, and its prices are assumptions like the others.
Needs xllamacpp and the weights that ``python -m tierwise.agents.collect weights`` assembles.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.plans.frontier import NAME, ScriptedFrontier
from benchmarks.plans.goals import Goal, make_goals
from benchmarks.plans.study import (
    Trace,
    append_trace,
    cost_table,
    course_table,
    read_traces,
    role_table,
    run_goals,
    trace_table,
)
from tierwise.agents.collect.joining import read_log
from tierwise.agents.collect.model_server import ModelServer, model_server
from tierwise.data.catalogue import Model, Tier, TierCatalogue
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.decider import Decider
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter

N_AT_ONCE = 3
TRACES = "traces.jsonl"
LOCAL = {
    "small": ("smollm2-135m-instruct-q4_1.gguf", "plain"),
    "mid": ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "chat"),
}


def main() -> None:
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    goals = make_goals(load_step_logs([sample_log_path()]).steps, given.goals)
    if given.unseen is not None:
        print(_write_unseen(given.unseen, goals, given.out / "unseen.jsonl"))
        return
    done = {trace["task_id"] for trace in read_traces(given.out / TRACES)}
    left = [goal for goal in goals if goal.name not in done]
    if left and given.models is not None:
        _run_left(goals, left, given)
    traces = read_traces(given.out / TRACES)
    _report(traces)
    if given.courses:
        print(f"\n{course_table(traces, goals, 'frontier')}")


def _write_unseen(log: Path, goals: Sequence[Goal], out: Path) -> str:
    """Writes the steps of ``log`` whose template no goal uses: a router trained on them has seen no step of a goal."""
    records = read_log(log)
    asked = {step.entry["instruction"] for goal in goals for step in goal.steps}
    used = {record["group"] for record in records if record["step"]["text"] in asked}
    left = [record for record in records if record["group"] not in used]
    out.write_text("".join(json.dumps(record) + "\n" for record in left), encoding="utf-8")
    return f"{len(left)} of {len(records)} steps in {out}; {len(used)} templates are in goals"


def _run_left(goals: Sequence[Goal], left: Sequence[Goal], given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        addresses = {tier: stack.enter_context(local_model(given.models, tier, given.python)) for tier in LOCAL}
        addresses["frontier"] = stack.enter_context(_serving(model_server(ScriptedFrontier(goals))))
        catalogue = at_addresses(TierCatalogue.load(sample_tiers_path()), addresses)
        decider = Router.load(given.bundle) if given.bundle else RulesRouter(catalogue)
        asyncio.run(_run_all(left, decider, catalogue, given))


async def _run_all(
    goals: Sequence[Goal], decider: Decider, catalogue: TierCatalogue, given: argparse.Namespace
) -> None:
    out = given.out
    log_url = f"sqlite:///{out.resolve()}/decisions.db"
    async for result in run_goals(goals, decider, catalogue, log_url, N_AT_ONCE, given.courses):
        append_trace(out / TRACES, result)
        state = "answered" if result.answer is not None else f"failed: {result.failure}"
        print(
            f"{result.task_id}: {state}, {result.n_calls} calls, {result.cost_usd:.6f} USD", file=sys.stderr, flush=True
        )


def _report(traces: Sequence[Trace]) -> None:
    catalogue = TierCatalogue.load(sample_tiers_path())
    top = catalogue.top.models[0]
    answered = [trace for trace in traces if trace["answer"] is not None]
    print(f"{len(answered)} of {len(traces)} goals answered\n\n{cost_table(traces, catalogue.names)}\n")
    print(role_table(traces, top))
    if traces:
        print(f"\n{trace_table(max(traces, key=lambda trace: len(trace['steps'])))}")


def at_addresses(catalogue: TierCatalogue, addresses: dict[str, str]) -> TierCatalogue:
    """The tiers with their first model at an address of this machine and without a key."""

    def moved(tier: Tier) -> Model:
        model = tier.models[0]
        name = NAME if tier.name == "frontier" else model.name
        return replace(model, name=name, base_url=addresses[tier.name], api_key_env=None, capabilities=())

    return TierCatalogue(tuple(Tier(tier.name, (moved(tier),)) for tier in catalogue.tiers))


@contextmanager
def local_model(models: Path, tier: str, python: str) -> Iterator[str]:
    file, prompt_format = LOCAL[tier]
    command = [python, "-m", "tierwise.agents.collect", "serve", "--model", str(models / file), "--name", tier]
    process = subprocess.Popen([*command, "--prompt-format", prompt_format], stdout=subprocess.PIPE, text=True)
    try:
        address = "" if process.stdout is None else process.stdout.readline()
        if not address:
            raise SystemExit(f"the {tier} model did not start; see the lines above")
        yield address.split()[-1]
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _serving(server: ModelServer) -> Iterator[str]:
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="folder of the GGUF files; without it, only report what is there")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--goals", type=int, default=32)
    parser.add_argument("--bundle", type=Path, help="decide with a router instead of the rules")
    parser.add_argument("--unseen", type=Path, help="write the steps of this log of other templates, and stop")
    parser.add_argument("--courses", action="store_true", help="no verifier at steps: the router judges cheap answers")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has xllamacpp")
    return parser.parse_args()


if __name__ == "__main__":
    main()
