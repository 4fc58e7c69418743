"""Generate step records without attempts: `python -m tools.sample_log.generate --out steps.jsonl`."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from tools.sample_log.families import Draft, drafts
from tools.sample_log.planner import estimate
from tools.sample_log.tasks import PlacedStep, compose

SEED = 11
N_PER_LEVEL = 27
CHARACTERS_PER_TOKEN = 4


def generate(seed: int = SEED, n_per_level: int = N_PER_LEVEL) -> list[dict[str, Any]]:
    """Step-log records in order of time, without attempts, each with its verifier and reference answer."""
    return [
        _record(step, seed)
        for step in sorted(compose(drafts(seed, n_per_level), seed), key=lambda step: step.timestamp)
    ]


def step_id(draft: Draft) -> str:
    """Depends on the prompt alone, so that attempts stay valid when tasks are composed anew."""
    return f"s-{hashlib.sha256(draft.text.encode()).hexdigest()[:12]}"


def _record(step: PlacedStep, seed: int) -> dict[str, Any]:
    draft, identity = step.draft, step_id(step.draft)
    planned = estimate(step, Random(f"{seed}/planner/{identity}"))
    return {
        "step_id": identity,
        "task_id": step.task_id,
        "session_id": step.session_id,
        "timestamp": step.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "group": draft.template_id,
        "family": draft.family,
        "difficulty": draft.difficulty,
        "template": draft.template_id,
        "step": {
            "text": draft.text,
            "task_type": draft.task_type,
            "tools": list(draft.tools),
            "response_schema": draft.response_schema,
            "input_complexity": planned.input_complexity,
            "requires_judgment": planned.requires_judgment,
            "human_visible": planned.human_visible,
            "input_tokens": round(len(draft.text) / CHARACTERS_PER_TOKEN),
            "step_index": step.step_index,
            "retry": planned.retry,
            "previous_error": planned.previous_error,
            "agent": step.agent,
            "node": step.node,
        },
        "max_tokens": draft.max_tokens,
        "gold": draft.gold,
        "verify": draft.verify,
        "attempts": [],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.sample_log.generate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--per-level", type=int, default=N_PER_LEVEL, help="steps per family and difficulty")
    given = parser.parse_args(arguments)
    records = generate(given.seed, given.per_level)
    with given.out.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    print(f"{len(records)} steps of {len({record['task_id'] for record in records})} tasks in {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
