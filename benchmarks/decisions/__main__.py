"""Measures decisions: ``make bench-decisions``, with what to measure in ARGS.

    python -m benchmarks.decisions                         the contest: Tierwise, baselines and peers, by folds
    python -m benchmarks.decisions --log MY.jsonl          the same on any log whose steps know every tier
    python -m benchmarks.decisions --encoder DIR --litellm-python PYTHON     with MiniLM and LiteLLM

Answers are kept by contestant, code and fold under ``.tierwise/benchmarks``: an interrupted run goes on where it was.
Figures go to ``benchmarks/decisions/results``, and from there into RESULTS.md.
"""

import argparse
import sys
import warnings
from pathlib import Path

from benchmarks.decisions.answers import Cache
from benchmarks.decisions.contest import measure_contest, run_contest
from benchmarks.decisions.field import Settings, contestants
from benchmarks.decisions.logs import named_problems
from benchmarks.decisions.render import contest_lines
from benchmarks.decisions.results import RESULTS, save_section
from tierwise.cli.console import StageBar
from tierwise.data.errors import TierwiseError
from tierwise.training.evaluation.bootstrap import Bootstrap


def main() -> int:
    arguments = _arguments()
    warnings.filterwarnings("ignore", category=RuntimeWarning, message="Mean of empty slice")
    try:
        _contest(arguments)
    except TierwiseError as error:
        print(f"benchmarks.decisions: {error}", file=sys.stderr)
        return 2
    return 0


def _contest(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments)
    cache = Cache(settings.store / "answers")
    measured = []
    with StageBar() as progress:
        for problem in named_problems(arguments.log, arguments.tiers):
            field = contestants(settings, problem.catalogue, arguments.only)
            folds = problem.folds(arguments.folds, arguments.seed)
            contest = run_contest(problem, folds, field, cache, progress)
            progress(f"{problem.name}: intervals", 1)
            measured.append(measure_contest(contest, field[0].name, Bootstrap(arguments.draws)))
    for figures in measured:
        print("\n".join(contest_lines(figures)))
    save_section(arguments.out, "contest", measured)


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(arguments.store, arguments.encoder, arguments.litellm_python, arguments.max_quality_loss)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decisions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--log", type=Path, nargs="+", default=[], help="step logs; default: the real ones and the sample log")
    add("--tiers", type=Path, help="tiers.toml for --log")
    add("--encoder", type=Path, help="exported MiniLM encoder (tierwise encoder export minilm --out DIR)")
    add("--litellm-python", type=Path, help="an interpreter that has litellm installed")
    add("--only", nargs="+", default=[], help="contestants whose name contains one of these texts")
    add("--folds", type=int, default=5)
    add("--seed", type=int, default=0, help="of the folds")
    add("--draws", type=int, default=1000, help="bootstrap draws")
    add("--max-quality-loss", type=float, default=0.03)
    add("--store", type=Path, default=Path(".tierwise/benchmarks"), help="where answers and vectors are kept")
    add("--out", type=Path, default=RESULTS, help="folder for figures and RESULTS.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
