"""What plans and repairs cost in tokens, by the form in which they are written; no model is needed.

    python -m benchmarks.plans.forms [--goals 32]

A token is taken for 3.6 characters, as in the script of the frontier. Dollars are at the sample's prices for its top
tier; what is kept is the beginning of the prompt that is the same for every goal, at the price for cached input.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.plans.frontier import n_tokens
from benchmarks.plans.goals import Goal, make_goals
from benchmarks.plans.recurring import recurring_goals
from tierwise.agents.runtime import StepTemplate
from tierwise.agents.runtime.plans.compact import PlanFrame
from tierwise.agents.runtime.plans.difference import repaired
from tierwise.agents.runtime.plans.plan import Plan, decode_plan, make_plan, parse_steps
from tierwise.agents.runtime.prompts import plan_prompt, repair_prompt
from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs

_PLAIN = (", ", ": ")
_HINT_CHARS = 80
_TIGHT = (",", ":")


@dataclass(frozen=True, slots=True)
class Form:
    """Mean tokens a call: ``n_kept`` of ``n_in`` are the same for every goal."""

    name: str
    n_in: float
    n_kept: float
    n_out: float

    def usd(self, model: Model, kept: bool) -> float:
        return model.cost_usd(self.n_in, self.n_out, self.n_kept if kept else 0.0)


def forms(goals: Sequence[Goal]) -> list[Form]:
    """The long form of a plan, the short one, and the repair of an export in both. Short plans are checked to mean
    what the long ones say."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for goal in goals:
        long, short = json.dumps({"steps": [step.entry for step in goal.steps]}, separators=_PLAIN), _short_plan(goal)
        plan = _checked(goal, long, short)
        asked = plan_prompt(goal.text)
        _note(found, "plan, long", asked.text, asked.n_stable, long)
        _note(found, "plan, short", asked.text, asked.n_stable, short)
        whole = json.dumps({"steps": [goal.steps[-1].entry | {"id": "export-again"}]}, separators=_PLAIN)
        inputs = {name: f"read.{name}" for name in goal.steps[-1].entry["inputs"]}
        change = json.dumps({"steps": [{"for": "export", "in": inputs}]}, separators=_TIGHT)
        repaired(plan, ["export"], decode_plan(change), PlanFrame(goal.text), 1)
        results = {step.entry["id"]: step.gold for step in goal.steps[:-1]}
        again = repair_prompt(goal.text, plan, results, {"export": "needs 'read.x', but the answer has no 'x'"})
        _note(found, "repair, whole", again.text, again.n_stable, whole)
        _note(found, "repair, difference", again.text, again.n_stable, change)
    return _means(found)


def with_templates(goals: Sequence[Goal]) -> list[Form]:
    """Plans for recurring goals, long, short, and short where every instruction is a template of the runtime."""
    heads = sorted({_head(step.entry) for goal in goals for step in goal.steps})
    library = {head: StepTemplate(f"t{n}", f"{head}{{task}}", head[:_HINT_CHARS]) for n, head in enumerate(heads)}
    by_name = {template.name: template for template in library.values()}
    found: dict[str, list[tuple[int, int, int]]] = {}
    for goal in goals:
        entries = [_with_template(entry, library) for entry in goal.short_entries()]
        short = json.dumps({"steps": entries}, separators=_TIGHT)
        meant = parse_steps(short, PlanFrame(goal.text, by_name))
        if [step.instruction for step in meant] != [step.entry["instruction"] for step in goal.steps]:
            raise SystemExit(f"the plan of {goal.name} with templates says something else")
        plain, told = plan_prompt(goal.text), plan_prompt(goal.text, templates=list(by_name.values()))
        long = json.dumps({"steps": [step.entry for step in goal.steps]}, separators=_PLAIN)
        _note(found, "recurring, long", plain.text, plain.n_stable, long)
        _note(found, "recurring, short", plain.text, plain.n_stable, _short_plan(goal))
        _note(found, f"recurring, short with {len(library)} templates", told.text, told.n_stable, short)
    return _means(found)


def _head(entry: Mapping[str, Any]) -> str:
    """What the instructions of a kind of step have in common."""
    head, mark, _ = entry["instruction"].rpartition("Task: ")
    return str(head + mark)


def _with_template(entry: Mapping[str, Any], library: Mapping[str, StepTemplate]) -> dict[str, Any]:
    head, mark, task = str(entry["do"]).rpartition("Task: ")
    rest = {name: value for name, value in entry.items() if name != "do"}
    return {**rest, "use": library[head + mark].name, "with": {"task": task}}


def _means(found: Mapping[str, list[tuple[int, int, int]]]) -> list[Form]:
    means = {name: [sum(column) / len(rows) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    return [Form(name, *mean) for name, mean in means.items()]


def table(found: Sequence[Form], model: Model) -> str:
    lines = [
        "| form | tokens in | of them kept | tokens out | USD | USD, beginning kept |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for form in found:
        usd, kept_usd = form.usd(model, kept=False), form.usd(model, kept=True)
        lines.append(
            f"| {form.name} | {form.n_in:.0f} | {form.n_kept:.0f} | {form.n_out:.0f} | {usd:.5f} | {kept_usd:.5f} |"
        )
    return "\n".join(lines)


def _short_plan(goal: Goal) -> str:
    return json.dumps({"steps": goal.short_entries()}, separators=_TIGHT)


def _checked(goal: Goal, long: str, short: str) -> Plan:
    """The plan, which must be the same in both forms but for what a schema says of further fields."""
    written, meant = parse_steps(long), parse_steps(short, PlanFrame(goal.text))
    if [(s.instruction, s.inputs, s.task_type) for s in written] != [
        (s.instruction, s.inputs, s.task_type) for s in meant
    ]:
        raise SystemExit(f"the short plan of {goal.name} says something else")
    return make_plan(written, 500)


def _note(found: dict[str, list[tuple[int, int, int]]], name: str, prompt: str, n_stable: int, answer: str) -> None:
    found.setdefault(name, []).append((n_tokens(prompt), n_tokens(prompt[:n_stable]), n_tokens(answer)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--goals", type=int, default=32)
    given = parser.parse_args()
    logged = load_step_logs([sample_log_path()]).steps
    found = forms(make_goals(logged, given.goals)) + with_templates(recurring_goals(logged, 10))
    print(table(found, TierCatalogue.load(sample_tiers_path()).top.models[0]))


if __name__ == "__main__":
    main()
