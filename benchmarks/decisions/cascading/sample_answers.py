"""What ``--sample-answers`` measures: what log-probabilities, a second model and resamples add on the sample log.

The steps are those whose mid answer was executed again with log-probabilities, by folds of whole templates. Every way
learns from the same folds and pays every call. Knobs are set on steps to learn from, as in ``--cascades``.
"""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.decisions.cascading import cascades
from benchmarks.decisions.cascading.cascades import DEVIATIONS, EQUAL, LEARNED, LEARNED_ONE, ORACLE, SINGLE, Answered
from benchmarks.decisions.cascading.families import Sides, Used, of_single_shots, set_by_part
from benchmarks.decisions.logs import SAMPLE_LOG, SAMPLE_TIERS
from benchmarks.decisions.problem import Fold, Problem, read_problem
from tierwise.agents.collect.joining import join, read_log
from tierwise.agents.collect.journal import read_attempts
from tierwise.agents.collect.merge import write_log
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_again_path
from tierwise.features.evidence import EVIDENCE_NAMES, answers_alone
from tierwise.training.accepting.acceptance_table import asked_sets
from tierwise.training.accepting.plain_courses import equal_or_top, right_or_top
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.progress import Progress

MAX_LOSSES = (0.01, 0.03, 0.05)
THRESHOLD = "mid's answer, threshold on its mean log-probability"
ONE_SILENT, TWO_SILENT = f"{LEARNED_ONE}, no log-probabilities", f"{LEARNED}, no log-probabilities"
RESAMPLED = "mid's answer and its resamples, learned acceptance"
PAIRS = (
    (LEARNED_ONE, SINGLE), (THRESHOLD, SINGLE), (LEARNED, SINGLE), (LEARNED_ONE, ONE_SILENT), (LEARNED_ONE, THRESHOLD),
    (LEARNED, LEARNED_ONE), (RESAMPLED, LEARNED_ONE),
)  # fmt: skip


@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def sample_answers(arguments: Namespace, progress: Progress) -> Any:
    """Figures of every way at each of ``MAX_LOSSES``, mean over the seeds of the folds; intervals of all seeds."""
    problem = again_problem(arguments.store, arguments.log)
    answered = Answered.of(problem)
    progress("the sample's answers", arguments.folds * len(arguments.fold_seeds))
    found = [
        _run(answered, answered.problem.folds(arguments.folds, seed), progress.step) for seed in arguments.fold_seeds
    ]
    groups = answered.problem.groups
    return {
        "n_steps": len(groups),
        "n_templates": len(set(groups)),
        "n_further": _n_further(answered.problem.steps),
        "success": np.nanmean(answered.problem.success, axis=0).tolist(),
        "rows": _measured(answered, found, Bootstrap(arguments.draws)),
    }


def again_problem(store: Path, attempts: Sequence[Path]) -> Problem:
    """Steps of the sample log whose mid answer has log-probabilities in ``attempts``, the shipped ones by default."""
    again = read_attempts(attempts or [sample_again_path()])
    records, _ = join(read_log(SAMPLE_LOG), again)
    store.mkdir(parents=True, exist_ok=True)
    path = store / "sample_again.jsonl.gz"
    write_log(records, path)
    problem = read_problem("sample log, asked again", [path], TierCatalogue.load(SAMPLE_TIERS))
    told = [s for s in problem.steps if any(a.tier == "mid" and a.logprobs is not None for a in s.attempts)]
    return Problem.of(problem.name, told, problem.catalogue)


def _n_further(steps: Sequence[LoggedStep]) -> int:
    """Further answers of mid that every step has; 0 where one has none."""
    return min(sum(a.tier == "mid" for a in logged.attempts) for logged in steps) - 1


def _run(answered: Answered, folds: Sequence[Fold], on_fold: Callable[[], None]) -> dict[str, list[Used]]:
    found: dict[str, list[Used]] = defaultdict(lambda: [cascades.at_the_top(answered) for _ in MAX_LOSSES])
    for fold in folds:
        parts = [answered.parts[rows] for rows in (fold.train, fold.test)]
        top = answered.problem.success[fold.train, -1]
        for name, sides in _ways(answered, fold).items():
            for outcome, max_loss in zip(found[name], MAX_LOSSES, strict=True):
                is_fixed = len(sides.train.lost) == 1
                fixed = Used(sides.test.final[0], sides.test.lost[0], sides.test.cost[0]) if is_fixed else None
                cascades.keep(outcome, fold, fixed or set_by_part(sides, top, parts, max_loss, DEVIATIONS, unseen=None))
        on_fold()
    return dict(found)


def _ways(answered: Answered, fold: Fold) -> dict[str, Sides]:
    success, cost = answered.problem.success, answered.relative_cost
    inner = cascades.inner_folds(fold)
    p_step = cascades.p_step_of(answered, fold, inner)
    sides = [fold.train, fold.test]
    *_, one, two = range(len(asked_sets(answered.schema.tiers)))
    single = of_single_shots(
        p_step[fold.train], p_step[fold.test], [success[r] for r in sides], [cost[r] for r in sides]
    )
    found = {SINGLE: single, THRESHOLD: cascades.by_score(answered, fold, _mean_logprobs(answered))}
    kinds = [(_masked(answered, votes=True), ONE_SILENT, TWO_SILENT), (_masked(answered), LEARNED_ONE, LEARNED)]
    for variant, of_one, of_two in kinds:
        judged = cascades.judgement_of(variant, fold, inner, p_step)
        found[of_one] = cascades.course_sides(variant, fold, judged, one)
        found[of_two] = cascades.course_sides(variant, fold, judged, two)
    if n_further := _n_further(answered.problem.steps):
        paid = replace(answered, relative_cost=cost * np.array([1.0] * (cost.shape[1] - 2) + [1.0 + n_further, 1.0]))
        found[RESAMPLED] = cascades.course_sides(paid, fold, cascades.judgement_of(paid, fold, inner, p_step), one)
    equal = equal_or_top(answered.same.is_equal, len(answered.schema.tiers))
    found[EQUAL] = cascades.fixed(answered, fold, equal)
    return found | {ORACLE: cascades.fixed(answered, fold, right_or_top(success == 1))}


def _mean_logprobs(answered: Answered) -> NDArray[np.float64]:
    told = [next(a.logprobs for a in logged.attempts if a.tier == "mid") for logged in answered.problem.steps]
    return np.array([-np.inf if one is None else one.mean for one in told])


def _masked(answered: Answered, votes: bool = False) -> Answered:
    """Without votes, which are not paid for; with ``votes`` without anything that a caller must ask for."""
    rows = answered.table.rows
    alone = answers_alone(rows)
    if not votes:
        names = [place for place, name in enumerate(EVIDENCE_NAMES) if "logprob" in name]
        alone[:, names] = rows[:, names]
    return replace(answered, table=replace(answered.table, rows=alone))


def _measured(
    answered: Answered, found: Sequence[Mapping[str, Sequence[Used]]], bootstrap: Bootstrap
) -> list[dict[str, Any]]:
    groups = np.unique(answered.problem.groups, return_inverse=True)[1].astype(np.int64)
    n, n_groups = len(groups), float(groups.max() + 1)
    top = answered.problem.success[:, -1]

    def estimate(lost: NDArray[np.float64], of: NDArray[np.float64]) -> dict[str, Any]:
        sums = bootstrap.sums(np.stack([lost, of], axis=1), groups)
        return bootstrap.estimate(sums[:, 0] / sums[:, 1], n, n_groups).to_dict()

    rows = []
    for name in found[0]:
        for at, max_loss in enumerate(MAX_LOSSES):
            lost = np.mean([seed[name][at].lost for seed in found], axis=0)
            cost = np.mean([seed[name][at].cost for seed in found], axis=0)
            pairs = {
                other: estimate(np.mean([seed[other][at].cost for seed in found], axis=0) - cost, np.ones(n))
                for this, other in PAIRS
                if this == name and other in found[0]
            }
            row = {"way": name, "max_loss": max_loss, "loss": estimate(lost, top)}
            rows.append(row | {"saving": estimate(1.0 - cost, np.ones(n)), "more_than": pairs})
    return rows
