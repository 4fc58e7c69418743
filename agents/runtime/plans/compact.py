"""The short form of a plan: what it leaves out is put in from templates, parameters and the lines of the goal.

Steps in the long form pass unchanged, so that every older plan reads as it did.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.plans.schema_words import schema_of
from tierwise.agents.runtime.plans.template import PLACE, StepTemplate

MAX_INSTRUCTION_CHARS = 50_000
MAX_PLAN_CHARS = 2_000_000
"""Of all instructions together, written out."""
_LONG = {
    "do": "instruction",
    "type": "task_type",
    "hard": "input_complexity",
    "judge": "requires_judgment",
    "show": "human_visible",
    "after": "depends_on",
    "in": "inputs",
}
SHORT_FIELDS = frozenset({*_LONG, "json", "use", "with", "each"})
_BULLET = re.compile(r"\s*[-*•]\s+")
_OWN = frozenset({"use", "with", "each", "json"})


@dataclass(frozen=True, slots=True)
class PlanFrame:
    """What a plan may refer to. ``slots`` stand in place of those that the plan itself names."""

    goal: str = ""
    templates: Mapping[str, StepTemplate] = field(default_factory=dict)
    max_steps: int = 500
    slots: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A step in the long form; ``where`` is its place in the planner's answer."""

    where: str
    fields: Mapping[str, Any]


def expand(raw: Mapping[str, Any], frame: PlanFrame) -> list[Entry]:
    """The steps of a decoded plan, written out. Raises ``PlanError`` naming the step and the fix."""
    return _Expansion(raw, frame).entries()


def slots_of(raw: Mapping[str, Any], goal: str) -> dict[str, str]:
    """What a plan says would be different in another goal of its kind, by name; ``"#3"`` is what line 3 holds.

    Raises ``PlanError`` for a value that the goal does not say.
    """
    given = raw.get("slots") or {}
    if not isinstance(given, Mapping):
        raise PlanError(f'slots is {str(given)[:80]!r}; names with words of the goal are needed: {{"ticket": "17"}}')
    slots = {str(name): _slot(str(name), str(value), goal) for name, value in given.items()}
    for name, value in slots.items():
        if not value or value not in goal:
            raise PlanError(f"the slot '{name[:40]}' is '{value[:80]}', which the goal does not say; copy its words")
    return slots


def _slot(name: str, value: str, goal: str) -> str:
    bare = value.strip().removeprefix("{").removesuffix("}")
    if not PLACE.fullmatch(f"{{{bare}}}") or not bare.startswith("#"):
        return value
    return _lines(bare, goal, f"the slot '{name}'").strip()


class _Expansion:
    def __init__(self, raw: Mapping[str, Any], frame: PlanFrame) -> None:
        self._raw = raw
        self._frame = frame
        self._slots = slots_of(raw, frame.goal) if frame.slots is None else frame.slots
        self._templates = {name: each.to_entry() for name, each in frame.templates.items()} | self._own_templates()
        self._ids: dict[str, list[str]] = {}
        self._n_chars = 0

    def entries(self) -> list[Entry]:
        steps = self._raw.get("steps")
        found: list[Entry] = []
        for i, step in enumerate(steps if isinstance(steps, list) else []):
            if not isinstance(step, Mapping):
                raise PlanError(f"steps[{i}] is no JSON object")
            found += self._written_out(step, f"steps[{i}]")
            if self._ids and len(found) > self._frame.max_steps:
                raise PlanError(
                    f"the plan has {len(found)} steps or more; at most {self._frame.max_steps} are allowed, "
                    f"so plan larger ones"
                )
        return [Entry(entry.where, self._waiting(entry.fields)) for entry in found]

    def _own_templates(self) -> dict[str, Mapping[str, Any]]:
        given = self._raw.get("templates") or {}
        if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
            raise PlanError('templates needs names with steps: {"read": {"do": "Read {what}."}}')
        known = [name for name in given if name in self._frame.templates]
        if known:
            raise PlanError(f"the template '{known[0]}' is there already; use it, or give yours another name")
        return {str(name): each for name, each in given.items()}

    def _written_out(self, step: Mapping[str, Any], where: str) -> list[Entry]:
        step = self._with_template(step, where)
        each = step.get("each")
        if each is None:
            return [Entry(where, self._long(step, step.get("with"), where))]
        if not isinstance(each, list) or not each:
            raise PlanError(f'{where}.each needs a list of parameters: [{{"city": "Oslo"}}, {{"city": "Rome"}}]')
        if len(each) > self._frame.max_steps:
            raise PlanError(f"{where}.each makes {len(each)} steps; at most {self._frame.max_steps} are allowed")
        if not isinstance(step.get("with") or {}, Mapping):
            raise PlanError(f"{where}.with needs parameters by name")
        name = str(step.get("id", ""))
        self._ids[name] = [f"{name}-{n}" for n in range(1, len(each) + 1)]
        own = [one if isinstance(one, Mapping) else {"item": one} for one in each]
        return [
            Entry(where, self._long({**step, "id": step_id}, {**(step.get("with") or {}), **one}, where))
            for step_id, one in zip(self._ids[name], own, strict=True)
        ]

    def _with_template(self, step: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        if "use" not in step:
            return step
        name = str(step["use"])
        if name not in self._templates:
            there = ", ".join(sorted(self._templates)) or "none"
            raise PlanError(f"{where}.use is '{name[:80]}'; there are the templates {there}")
        if "do" in step or "instruction" in step:
            raise PlanError(f"{where} uses the template '{name[:80]}' and says what to do as well; leave one out")
        return {**self._templates[name], **step}

    def _long(self, step: Mapping[str, Any], given: object, where: str) -> dict[str, Any]:
        long = {name: value for name, value in step.items() if name not in _OWN and name not in _LONG}
        for short, name in _LONG.items():
            if short in step:
                if name in long and "use" not in step:
                    raise PlanError(f"{where} gives both {short} and {name}; leave one out")
                long[name] = step[short]
        if "json" in step:
            long["response_schema"] = schema_of(step["json"], f"{where}.json")
        if "do" in step:
            long["instruction"] = self._filled(step["do"], given, where)
        self._count(long.get("instruction"), where)
        return long

    def _filled(self, do: object, given: object, where: str) -> object:
        if not isinstance(do, str):
            return do
        if given is not None and not isinstance(given, Mapping):
            raise PlanError(f"{where}.with is {str(given)[:80]!r}; parameters by name are needed")
        values = {str(name): self._text(value, where) for name, value in (given or {}).items()}
        filled = self._replaced(do, {**self._slots, **values}, where)
        if len(filled) > MAX_INSTRUCTION_CHARS:
            raise PlanError(f"{where} says {len(filled)} characters; at most {MAX_INSTRUCTION_CHARS} are allowed")
        return filled

    def _text(self, value: object, where: str) -> str:
        """A parameter may say slots and lines of the goal; what it is filled with is not read again."""
        if isinstance(value, str):
            return self._replaced(value, self._slots, where)
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    def _replaced(self, text: str, values: Mapping[str, str], where: str) -> str:
        def put(match: Any) -> str:
            name = match[1]
            if name.startswith("#"):
                return _lines(name, self._frame.goal, where)
            if name not in values:
                there = ", ".join(sorted(values)) or "none"
                raise PlanError(f"{where} says {{{name[:40]}}}, which nothing gives; given are {there}")
            return values[name]

        return PLACE.sub(put, text)

    def _count(self, instruction: object, where: str) -> None:
        self._n_chars += len(instruction) if isinstance(instruction, str) else 0
        if self._n_chars > MAX_PLAN_CHARS:
            raise PlanError(f"the plan says more than {MAX_PLAN_CHARS} characters, at {where}; plan shorter steps")

    def _waiting(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whoever waits for a step that became several waits for all of them."""
        waits = entry.get("depends_on")
        if not self._ids or not isinstance(waits, list):
            return entry
        return {**entry, "depends_on": [one for name in waits for one in self._ids.get(str(name), [name])]}


def _lines(reference: str, goal: str, where: str) -> str:
    """What ``#3`` or ``#3-7`` stands for; of one line, without the mark of a list before it."""
    lines = goal.splitlines()
    first, _, last = reference.removeprefix("#").partition("-")
    start, end = int(first[:9]), int((last or first)[:9])
    if not 1 <= start <= end <= len(lines):
        raise PlanError(f"{where} says {{{reference[:40]}}}; the goal has the lines 1 to {len(lines)}")
    if start == end:
        mark = _BULLET.match(lines[start - 1])
        return lines[start - 1][mark.end() if mark else 0 :]
    return "\n".join(lines[start - 1 : end])
