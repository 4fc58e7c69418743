"""One task from start to end: every tier is asked at every step, one of them acts."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tierwise.agents.collect.merge import GOLD_CHARACTERS_PER_TOKEN, read_prices
from tierwise.data.samples import sample_tiers_path
from tools.long_tasks.calls import Call, read_call
from tools.long_tasks.models import NAMES, Answer, Asked
from tools.long_tasks.state import Underway, told_by_planner
from tools.long_tasks.task import LongTask
from tools.long_tasks.world import SIGNATURES

ACTS = {"small": 0.15, "mid": 0.35, "frontier": 0.50}
P_REDRAWN = 0.5
"""So often another tier may take over; otherwise the one that acted before goes on, so that loops last."""

_PRICES = {price.tier: price for price in read_prices(sample_tiers_path())}
_START = datetime(2026, 11, 2, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """What a tier answered at a step, and whether the call in it makes progress."""

    text: str
    call: Call | None
    is_right: bool
    answer: Answer


def play(task: LongTask, models: Asked, seed: int = 29, n_tasks_before: int = 0) -> Iterator[dict[str, Any]]:
    """The steps of a task as a step log holds them. Which tier acts is drawn, with its probability in the log."""
    draw = random.Random(f"{seed} {task.task_id} acts")
    state = Underway(task, told_by_planner(task.kind, draw))
    start = _START + timedelta(minutes=37 * n_tasks_before)
    tier, records = "", list[dict[str, Any]]()
    while not state.is_over:
        said = ask_all(state, models)
        tier, propensity = _drawn(tier, draw)
        n = state.n_steps
        records.append(
            {
                "step_id": f"{task.task_id}/{n:02d}",
                "task_id": task.task_id,
                "timestamp": (start + timedelta(seconds=9 * n)).isoformat().replace("+00:00", "Z"),
                "kind": task.kind,
                "step": state.step(said["mid"].answer["input_tokens"]),
                "attempts": [_attempt(name, each) for name, each in said.items()],
                "decision": {"tier": tier, "policy": "drawn", "arm": "drawn", "propensity": propensity},
            }
        )
        state.act(said[tier].call)
    acted = next(each for each in records[-1]["attempts"] if each["tier"] == tier)
    acted["task_success"] = task.is_done(state.world)
    yield from records


def ask_all(state: Underway, models: Asked) -> dict[str, Said]:
    """What each tier says in this state."""
    prompt = state.prompt()
    said = {tier: heard(state, models.answer(tier, prompt)) for tier in NAMES}
    return said | {"frontier": reference_said(state, said["mid"].answer["input_tokens"])}


def heard(state: Underway, answer: Answer) -> Said:
    """A model's answer, read and judged."""
    call = read_call(answer["output"], SIGNATURES)
    return Said(answer["output"], call, state.task.makes_progress(state.world, call), answer)


def reference_said(state: Underway, n_input_tokens: int) -> Said:
    """The simulated top tier: the reference's call, with estimated tokens."""
    call = state.task.reference_call(state.world)
    text = call.written()
    n_tokens = math.ceil(len(text) / GOLD_CHARACTERS_PER_TOKEN)
    answer = {"output": text, "input_tokens": n_input_tokens, "output_tokens": n_tokens, "latency_ms": None}
    return Said(text, call, state.task.makes_progress(state.world, call), answer)


def cost_usd(tier: str, answer: Mapping[str, Any]) -> float:
    """Tokens at the sample's prices."""
    return _PRICES[tier].cost_usd(answer["input_tokens"], answer["output_tokens"])


def _attempt(tier: str, said: Said) -> dict[str, Any]:
    calls = [] if said.call is None else [{"name": said.call.tool, "arguments": said.call.named(SIGNATURES)}]
    attempt: dict[str, Any] = {
        "tier": tier,
        "model": _PRICES[tier].model,
        "success": said.is_right,
        "input_tokens": said.answer["input_tokens"],
        "output_tokens": said.answer["output_tokens"],
        "cost_usd": cost_usd(tier, said.answer),
        "cost_is_estimate": True,
        "latency_ms": said.answer["latency_ms"],
        "evaluator": "progress",
        "output": said.text,
        "tool_calls": calls,
    }
    if tier in NAMES:
        return attempt | {"logprobs": said.answer["logprobs"], "finish_reason": said.answer["finish_reason"]}
    return attempt | {"simulated": True}


def _drawn(before: str, draw: random.Random) -> tuple[str, float]:
    """The tier that acts, and how likely that was."""
    is_drawn = not before or draw.random() < P_REDRAWN
    tier = draw.choices(list(ACTS), list(ACTS.values()))[0] if is_drawn else before
    p = ACTS[tier] if not before else P_REDRAWN * ACTS[tier] + (1 - P_REDRAWN) * (tier == before)
    return tier, round(p, 6)
