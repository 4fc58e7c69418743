"""What the callers ask: steps of the sample log whose templates the router never saw, in five ways to call."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

PLAIN, STREAM, TOOLS, HANG_UP, TOGETHER = "plain", "stream", "tools", "hung up", "side by side"
SHARES = {PLAIN: 24, STREAM: 12, TOOLS: 8, HANG_UP: 4, TOGETHER: 12}
N_TOGETHER = 4
_PLACE = ("task_type", "input_complexity", "requires_judgment", "human_visible", "agent", "node", "step_index", "retry")
_TASK = "Task: "


@dataclass(frozen=True, slots=True)
class CourseAsk:
    """One call of the gateway. ``record`` is the logged step; ``prompt`` what its message says, ``tools`` what it may
    call."""

    kind: str
    record: Mapping[str, Any]
    prompt: str
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The task under which the call stands in the decision log."""
        return f"{self.kind.replace(' ', '-')}-{self.record['step_id']}"

    @property
    def place(self) -> dict[str, Any]:
        """What the caller says of the step beside its message."""
        return {name: self.record["step"][name] for name in _PLACE if self.record["step"].get(name) is not None}


def course_asks(records: Sequence[Mapping[str, Any]], seed: int = 0) -> list[CourseAsk]:
    """The calls of ``SHARES``, in turns, on different steps: all families alike, drawn by ``seed``; those with tools on
    steps that call one. Steps that only name tools are left out."""
    calling, other = defaultdict(list), defaultdict(list)
    for record in sorted(records, key=lambda each: str(each["step_id"])):
        if record["family"] == "tool_call":
            calling[record["family"]].append(record)
        elif not record["step"]["tools"]:
            other[record["family"]].append(record)
    draw = Random(seed)
    with_tools, without = _in_turns(calling, draw), _in_turns(other, draw)
    acts = [[kind] * (N_TOGETHER if kind == TOGETHER else 1) for kind in _acts()]
    return [
        _calling(with_tools.pop(), draw) if kind == TOOLS else _asking(kind, without.pop())
        for act in acts
        for kind in act
    ]


def _acts() -> list[str]:
    """The kinds so mixed that any beginning holds all of them."""
    left = {kind: n // (N_TOGETHER if kind == TOGETHER else 1) for kind, n in SHARES.items()}
    whole = dict(left)
    found = []
    while any(left.values()):
        kind = max(left, key=lambda each: left[each] / whole[each])
        left[kind] -= 1
        found.append(kind)
    return found


def _in_turns(families: Mapping[str, list[Mapping[str, Any]]], draw: Random) -> list[Mapping[str, Any]]:
    for records in families.values():
        draw.shuffle(records)
    most = max(map(len, families.values()))
    return [each[place] for place in range(most) for each in families.values() if place < len(each)][::-1]


def _asking(kind: str, record: Mapping[str, Any]) -> CourseAsk:
    return CourseAsk(kind, record, record["step"]["text"])


def _calling(record: Mapping[str, Any], draw: Random) -> CourseAsk:
    """The step as a call with tools: the right one and another, and only what is to be done as the message."""
    wanted = json.loads(record["gold"])["tool"]
    right = [tool for tool in record["step"]["tools"] if tool["name"] == wanted]
    others = [tool for tool in record["step"]["tools"] if tool["name"] != wanted]
    tools = [*right, draw.choice(others)]
    draw.shuffle(tools)
    functions = tuple({"type": "function", "function": tool} for tool in tools)
    return CourseAsk(TOOLS, record, record["step"]["text"].rpartition(_TASK)[2], functions)
