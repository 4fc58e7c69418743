"""One agent in a loop, whose every step some tier answers: what became of a task, and what it cost."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.long_tasks.calls import Call, read_call
from tools.long_tasks.episode import cost_usd, reference_said
from tools.long_tasks.models import Asked
from tools.long_tasks.state import Underway, told_by_planner
from tools.long_tasks.task import LongTask
from tools.long_tasks.world import SIGNATURES

CHARACTERS_PER_TOKEN = 2.9
"""Of these prompts, as the middle tier's tokenizer counts them."""

MAX_ALIKE = 4
"""The same call with the same result so often in a row: the agent is stuck, and the task has failed."""

Tiers = Callable[[Underway], Sequence[str]]
"""The tiers to ask for a step, in order: the next one where an answer is no call, or its call is refused."""


@dataclass
class Ran:
    """What became of a task. ``seconds`` are those that the local models took; the simulated tier has none."""

    task_id: str
    kind: str
    is_done: bool = False
    usd: float = 0.0
    planning_usd: float = 0.0
    seconds: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "calls": dict(self.calls)}


def run_loop(task: LongTask, tiers: Tiers, models: Asked) -> Ran:
    """The task from its opening to its end, as the sample's tasks were played."""
    state = Underway(task, told_by_planner(task.kind, random.Random(f"29 {task.task_id} acts")))
    ran, before, n_alike = Ran(task.task_id, task.kind), ("", ""), 1
    while not state.is_over and n_alike < MAX_ALIKE:
        call = _answered(state, tiers(state), models, ran)
        now = ("" if call is None else call.written(), state.act(call) or "")
        n_alike = n_alike + 1 if now == before else 1
        before = now
    ran.is_done = task.is_done(state.world)
    return ran


def n_tokens_of(prompt: str) -> int:
    """The prompt's tokens, where no local model has counted them."""
    return math.ceil(len(prompt) / CHARACTERS_PER_TOKEN)


def _answered(state: Underway, tiers: Sequence[str], models: Asked, ran: Ran) -> Call | None:
    call = None
    for tier in tiers:
        call, answer = _asked(state, tier, models)
        ran.calls[tier] += 1
        ran.usd += cost_usd(tier, answer)
        ran.seconds += (answer["latency_ms"] or 0) / 1000
        if call is not None and not state.task.act(state.world.copy(), call).startswith("error:"):
            break
    return call


def _asked(state: Underway, tier: str, models: Asked) -> tuple[Call | None, dict[str, Any]]:
    prompt = state.prompt()
    if tier == "frontier":
        said = reference_said(state, n_tokens_of(prompt))
        return said.call, said.answer
    answer = models.answer(tier, prompt)
    return read_call(answer["output"], SIGNATURES), answer
