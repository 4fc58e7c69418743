"""Generated logs of any length, drawn from the sample log's families; no two steps have the same text.

A log is a folder of parts of ``PART_STEPS`` steps, each made of its own seeds, so that a longer log begins with the
parts of a shorter one and an interrupted run goes on where it stopped. Families whose templates have few fillings run
dry in long logs; the others carry on.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.scale.world import sample_world
from tools.sample_log.generate import generate

PART_STEPS = 10_000
FIRST_SEED = 1_000
TEST_SEED = 900_000
_PER_LEVEL = 20


def log_parts(folder: Path, n_steps: int, on_part: Callable[[], None], first_seed: int = FIRST_SEED) -> list[Path]:
    """Writes the parts of a log of ``n_steps`` that are missing in ``folder``; returns all of them in order."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: list[Path] = []
    seen: set[str] = set()
    for number, first in enumerate(range(0, n_steps, PART_STEPS)):
        part = folder / f"part-{number:04d}-{min(PART_STEPS, n_steps - first)}.jsonl.gz"
        if not part.exists():
            seen |= _step_ids(parts if not seen else [])
            _write(part, islice(_fresh(seen, first_seed + 100 * number), min(PART_STEPS, n_steps - first)))
        parts.append(part)
        on_part()
    return parts


def _fresh(seen: set[str], seed: int) -> Iterator[dict[str, Any]]:
    """Records with outcomes whose texts are not in ``seen`` yet, which grows; ids depend on the text alone."""
    world = sample_world()
    for turn in count(seed):
        rng = Random(f"outcomes/{turn}")
        for record in generate(turn, _PER_LEVEL):
            if record["step_id"] not in seen:
                seen.add(record["step_id"])
                record["task_id"] = f"{turn}-{record['task_id']}"
                yield world.lived_through(record, rng)


def _step_ids(parts: list[Path]) -> set[str]:
    found = set()
    for part in parts:
        with gzip.open(part, "rt", encoding="utf-8") as lines:
            found |= {json.loads(line)["step_id"] for line in lines}
    return found


def _write(part: Path, records: Iterator[dict[str, Any]]) -> None:
    """Under its name only once it is whole."""
    unfinished = part.with_suffix(".new")
    with gzip.open(unfinished, "wt", encoding="utf-8", compresslevel=3) as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    unfinished.rename(part)
