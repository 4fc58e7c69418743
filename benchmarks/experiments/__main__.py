"""``python -m benchmarks.experiments``: 200 or 500 A/A and A/B experiments a world, looked at after every task.

Worlds that the results already hold are left out, so that a run goes on where it was interrupted; ``--fresh`` begins
anew. ``before.json`` holds what commit 6a9c019, with its asymptotic intervals, said of the same experiments.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

from benchmarks.experiments.cases import CASES, Case
from tierwise.training.evaluation.experiments.simulation import PeekingResult, peek_constantly
from tierwise.training.evaluation.experiments.verdict import Design

QUESTION = Design(margin=0.05, alpha=0.05)
_FOLDER = Path(__file__).parent


def main() -> None:
    """Runs the worlds that are missing and writes the figures beside this file after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=500, help="experiments a world, at most")
    parser.add_argument("--out", type=Path, default=_FOLDER / "results.json", help="where the figures go")
    parser.add_argument("--fresh", action="store_true", help="run every world, also those whose figures are there")
    options = parser.parse_args()
    worlds: dict[str, Any] = {}
    if options.out.exists() and not options.fresh:
        worlds = json.loads(options.out.read_text(encoding="utf-8"))["worlds"]
    for name, case in CASES.items():
        n_experiments = min(options.experiments, case.n_experiments)
        if worlds.get(name, {}).get("n_experiments", 0) < n_experiments:
            found = peek_constantly(case.world, QUESTION, n_experiments, case.n_tasks)
            worlds[name] = _figures(case, found) | _kept_of_wins_before(name, case, found)
            _write(options.out, {known: worlds[known] for known in CASES if known in worlds})
        print(_line(name, worlds[name]), flush=True)


def _figures(case: Case, found: PeekingResult) -> dict[str, object]:
    figures = found.to_dict()
    del figures["seeds_won"]
    figures["true_success_difference"] = case.world.true_success_difference()
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in figures.items()}


def _kept_of_wins_before(name: str, case: Case, found: PeekingResult) -> dict[str, object]:
    before = json.loads((_FOLDER / "before.json").read_text(encoding="utf-8"))["worlds"].get(name)
    if case.world.cost_factor == 1.0 or not before or not before["seeds_won"]:
        return {}
    won = [seed for seed in before["seeds_won"] if seed < found.n_experiments]
    return {"kept_of_wins_before": len(set(won) & set(found.seeds_won)) / max(1, len(won))}


def _write(path: Path, worlds: dict[str, Any]) -> None:
    question = {"margin": QUESTION.margin, "alpha": QUESTION.alpha, "min_tasks": QUESTION.min_tasks}
    path.write_text(json.dumps({"question": question, "worlds": worlds}, indent=1) + "\n", encoding="utf-8")


def _line(name: str, found: dict[str, Any]) -> str:
    kept = found.get("kept_of_wins_before")
    return (
        f"{name:52s} missed success {found['ever_missed_success']:5.1%}  cost {found['ever_missed_cost']:5.1%}  "
        f"cheaper {found['ever_cheaper']:5.1%}  dearer {found['ever_dearer']:5.1%}  won {found['ever_won']:5.1%}  "
        f"lost {found['ever_lost']:5.1%}" + ("" if kept is None else f"  kept of the wins before {kept:.1%}")
    )


if __name__ == "__main__":
    main()
