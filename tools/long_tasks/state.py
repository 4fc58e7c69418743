"""A task under way: its world, what was said so far, and the step that is to be decided next."""

import random
from dataclasses import dataclass, field
from typing import Any

from tools.long_tasks.calls import Call
from tools.long_tasks.task import LongTask
from tools.long_tasks.telling import NO_CALL, opened, prompt_of, turn_messages
from tools.long_tasks.world import SIGNATURES, World

MAX_STEPS = 40
_WORK = {
    "inbox": ("extract", 4),
    "triage": ("classify", 3),
    "stock": ("reason", 5),
    "orders": ("reason", 6),
    "settings": ("code", 4),
    "trail": ("extract", 3),
}


@dataclass
class Underway:
    """``told`` is what a planner says of all steps of the task; ``n_steps`` counts what was asked for so far."""

    task: LongTask
    told: dict[str, Any]
    world: World = field(init=False)
    messages: list[dict[str, Any]] = field(init=False)
    n_steps: int = 0
    n_retries: int = 0

    def __post_init__(self) -> None:
        self.world = self.task.world.copy()
        self.messages = opened(self.task, self.world)

    @property
    def is_over(self) -> bool:
        return self.world.is_over or self.n_steps >= MAX_STEPS

    def prompt(self) -> str:
        """What the local models are asked."""
        return prompt_of(self.messages, [SIGNATURES[name] for name in self.task.tools])

    def step(self, n_input_tokens: int | None = None) -> dict[str, Any]:
        """The step as a log holds it, and as a router decides it."""
        return {
            "text": "",
            "messages": list(self.messages),
            "tools": [SIGNATURES[name].to_record() for name in self.task.tools],
            "input_tokens": n_input_tokens,
            "step_index": self.n_steps,
            "retry": self.n_retries,
            "previous_error": NO_CALL if self.n_retries else None,
            "agent": self.task.kind,
            **self.told,
        }

    def act(self, call: Call | None) -> str | None:
        """Makes the call that was chosen, and tells its result. Without one the step will be asked again as it is."""
        self.n_steps += 1
        if call is None:
            self.n_retries += 1
            return None
        self.n_retries = 0
        result = self.task.act(self.world, call)
        self.messages += turn_messages(call, result, self.n_steps)
        return result


def told_by_planner(kind: str, draw: random.Random) -> dict[str, Any]:
    """What a planner would say of all steps of a task, roughly right."""
    task_type, complexity = _WORK[kind]
    return {"task_type": task_type, "input_complexity": min(10, max(1, round(draw.gauss(complexity, 1.2))))}
