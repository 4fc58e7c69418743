"""Time, memory and rows/s of training as the log grows: ``make bench-scale``, with what to measure in ARGS.

    python -m benchmarks.scale                                     10,000, 100,000 and 1,000,000 steps, both engines
    python -m benchmarks.scale --steps 10000 --engines local       one size, here
    python -m benchmarks.scale --sampling                          what more steps still add to the router
    python -m benchmarks.scale --capacity                          the table of docs/scale.md

Generated parts are kept under ``.tierwise/bench/scale``, figures in ``benchmarks/scale/results``; what stands there is
not measured again without ``--again``. From there come the tables of RESULTS.md and docs/images/scale.png.
"""

import argparse
from pathlib import Path

from benchmarks.scale.capacity import Costs, capacity_table
from benchmarks.scale.results import PICTURE, TRAININGS, draw_growth, load_trainings, save_trainings, table, write_page
from benchmarks.scale.sampling import measure_sampling
from benchmarks.scale.steps import log_parts
from benchmarks.scale.training import Measured, measure_training
from tierwise.cli.console import StageBar

KEPT = Path(".tierwise/bench/scale")
SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    arguments = _arguments()
    if arguments.sampling:
        measure_sampling(KEPT)
        return
    if arguments.capacity:
        print("\n".join(capacity_table(Costs())))
        return
    trainings = load_trainings(TRAININGS)
    for n_steps in sorted(arguments.steps):
        for engine in arguments.engines:
            known = [one for one in trainings if (one.engine, one.n_steps) == (engine, n_steps)]
            if known and not arguments.again:
                continue
            found = _measure(engine, n_steps)
            trainings = [*(one for one in load_trainings(TRAININGS) if one not in known), found]
            save_trainings(TRAININGS, trainings)
    trainings = load_trainings(TRAININGS)
    print("\n".join(table(trainings)))
    write_page(trainings)
    draw_growth(trainings, PICTURE)


def _measure(engine: str, n_steps: int) -> Measured:
    with StageBar() as progress:
        progress(f"generating {n_steps} steps", -(-n_steps // 10_000))
        parts = log_parts(KEPT / "log", n_steps, progress.step)
    print(f"training on {n_steps} steps, engine {engine}", flush=True)
    return measure_training(engine, parts, n_steps)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, nargs="+", default=SIZES, help="lengths of log; default: all three")
    parser.add_argument("--engines", nargs="+", choices=("local", "dask"), default=("local", "dask"))
    parser.add_argument("--again", action="store_true", help="measure what is known once more")
    parser.add_argument("--sampling", action="store_true", help="what more steps add, from 2,000 to 100,000")
    parser.add_argument("--capacity", action="store_true", help="machines and money by the number of users")
    return parser.parse_args()


if __name__ == "__main__":
    main()
