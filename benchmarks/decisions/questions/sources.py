"""Trained on all sources but one and tested on the one; then with some logged steps of it added to the log."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Cache
from benchmarks.decisions.contest import answer_fold
from benchmarks.decisions.contestants.contestant import Contestant
from benchmarks.decisions.logs import together
from benchmarks.decisions.problem import Fold, Problem
from tierwise.data.drawing.splits import assign_folds
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.full_information import evaluate_choice
from tierwise.training.progress import Progress

N_ADDED = (0, 100, 250, 500)
_MIN_TESTED = 100


def leave_one_source_out(
    problems: Sequence[Problem],
    contestants: Sequence[Contestant],
    n_added: Sequence[int],
    n_most: int,
    cache: Cache,
    bootstrap: Bootstrap,
    progress: Progress,
) -> list[dict[str, Any]]:
    """One row a source, contestant and number of added steps. Only the first contestant gets added steps.

    At most ``n_most`` steps of each other source are learned from, so that none drowns the rest.

    Steps that may be added are set aside first, whole groups, and tested never: rows of a source compare.
    """
    progress("sources × contestants", len(problems) * (len(contestants) + len(n_added) - 1))
    rows = []
    for problem in problems:
        others = [_first(other, n_most) for other in problems if other is not problem]
        folds = _folds(together([*others, problem], "all sources"), problem, n_added)
        for contestant in contestants:
            for n, fold in folds.items() if contestant is contestants[0] else [(0, folds[0])]:
                rows.append(_row(problem.name, contestant, n, fold, cache, bootstrap))
                progress.step()
    return rows


def _first(problem: Problem, n_most: int) -> Problem:
    return Problem.of(problem.name, problem.steps[:n_most], problem.catalogue)


def _folds(everything: Problem, source: Problem, n_added: Sequence[int]) -> dict[int, Fold]:
    own = {logged.step_id for logged in source.steps}
    is_own = np.array([logged.step_id in own for logged in everything.steps])
    groups = np.array(everything.groups)
    others = np.flatnonzero(~is_own & ~np.isin(groups, groups[is_own]))
    rows = np.flatnonzero(is_own)
    n_aside = min(max(n_added), len(rows) - _MIN_TESTED)
    order = np.argsort(assign_folds([everything.steps[row] for row in rows], len(rows), seed=1), kind="stable")
    ordered = rows[order]
    aside = ordered[:n_aside]
    test = np.setdiff1d(ordered[n_aside:], np.flatnonzero(np.isin(groups, groups[aside])))
    return {
        n: Fold(everything, np.sort(np.concatenate([others, aside[:n]])), test)
        for n in sorted({0, *n_added})
        if n <= n_aside
    }


def _row(
    source: str, contestant: Contestant, n_added: int, fold: Fold, cache: Cache, bootstrap: Bootstrap
) -> dict[str, Any]:
    answers = answer_fold(contestant, fold, cache)
    part = Problem.of(source, [fold.problem.steps[row] for row in fold.test], fold.catalogue)
    place = {logged.step_id: i for i, logged in enumerate(part.steps)}
    order = np.argsort([place[fold.problem.steps[row].step_id] for row in fold.test])
    point = evaluate_choice(part.outcomes(), answers.chosen[order], bootstrap)
    return {
        "source": source,
        "contestant": contestant.name,
        "n_added": n_added,
        "n_train": len(fold.train),
        "n_test": len(fold.test),
        "loss": point.loss.to_dict(),
        "saving": point.saving.to_dict(),
        "p_unfamiliar": float(answers.is_unfamiliar.mean()),
        "p_supported": float(answers.is_supported.mean()),
    }
