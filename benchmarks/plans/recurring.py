"""Goals of a few recurring kinds, with and without kept plans: what planning is of the bill, task by task.

    python -m benchmarks.plans.recurring --out FOLDER [--tasks 30]

Small and mid answer steps of the sample log with what the real models once answered; the export of a record, which is
not in the log, they do not know. The frontier is a script that knows every plan and every answer, and whoever is asked
whether a plan fits says yes. The sample's verifiers judge. So this measures what the runtime spends on planning: with
plans in the long form, in the short form, and in the short form with a store.
"""

import argparse
import asyncio
import json
import math
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.plans.__main__ import at_addresses
from benchmarks.plans.frontier import n_tokens
from benchmarks.plans.goals import OTHERS, READING, Goal, goal_of
from benchmarks.plans.study import verifier_for
from tierwise.agents.attempts import AttemptLoop, AttemptSettings, FunctionVerifier
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.collect import Completion, ModelInfo
from tierwise.agents.collect.model_server import model_server
from tierwise.agents.plan_store import PlanStore
from tierwise.agents.runtime import Role, RunResult, Runtime, RuntimeSettings
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.rules import RulesRouter

N_KINDS = 3
FROM_TASK = 10
TIERS = ("small", "mid", "frontier")
FORMS = ("long", "short", "kept")
_INFO = ModelInfo("scripted", "0" * 64, "scripted")
_WORK = {
    "sql": "write the query",
    "norm_date": "write the date",
    "arithmetic": "work it out",
    "unit_convert": "convert",
}


def recurring_goals(logged: Sequence[LoggedStep], n_tasks: int) -> list[Goal]:
    """``n_tasks`` goals of each kind, kinds taking turns. Goals of a kind have steps of the same templates."""
    groups: dict[tuple[str, str], list[LoggedStep]] = defaultdict(list)
    for each in logged:
        groups[(each.extra["family"], each.step.text.rpartition("Task: ")[0])].append(each)
    by_size = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    reading = [steps for (family, _), steps in by_size if family in READING][:N_KINDS]
    others = [steps for (family, _), steps in by_size if family in OTHERS and family != "decide_rule"][: 2 * N_KINDS]
    goals = []
    for i in range(n_tasks):
        for kind in range(N_KINDS):
            own = [others[2 * kind], others[2 * kind + 1]]
            taken = [reading[kind][i % len(reading[kind])], *(steps[i % len(steps)] for steps in own)]
            work = ", then ".join(_WORK.get(step.extra["family"], step.extra["family"]) for step in taken[1:])
            goals.append(goal_of(f"K{kind}-{i:02d}", taken[0], taken[1:], f"Read the first, then {work}"))
    return goals


@dataclass(frozen=True, slots=True)
class Scripted:
    """A ``Backend`` for one tier that knows all goals; ``recorded`` are a real model's answers by the task."""

    goals: Sequence[Goal]
    form: str
    recorded: Mapping[str, str] | None = None
    info: ModelInfo = _INFO

    def complete(self, text: str, max_tokens: int) -> Completion:
        """The script's answer to a prompt."""
        del max_tokens
        answer = self._answer(text)
        return Completion(answer, n_tokens(text), n_tokens(answer), 0)

    def _answer(self, text: str) -> str:
        if text.startswith("Plan how"):
            goal = next(goal for goal in self.goals if goal.name in text)
            if self.form == "long":
                return json.dumps({"steps": [step.entry for step in goal.steps]})
            slots = goal.slots() if self.form == "kept" else {}
            return json.dumps({"slots": slots, "steps": goal.short_entries(slots)}, separators=(",", ":"))
        if text.startswith("Write the final answer"):
            return "; ".join(line.partition("] ")[2] for line in text.splitlines() if line.startswith("["))
        if text.startswith("Does this plan"):
            return "yes"
        found = [
            step.gold if self.recorded is None else self.recorded.get(step.entry["instruction"], "unknown")
            for goal in self.goals
            for step in goal.steps
            if text.startswith(step.entry["instruction"]) and (step.entry["id"] != "export" or goal.is_input_of(text))
        ]
        return found[0] if found else "unknown"


async def run_form(goals: Sequence[Goal], catalogue: TierCatalogue, store: PlanStore | None) -> list[RunResult]:
    """Every goal, one after the other."""
    client = AsyncLocalClient(RulesRouter(catalogue))
    found = []
    async with client, Upstreams(catalogue) as upstreams:
        for goal in goals:
            loop = AttemptLoop(client, upstreams, AttemptSettings(max_tokens=400, n_repairs=0))
            runtime = Runtime(loop, RuntimeSettings(max_concurrency=2), verifier_for(goal), plan_store=store)
            row = FunctionVerifier(lambda reply, goal=goal: goal.row in reply.text, "row")  # type: ignore[misc]
            found.append(await runtime.run(goal.text, task_id=goal.name, verifier=row))
    return found


def table(by_form: dict[str, list[RunResult]]) -> str:
    lines = [
        "| plans | tasks | answered | plans made | USD a task | planning | USD a task from the tenth | planning |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for form, results in by_form.items():
        late = results[N_KINDS * (FROM_TASK - 1) :]
        n_right = sum(result.success is True for result in results)
        n_made = sum(s.role is Role.PLAN and s.reused is None for result in results for s in result.steps)
        cells = [f"{_mean(part):.5f} | {_share(part):.0%}" for part in (results, late)]
        lines.append(f"| {form} | {len(results)} | {n_right} | {n_made} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(results: Sequence[RunResult]) -> float:
    return sum(result.cost_usd for result in results) / len(results)


def _share(results: Sequence[RunResult]) -> float:
    """Of the dollars, those for plans, repairs and filling slots."""
    roles = (Role.PLAN, Role.REPAIR, Role.FILL)
    planned = math.fsum(s.cost_usd for result in results for s in result.steps if s.role in roles)
    return planned / math.fsum(result.cost_usd for result in results)


@contextmanager
def scripted_tiers(goals: Sequence[Goal], logged: Sequence[LoggedStep], form: str) -> Iterator[TierCatalogue]:
    """The sample's tiers with their prices, each answered by a script."""
    recorded = [{step.step.text: str(step.attempts[tier].output) for step in logged} for tier in range(2)]
    servers = {
        tier: model_server(Scripted(goals, form, known)) for tier, known in zip(TIERS, [*recorded, None], strict=True)
    }
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = {tier: f"http://127.0.0.1:{server.server_address[1]}/v1" for tier, server in servers.items()}
    tiers = at_addresses(TierCatalogue.load(sample_tiers_path()), addresses).tiers
    wide = [replace(tier, models=(replace(tier.models[0], context_window=None),)) for tier in tiers]
    yield TierCatalogue(tuple(wide))
    for server in servers.values():
        server.shutdown()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=30, help="of each kind")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    logged = load_step_logs([sample_log_path()]).steps
    goals = recurring_goals(logged, given.tasks)
    by_form = {}
    for form in FORMS:
        (given.out / "plans.db").unlink(missing_ok=True)
        store = PlanStore(given.out / "plans.db") if form == "kept" else None
        with scripted_tiers(goals, logged, form) as catalogue:
            by_form[form] = asyncio.run(run_form(goals, catalogue, store))
    print(table(by_form))


if __name__ == "__main__":
    main()
