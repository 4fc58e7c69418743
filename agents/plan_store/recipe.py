"""A plan that can be used again: the planner's own words, the goal with slots, and what may stand in them."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from tierwise.agents.plan_store.kinds import Kind, SlotKind
from tierwise.agents.plan_store.skeleton import Part, Skeleton, kinds_of, skeleton_of
from tierwise.data.sensitive.text import redact_text

MAX_GOAL_CHARS = 20_000
MAX_PLAN_CHARS = 50_000
_LOOKS = frozenset({"hard", "input_complexity"})
_MIN_LETTERS = 3
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_PLACES = re.compile(r"\{(?:#\d+(?:-\d+)?|[A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """``plan`` is what the planner wrote, decoded, without the values of its slots. ``tools`` stands for the tools and
    templates that it was made with: with others it is no plan. ``says_numbers``: some number in it is not the goal's;
    ``seen`` are marks of values, by slot, for which a planner wrote this very plan."""

    agent: str
    skeleton: Skeleton
    plan: Mapping[str, Any]
    kinds: Mapping[str, SlotKind]
    tools: str
    says_numbers: bool = False
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_confirmed(self) -> bool:
        """Whether the plan's numbers hang on no slot: they may be worked out from a value, unless the planner wrote the
        same ones for another value of every slot."""
        return not self.says_numbers or all(len(self.seen.get(name, ())) > 1 for name in self.kinds)

    @property
    def recipe_id(self) -> str:
        """The same for the same plan of the same kind of goal, whoever made it, and however hard its steps looked."""
        content = json.dumps([self.agent, self.kind_id, _without(self.plan, _LOOKS), self.tools], sort_keys=True)
        return sha256(content.encode()).hexdigest()[:24]

    @property
    def kind_id(self) -> str:
        """Names the kind of goal."""
        return self.skeleton.digest

    @property
    def has_free_text(self) -> bool:
        """Whether something in a goal of this kind is free, so that the same words around it prove little."""
        return any(kind.kind is Kind.TEXT for kind in self.kinds.values())

    def takes(self, values: Mapping[str, str]) -> bool:
        """Whether ``values`` are of the kinds that were seen."""
        return set(values) == set(self.kinds) and all(self.kinds[name].takes(value) for name, value in values.items())

    def filled(self, values: Mapping[str, str]) -> str:
        """The plan for a goal with ``values``, as a planner would have written it."""
        return json.dumps({**self.plan, "slots": dict(values)})

    def to_json(self) -> str:
        kinds = {name: asdict(kind) for name, kind in self.kinds.items()}
        parts = [[part.text, part.is_slot] for part in self.skeleton.parts]
        known = {"parts": parts, "plan": self.plan, "kinds": kinds, "agent": self.agent, "tools": self.tools}
        return json.dumps(known | {"says_numbers": self.says_numbers, "seen": self.seen})

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what ``to_json`` did not write."""
        raw = json.loads(text)
        skeleton = Skeleton(tuple(Part(str(text), bool(is_slot)) for text, is_slot in raw["parts"]))
        kinds = {name: SlotKind(Kind(each.pop("kind")), **each) for name, each in raw["kinds"].items()}
        seen = {name: tuple(marks) for name, marks in raw["seen"].items()}
        return cls(raw["agent"], skeleton, raw["plan"], kinds, raw["tools"], bool(raw["says_numbers"]), seen)


def recipe_of(agent: str, goal: str, plan: Mapping[str, Any], slots: Mapping[str, str], tools: str) -> Recipe | None:
    """What of a fresh plan can be used again; None where it holds what must not be stored, or is too long.

    A slot counts only where the plan says nothing else that hangs on its value. Without slots the recipe is for the
    very same goal.
    """
    words = {name: value for name, value in plan.items() if name != "slots"}
    if len(goal) > MAX_GOAL_CHARS or len(json.dumps(words)) > MAX_PLAN_CHARS:
        return None
    skeleton = skeleton_of(goal, slots if _is_free_of(words, slots) else {})
    used = {name: slots[name] for name in skeleton.slots}
    constants = {name: value for name, value in slots.items() if name not in used}
    kept = _with_constants(words, constants)
    said = json.dumps([part.text for part in skeleton.parts if not part.is_slot] + [kept], ensure_ascii=False)
    if redact_text(said) != said:
        return None
    says_numbers = bool(used) and _says_numbers(kept, skeleton.constant)
    seen = {name: (_mark(skeleton.digest, name, value),) for name, value in used.items()} if says_numbers else {}
    return Recipe(agent, skeleton, kept, kinds_of(used, goal.strip()), tools, says_numbers, seen)


def _is_free_of(words: Mapping[str, Any], slots: Mapping[str, str]) -> bool:
    """Whether no value of a slot stands in the plan itself, in whatever case."""
    said = "\n".join(_texts(words)).casefold()
    for value in slots.values():
        is_short = len(re.findall(r"\w", value)) < _MIN_LETTERS
        pattern = rf"(?<!\w){re.escape(value.casefold())}(?!\w)" if is_short else re.escape(value.casefold())
        if re.search(pattern, said):
            return False
    return True


def _says_numbers(words: Mapping[str, Any], constant: str) -> bool:
    """Whether the plan says a number that the rest of the goal does not."""
    known = set(_DIGITS.findall(constant))
    return any(number not in known for text in _texts(words) for number in _DIGITS.findall(_PLACES.sub("", text)))


def _mark(kind_id: str, name: str, value: str) -> str:
    """Tells values apart, mostly, and gives none away."""
    return sha256(f"{kind_id}/{name}/{value}".encode()).hexdigest()[:3]


def _with_constants(words: Mapping[str, Any], constants: Mapping[str, str]) -> dict[str, Any]:
    """The plan with slots that are none written out."""

    def put(value: Any) -> Any:
        if isinstance(value, str):
            for name, text in constants.items():
                value = value.replace(f"{{{name}}}", text)
            return value
        if isinstance(value, Mapping):
            return {key: put(item) for key, item in value.items()}
        return [put(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = put(words)
    return found


def _without(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _texts(value: Any, name: str = "") -> Iterator[str]:
    """All that workers are told. Names of steps, how hard they are and their schemas say nothing of a value."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in (
                "id",
                "after",
                "depends_on",
                "hard",
                "input_complexity",
                "type",
                "task_type",
                "in",
                "inputs",
            ):
                yield from _texts(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
