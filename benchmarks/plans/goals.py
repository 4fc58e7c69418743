"""Goals of several steps, made of steps of the sample log, with the plan that reaches each and the right answers.

A goal reads a record (JSON), does two other steps that need nothing, and exports the record as a CSV row: the export
takes its values from what the reading step answered.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tierwise.data.records import LoggedStep

READING = frozenset({"extract_json", "summarize_schema"})
OTHERS = frozenset(
    {"classify_message", "route_ticket", "arithmetic", "norm_date", "decide_rule", "unit_convert", "sql"}
)
N_OTHERS = 2
_TASK_TYPES = {"extract_json": "extract", "summarize_schema": "summarise"}


@dataclass(frozen=True, slots=True)
class GoalStep:
    """A step of a goal's plan, with the spec that judges it and the right answer."""

    entry: dict[str, Any]
    verify: dict[str, Any]
    gold: str


@dataclass(frozen=True, slots=True)
class Goal:
    """``text`` is what a person would ask for; ``steps`` reach it."""

    name: str
    text: str
    steps: tuple[GoalStep, ...]

    def short_entries(self, slots: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The steps in the short form: tasks are lines of the goal, or the slots that stand for them."""
        lines = {line.removeprefix("- "): f"#{n}" for n, line in enumerate(self.text.splitlines(), start=1)}
        named = {line: name for name, line in (slots or {}).items()}
        return [
            _short(step.entry, {task: named.get(line, line) for task, line in lines.items()}) for step in self.steps
        ]

    def slots(self) -> dict[str, str]:
        """What differs in another goal of the kind: the case, and every line."""
        return {"case": self.name, **{f"s{n}": f"#{n}" for n in range(2, len(self.text.splitlines()) + 1)}}

    def is_input_of(self, text: str) -> bool:
        """Whether a prompt's input is this goal's record."""
        return json.dumps(json.loads(self.steps[0].gold), ensure_ascii=False) in text

    @property
    def row(self) -> str:
        """The exported row, which the answer must hold."""
        return self.steps[-1].gold


def make_goals(logged: Sequence[LoggedStep], n_goals: int, seed: int = 0) -> list[Goal]:
    """Goals over distinct steps, each from other templates than its neighbours; the same seed gives the same goals."""
    rng = Random(seed)
    shuffled = rng.sample(list(logged), len(logged))
    reading = [each for each in shuffled if each.extra["family"] in READING and each.extra["difficulty"] <= 2]
    others = [each for each in shuffled if each.extra["family"] in OTHERS]
    if len(reading) < n_goals or len(others) < N_OTHERS * n_goals:
        raise ValueError(f"the log holds steps for {min(len(reading), len(others) // N_OTHERS)} goals, not {n_goals}")
    return [goal_of(f"G-{i:02d}", reading[i], others[N_OTHERS * i : N_OTHERS * (i + 1)]) for i in range(n_goals)]


def goal_of(name: str, reading: LoggedStep, others: Sequence[LoggedStep], asked: str = "Work through these") -> Goal:
    """The goal that reads one step's record, does the others, and exports."""
    steps = [_taken("read", reading), *(_taken(f"other{i}", each) for i, each in enumerate(others, start=1))]
    steps.append(_export(json.loads(reading.extra["gold"])))
    tasks = "\n".join(f"- {step.entry['instruction'].rpartition('Task: ')[2]}" for step in steps[:-1])
    return Goal(name, f"Case {name}. {asked}, and export the first as a CSV row:\n{tasks}", tuple(steps))


def _taken(step_id: str, logged: LoggedStep) -> GoalStep:
    entry = {
        "id": step_id,
        "instruction": logged.step.text,
        "task_type": _TASK_TYPES.get(logged.extra["family"], logged.step.task_type),
        "input_complexity": logged.step.input_complexity,
        "response_schema": logged.step.response_schema,
    }
    return GoalStep(entry, logged.extra["verify"], logged.extra["gold"])


def _short(entry: dict[str, Any], lines: Mapping[str, str]) -> dict[str, Any]:
    """What the entry says, in few words."""
    head, mark, task = entry["instruction"].rpartition("Task: ")
    do = f"{head}{mark}{{{lines[task]}}}" if task in lines else entry["instruction"]
    short = {"id": entry["id"], "do": do, "type": entry["task_type"], "hard": entry["input_complexity"]}
    if entry.get("response_schema"):
        schema = entry["response_schema"]
        needed = schema.get("required", [])
        fields = schema["properties"].items()
        short["json"] = {n if n in needed else f"{n}?": each.get("type", "string") for n, each in fields}
    return short | ({"in": entry["inputs"]} if "inputs" in entry else {})


def _export(record: dict[str, Any]) -> GoalStep:
    columns = ",".join(record)
    instruction = (
        f"Write the record as one CSV row, columns {columns} in this order. Reply with only the row.\n\n"
        'Example task: {"id": 7, "product": "fan", "paid": "no"}\nExample answer: 7,fan,no\n\n'
        "Task: the record that is the input."
    )
    inputs = {name: f"read.{name}" for name in record}
    entry = {
        "id": "export",
        "instruction": instruction,
        "task_type": "format",
        "input_complexity": 2,
        "depends_on": ["read"],
        "inputs": inputs,
    }
    values = [str(value) for value in record.values()]
    return GoalStep(entry, {"kind": "csv_row", "expect": values}, ",".join(values))
