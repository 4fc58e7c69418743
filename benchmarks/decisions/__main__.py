"""Measures decisions: ``make bench-decisions``, with what to measure in ARGS.

    python -m benchmarks.decisions                         the contest: Tierwise, baselines and peers, by folds
    python -m benchmarks.decisions --log MY.jsonl          the same on any log whose steps know every tier
    python -m benchmarks.decisions --encoder DIR --litellm-python PYTHON     with MiniLM and LiteLLM
    python -m benchmarks.decisions --guarantee             another mode, see below

Answers are kept by contestant, code and fold under ``.tierwise/benchmarks``: an interrupted run goes on where it was.
Figures go to ``benchmarks/decisions/results``, and from there into RESULTS.md.
"""

import argparse
import sys
import warnings
from pathlib import Path

from benchmarks.decisions import modes
from benchmarks.decisions.cascading import cascade_modes, sample_answers
from benchmarks.decisions.pages.page import SECTIONS
from benchmarks.decisions.pages.pictures import IMAGES
from benchmarks.decisions.questions.learning_curves import SIZES
from benchmarks.decisions.results import RESULTS, save_section
from tierwise.cli.console import StageBar
from tierwise.data.errors import TierwiseError

_MODES = {
    "contest": modes.contest,
    "sources": modes.leave_one_out,
    "learning_curves": modes.curves,
    "guarantee": modes.guarantee,
    "answer_worlds": modes.answer_worlds,
    "dear": modes.dear,
    "parts": modes.parts,
    "escalating": modes.escalating,
    "off_policy": modes.off_policy,
    "stability": modes.stability,
    "attacks": modes.attacks,
    "cascades": cascade_modes.cascades,
    "sample_answers": sample_answers.sample_answers,
    "resampled": sample_answers.resampled,
    "forms": modes.forms,
    "twin": modes.twin,
    "paraphrases": modes.paraphrases,
    "weak": modes.weak,
}


def main() -> int:
    arguments = _arguments()
    warnings.filterwarnings("ignore", category=RuntimeWarning, message="Mean of empty slice")
    try:
        with StageBar() as progress:
            figures = _MODES[arguments.mode](arguments, progress)
    except TierwiseError as error:
        print(f"benchmarks.decisions: {error}", file=sys.stderr)
        return 2
    print("\n".join(SECTIONS[arguments.mode](figures)))
    save_section(arguments.out, arguments.mode, figures)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decisions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(mode="contest")
    _add_modes(parser.add_mutually_exclusive_group())
    add = parser.add_argument
    add(
        "--log",
        type=Path,
        nargs="+",
        default=[],
        help="step logs, default: the real ones and the sample log; in --sample-answers attempts made again",
    )
    add("--tiers", type=Path, help="tiers.toml for --log")
    add("--encoder", type=Path, help="exported MiniLM encoder (tierwise encoder export minilm --out DIR)")
    add("--litellm-python", type=Path, help="an interpreter that has litellm installed")
    add("--cascadeflow-python", type=Path, help="an interpreter that has cascadeflow installed, for --cascades")
    add("--fold-seeds", type=int, nargs="+", default=[0], help="of the folds, in --cascades and --sample-answers")
    add("--only", nargs="+", default=[], help="contestants whose name contains one of these texts; kinds")
    add("--folds", type=int, default=5)
    add("--seed", type=int, default=0, help="of the folds")
    add("--seeds", type=int, default=5, help="draws of folds, steps or worlds, in --dear, --parts and --weak")
    add("--light", action="store_true", help="smaller boosters, one draw of the folds, in several")
    add("--draws", type=int, default=1000, help="bootstrap draws")
    add("--worlds", type=int, default=200, help="synthetic worlds of each kind, or logs")
    add(
        "--source-steps",
        type=int,
        default=1000,
        help="of each other source, in --leave-one-source-out and --dear --light",
    )
    add("--sizes", type=int, nargs="+", default=[*SIZES, 0], help="logged steps in --learning-curves; 0: all")
    add("--tested-folds", type=int, default=3, help="of five, in --learning-curves")
    add("--max-quality-loss", type=float, default=0.03)
    add("--store", type=Path, default=Path(".tierwise/benchmarks"), help="where answers and vectors are kept")
    add("--out", type=Path, default=RESULTS, help="folder for figures and RESULTS.md")
    add("--images", type=Path, default=IMAGES, help="folder for pictures")
    return parser.parse_args()


def _add_modes(group: "argparse._MutuallyExclusiveGroup") -> None:
    flags = {
        "--leave-one-source-out": ("sources", "trained on all logs but one, tested on the one, then with steps of it"),
        "--learning-curves": ("learning_curves", "skill as the log grows, for five kinds of log"),
        "--guarantee": ("guarantee", "does the promise hold, in worlds of known truth of every kind"),
        "--answer-worlds": ("answer_worlds", "do courses keep their promise, in worlds in which tiers answer"),
        "--dear": ("dear", "some steps of one source at a hundred times the cost, among the others"),
        "--parts": ("parts", "loss and saving of each source and task type, over several draws of the folds"),
        "--escalating": ("escalating", "with a verifier: learned starts against plain cascades"),
        "--off-policy": ("off_policy", "do off-policy intervals cover the truth"),
        "--stability": ("stability", "the operating point with other folds and another order of rows"),
        "--cascades": ("cascades", "ways to use cheap answers, on logs that hold what the models answered"),
        "--sample-answers": ("sample_answers", "what log-probabilities and resamples add on the sample log"),
        "--resampled": ("resampled", "what further answers of the same model add on the sample log"),
        "--attacks": ("attacks", "decisions that words around a prompt move"),
        "--twin": ("twin", "rows of TwinRouterBench by the benchmark's own score"),
        "--paraphrases": ("paraphrases", "decisions of the same step in other words, of thirteen kinds"),
        "--weak": ("weak", "what is learned from how tasks ended, in worlds of known truth"),
        "--forms": ("forms", "decisions of the same step as text, messages, content parts, tool results"),
    }
    for flag, (mode, text) in flags.items():
        group.add_argument(flag, dest="mode", action="store_const", const=mode, help=text)


if __name__ == "__main__":
    sys.exit(main())
