"""A scripted frontier: it is no model. It knows the plan of every goal and the right answer of every step.

It makes two mistakes on purpose, so that recovery is exercised: one goal in ten gets prose instead of a plan first, and
one gets a plan whose export asks for a value that the reading step does not give.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.plans.goals import Goal
from tierwise.agents.collect import Completion, ModelInfo

NAME = "scripted-frontier"
PROSE = "I would first read the note, then work through the other points, and export the record last."
CHARACTERS_PER_TOKEN = 3.6


class ScriptedFrontier:
    """A ``Backend`` whose answers are looked up."""

    info = ModelInfo(NAME, "0" * 64, "scripted")

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = tuple(goals)

    def complete(self, text: str, max_tokens: int) -> Completion:
        """The script's answer to a prompt; ``max_tokens`` never cuts it."""
        del max_tokens
        answer = self._answer(text)
        return Completion(answer, n_tokens(text), n_tokens(answer), 0)

    def _answer(self, text: str) -> str:
        if text.startswith("Plan how"):
            return self._plan(text)
        if text.startswith("A plan has failed"):
            entry = self._goal_in(text).steps[-1].entry
            return _written([{"for": "export", "id": "export-again", "in": entry["inputs"]}])
        if text.startswith("Write the final answer"):
            return "; ".join(line.partition("] ")[2] for line in text.splitlines() if line.startswith("["))
        found = [
            step.gold
            for goal in self._goals
            for step in goal.steps
            if text.startswith(step.entry["instruction"]) and (step.entry["id"] != "export" or goal.is_input_of(text))
        ]
        return found[0] if found else "I do not know."

    def _plan(self, text: str) -> str:
        goal = self._goal_in(text)
        number = self._goals.index(goal)
        if number % 10 == 3 and PROSE not in text:
            return PROSE
        plan = _written(goal.short_entries())
        if number % 10 == 7:
            return plan.replace('"read.', '"read.the_', 1)
        return plan

    def _goal_in(self, text: str) -> Goal:
        return next(goal for goal in self._goals if f"Case {goal.name}." in text)


def _written(entries: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"steps": entries}, separators=(",", ":"))


def n_tokens(text: str) -> int:
    return max(1, math.ceil(len(text) / CHARACTERS_PER_TOKEN))
