"""Run steps on one model, append what came of them to a JSON Lines file, and go on after an interruption
where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.agents.collect.backend import Backend, CollectError

Record = dict[str, Any]
Verifier = Callable[[dict[str, Any], str], bool]
Clock = Callable[[], float]
DEFAULT_MAX_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `n_done` of `n_total` steps, `n_passed` of those done in this run."""

    n_done: int
    n_total: int
    n_run: int
    n_passed: int


def read_steps(path: Path) -> list[Record]:
    """Step records of a JSON Lines file; each needs `step_id`, `step.text` and `verify`."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(line)
        if not record.get("step_id") or not record.get("step", {}).get("text") or "verify" not in record:
            raise CollectError(f"{path}:{number}: a step to run needs step_id, step.text and verify")
        records.append(record)
    return records


def run_steps(
    steps: Sequence[Record], backend: Backend, tier: str, out: Path, verify: Verifier, clock: Clock
) -> Iterator[Progress]:
    """Execute the steps that `out` does not hold yet, in order, and yield the progress after each.

    `clock` gives seconds. Every attempt is one line, flushed, so that an interruption loses at most the step
    at work.
    """
    done = finished_steps(out)
    left = [record for record in steps if record["step_id"] not in done]
    n_passed = 0
    with out.open("a", encoding="utf-8") as file:
        for n_run, record in enumerate(left, start=1):
            attempt = attempt_step(record, backend, tier, verify, clock)
            file.write(json.dumps({"step_id": record["step_id"], "attempt": attempt}, ensure_ascii=False) + "\n")
            file.flush()
            n_passed += attempt["success"]
            yield Progress(len(steps) - len(left) + n_run, len(steps), n_run, n_passed)


def attempt_step(record: Record, backend: Backend, tier: str, verify: Verifier, clock: Clock) -> Record:
    """One attempt in the form of the step log."""
    start = clock()
    completion = backend.complete(record["step"]["text"], record.get("max_tokens") or DEFAULT_MAX_TOKENS)
    latency_ms = (clock() - start) * 1000
    success = verify(record["verify"], completion.output)
    return {
        "tier": tier,
        "model": backend.info.name,
        "model_sha256": backend.info.sha256,
        "prompt_format": backend.info.prompt_format,
        "success": success,
        "score": float(success),
        "input_tokens": completion.input_tokens,
        "output_tokens": completion.output_tokens,
        "runtime_reused_tokens": completion.reused_tokens,
        "latency_ms": round(latency_ms, 1),
        "evaluator": "programmatic",
        "output": completion.output,
        "error": None,
        "simulated": False,
    }


def finished_steps(out: Path) -> set[str]:
    """Ids of the steps in an attempts file. A last line cut short by an interruption is removed from the
    file.
    """
    if not out.exists():
        return set()
    text = out.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        out.write_text(whole, encoding="utf-8")
    return {json.loads(line)["step_id"] for line in whole.splitlines()}


def shard(steps: Iterable[Record], index: int, count: int) -> list[Record]:
    """Every `count`-th record from `index` on: lets several processes share the work of one model."""
    if not 0 <= index < count:
        raise CollectError(f"shard {index}/{count} does not exist; give INDEX/COUNT with 0 <= INDEX < COUNT")
    return [record for place, record in enumerate(steps) if place % count == index]


def in_rounds(records: Sequence[Record]) -> list[Record]:
    """The same records in an order to run them in: a group per family and difficulty, then the next group of
    each.

    Groups are named `family/difficulty/template`. A prefix of the order covers all families, and steps of a
    group, which share the
    beginning of their prompts, stand together, so that the runtime can reuse what it has read.
    """
    groups: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        group = record.get("group") or ""
        groups.setdefault(group.rpartition("/")[0], {}).setdefault(group, []).append(record)
    queues = [list(by_group.values()) for by_group in groups.values()]
    rounds = max(map(len, queues), default=0)
    return [record for turn in range(rounds) for queue in queues if turn < len(queue) for record in queue[turn]]
