"""Writes the long-horizon sample: 60 tasks of six kinds, done by two real local models and a simulated top tier.

    python -m tools.long_tasks.generate --models FOLDER --answers answers.jsonl --out long_tasks.jsonl.gz

Run it again to go on after an interruption: what was answered is in ``--answers``. Without ``--models`` it needs
nothing but these answers. Needs xllamacpp and the weights that `python -m tierwise.agents.collect weights` assembles.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

from tools.long_tasks.episode import play
from tools.long_tasks.kinds import KINDS, make_task
from tools.long_tasks.models import Recorded, local_models
from tools.long_tasks.task import LongTask

N_OF_KIND = 10
_IN_A_ROW = 2


def sample_tasks(n_of_kind: int = N_OF_KIND) -> list[LongTask]:
    """Two of a kind in a row: every part of the run has all kinds, and prompts that begin alike follow each other."""
    return [
        make_task(kind, number)
        for first in range(0, n_of_kind, _IN_A_ROW)
        for kind in KINDS
        for number in range(first, min(first + _IN_A_ROW, n_of_kind))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="folder of the GGUF files")
    parser.add_argument("--answers", type=Path, required=True, help="what was answered so far")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--of-kind", type=int, default=N_OF_KIND)
    given = parser.parse_args()
    models = Recorded(given.answers, local_models(given.models) if given.models else None)
    lines = []
    for n, task in enumerate(sample_tasks(given.of_kind)):
        records = list(play(task, models, n_tasks_before=n))
        lines += [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
        ended = [each["task_success"] for each in records[-1]["attempts"] if "task_success" in each]
        print(f"{n + 1} {task.task_id}: {len(records)} steps, {ended[0]}", file=sys.stderr, flush=True)
        given.out.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
