"""Measures tasks of many steps; figures go to ``results``, and from there into RESULTS.md.

    python -m benchmarks.long_tasks features             trajectory features on the sample, with and without
    python -m benchmarks.long_tasks study                loops and plan-and-execute over the study's tasks
    python -m benchmarks.long_tasks study --models FOLDER --asked FILE     with the models, for what was never asked

What the two local models answered is in ``answers.jsonl.gz``, so that both run anywhere. A study with ``--models``
goes on where it was interrupted; it needs xllamacpp and the weights that ``python -m tierwise.agents.collect weights``
assembles.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.long_tasks.arms import KINDS, Arm, Study, tasks_of_study
from benchmarks.long_tasks.features import measure_features
from benchmarks.long_tasks.tables import save
from tierwise.cli.console import StageBar
from tierwise.training.evaluation.bootstrap import Bootstrap
from tools.long_tasks.models import NotRecordedError, Recorded, local_models
from tools.long_tasks.task import LongTask

HERE = Path(__file__).parent
ANSWERS = HERE / "answers.jsonl.gz"
FIRST = (
    "loop: top tier",
    "plans: rules",
    "plans kept: rules",
    "loop: mid",
    "loop: rules",
    "plans: router of the sample",
)


def main() -> int:
    given = _arguments()
    with StageBar() as progress:
        if given.what == "features":
            save(given.out, "features", measure_features(given.draws, Bootstrap(given.resamples), progress))
        else:
            _study(given)
    print((given.out / "RESULTS.md").read_text(encoding="utf-8"))
    return 0


def _study(given: argparse.Namespace) -> None:
    """Saves after every arm: dear ones come last, and who has no time for them has the others."""
    models = Recorded(given.asked, local_models(given.models) if given.models else None, [ANSWERS])
    tasks = tasks_of_study(given.tasks)
    later = tasks[given.recorded * len(KINDS) :]
    figures: dict[str, Any] = {"kinds": list(KINDS), "n_recorded": given.recorded, "arms": {}, "later": {}}
    if given.only:
        figures = json.loads((given.out / "results" / "study.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        study = Study(models, Path(folder), given.recorded)
        arms, of_later = study.arms(), study.later_arms()
        for name in [*[name for name in FIRST if name in arms], *[name for name in arms if name not in FIRST]]:
            ran = _run(name, arms[name], tasks) if name in (given.only or arms) else []
            if not ran:
                continue
            done = figures["arms"] | {name: ran}
            figures["arms"] = {each: done[each] for each in arms if each in done}
            _keep(given, figures, models)
        for name, arm in of_later.items():
            if name in (given.only or of_later) and (ran := _run(name, arm, later)):
                figures["later"][name] = ran
                _keep(given, figures, models)


def _keep(given: argparse.Namespace, figures: dict[str, Any], models: Recorded) -> None:
    save(given.out, "study", figures)
    if given.models:
        models.write_used(given.out / ANSWERS.name)


def _run(name: str, arm: Arm, tasks: Sequence[LongTask]) -> list[dict[str, Any]]:
    """What became of the tasks; nothing where the models' answers are not there."""
    try:
        ran = [each.to_dict() for each in arm(tasks)]
    except NotRecordedError as error:
        print(f"{name}: left out: {error}", file=sys.stderr, flush=True)
        return []
    n_done, usd = sum(each["is_done"] for each in ran), sum(each["usd"] for each in ran)
    print(f"{name}: {n_done} of {len(ran)} done, {usd:.5f} USD", file=sys.stderr, flush=True)
    return ran


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.long_tasks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("what", choices=("features", "study"))
    add("--draws", type=int, default=5, help="of the folds, in features")
    add("--resamples", type=int, default=500, help="of the bootstrap, in features")
    add("--tasks", type=int, default=20, help="of each kind, in study")
    add(
        "--recorded", type=int, default=7, help="of each kind, that a router is trained on before it decides the others"
    )
    add("--only", nargs="+", help="arms to run anew, by their names; the others stay as they were")
    add("--models", type=Path, help="folder of the GGUF files")
    add("--asked", type=Path, default=Path("asked.jsonl"), help="where new answers are kept as they come")
    add("--out", type=Path, default=HERE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
