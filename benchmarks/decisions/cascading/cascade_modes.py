"""What ``--cascades`` measures: all logs with answers together by folds, without outcomes, and a source never seen."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.decisions.cascading.cascadeflow_confidence import cascadeflow_confidence
from benchmarks.decisions.cascading.cascades import Answered, measure_cascades, run_cascades
from benchmarks.decisions.logs import SHARED_DATA, sources, together
from benchmarks.decisions.problem import Fold, Problem
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.progress import Progress

_WITH_ANSWERS = ("bfcl", "mifeval", "routerbench")


@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def cascades(arguments: Namespace, progress: Progress) -> Any:
    """Folds of all logs together under both targets, then each log by a training on the others."""
    paths = arguments.log or [SHARED_DATA / f"{name}.jsonl.gz" for name in _WITH_ANSWERS]
    problems = sources(paths, arguments.tiers)
    problem = together(problems, "all logs with answers")
    source_of = {logged.step_id: part.name for part in problems for logged in part.steps}
    bootstrap = Bootstrap(min(arguments.draws, 400))
    figures = []
    for target, seeds in (("success", arguments.fold_seeds), ("same-answer", arguments.fold_seeds[:1])):
        answered = _answered(problem, target, arguments.cascadeflow_python)
        own = np.array([source_of[logged.step_id] for logged in answered.problem.steps])
        folds = [answered.problem.folds(arguments.folds, seed) for seed in seeds]
        name = f"target {target}, cross-validated by group"
        figures.append(_part(name, answered, folds, own, bootstrap, progress))
        if target == "success":
            figures += [_never_seen(name, answered, own, bootstrap, progress) for name in np.unique(own).tolist()]
    return figures


def _answered(problem: Problem, target: str, python: Path | None) -> Answered:
    answered = Answered.of(problem, target)
    if python is None:
        return answered
    pairs = [(logged.step.prompt, logged.attempts[-2].output or "") for logged in answered.problem.steps]
    return replace(answered, scores=cascadeflow_confidence(python, pairs))


def _never_seen(
    name: str, answered: Answered, own: NDArray[np.str_], bootstrap: Bootstrap, progress: Progress
) -> dict[str, Any]:
    fold = Fold(answered.problem, np.flatnonzero(own != name), np.flatnonzero(own == name))
    return _part(f"{name}, trained on the others", answered, [[fold]], own, bootstrap, progress)


def _part(
    name: str,
    answered: Answered,
    folds: Sequence[Sequence[Fold]],
    own: NDArray[np.str_],
    bootstrap: Bootstrap,
    progress: Progress,
) -> dict[str, Any]:
    progress(name, sum(map(len, folds)))
    tested = np.unique(np.concatenate([fold.test for seed in folds for fold in seed]))
    rows = []
    for seed in folds:
        found = run_cascades(answered, seed, progress.step)
        rows.append(measure_cascades(answered, found, own, tested, bootstrap))
    return {"name": name, "n_steps": len(tested), "rows": rows}
