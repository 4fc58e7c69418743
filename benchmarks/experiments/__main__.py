"""``python -m benchmarks.experiments``: 500 A/A and A/B experiments each, looked at after every single task."""

import argparse
import json
from pathlib import Path

from tierwise.training.evaluation.experiments.simulation import PeekingResult, peek_constantly
from tierwise.training.evaluation.experiments.verdict import Question
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld

QUESTION = Question(margin=0.05, alpha=0.05)
WORLDS = {
    "A/A": ExperimentWorld(),
    "A/A, ramp 1 % - 10 % - 50 %": ExperimentWorld(is_ramped=True),
    "A/B, 30 % cheaper, same success": ExperimentWorld(0.0, 0.7),
    "A/B, 30 % cheaper, same success, ramp": ExperimentWorld(0.0, 0.7, is_ramped=True),
    "A/B, 50 % cheaper, 1 point lost": ExperimentWorld(0.012, 0.5),
    "A/B, 30 % cheaper, 8 points lost": ExperimentWorld(0.1, 0.7),
}
_RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Runs every world and writes the figures beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=500, help="experiments a world")
    parser.add_argument("--tasks", type=int, default=2000, help="tasks an experiment")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="where the figures go")
    options = parser.parse_args()
    found = {}
    for name, world in WORLDS.items():
        result = peek_constantly(world, QUESTION, options.experiments, options.tasks)
        print(_line(name, result), flush=True)
        found[name] = result.to_dict() | {"true_success_difference": world.true_success_difference()}
    question = {"margin": QUESTION.margin, "alpha": QUESTION.alpha, "min_tasks": QUESTION.min_tasks}
    content = json.dumps({"question": question, "worlds": found}, indent=1, allow_nan=True)
    options.out.write_text(content.replace("NaN", "null") + "\n", encoding="utf-8")


def _line(name: str, result: PeekingResult) -> str:
    return (
        f"{name:40s} missed success {result.ever_missed_success:5.1%}  cost {result.ever_missed_cost:5.1%}  "
        f"either {result.ever_missed_either:5.1%}  won {result.ever_won:5.1%}  lost {result.ever_lost:5.1%}  "
        f"ratio alarm {result.ever_broken:5.1%}  tasks to win {result.n_tasks_to_win:6.0f}"
    )


if __name__ == "__main__":
    main()
