"""What ``--sample-answers`` measures: what log-probabilities, a second model and resamples add on the sample log.

Measured on the steps whose mid answer was executed again with log-probabilities, by folds of whole templates; all steps
of the other folds are learned from. Every way pays every call. Knobs are set on steps to learn from, as in
``--cascades``.
"""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from benchmarks.decisions.cascading import cascades
from benchmarks.decisions.cascading.answer_times import time_rows
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
from tierwise.router_model.accepting.acceptance import Judgement
from tierwise.training.accepting.acceptance_table import asked_sets
from tierwise.training.accepting.plain_courses import equal_or_top, right_or_top
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.progress import Progress

MAX_LOSSES = (0.01, 0.03, 0.05)
RESAMPLES = Path(__file__).parents[1] / "results" / "resamples.jsonl.gz"
"""Two further answers of mid to some of the sample's steps, drawn at temperature .7."""
THRESHOLD = "mid's answer, threshold on its mean log-probability"
ONE_SILENT, TWO_SILENT = f"{LEARNED_ONE}, no log-probabilities", f"{LEARNED}, no log-probabilities"
RESAMPLED = "mid's answer and its resamples, learned acceptance"
PAIRS = (
    (LEARNED_ONE, SINGLE), (THRESHOLD, SINGLE), (LEARNED, SINGLE), (LEARNED_ONE, ONE_SILENT), (LEARNED_ONE, THRESHOLD),
    (LEARNED, LEARNED_ONE), (RESAMPLED, LEARNED_ONE),
)  # fmt: skip


@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def sample_answers(arguments: Namespace, progress: Progress) -> Any:
    """Figures of every way at each of ``MAX_LOSSES``, means over the seeds of the folds."""
    answered = Answered.of(again_problem(arguments.store, arguments.log))
    is_told = told(answered.problem)
    progress("the sample's answers", arguments.folds * len(arguments.fold_seeds))
    found = [
        run_ways(answered, is_told, answered.problem.folds(arguments.folds, seed), progress.step)
        for seed in arguments.fold_seeds
    ]
    return {
        "n_learned": len(is_told),
        "n_steps": int(is_told.sum()),
        "n_templates": len(np.unique(np.array(answered.problem.groups)[is_told])),
        "n_further": _n_further(answered.problem.steps),
        "auc": {name: float(np.mean([seed.auc[name] for seed in found])) for name in found[0].auc},
        "rows": measured(answered, is_told, [seed.used for seed in found], Bootstrap(arguments.draws)),
        "times": _times(answered, is_told, [seed.used for seed in found]),
    }


def resampled(arguments: Namespace, progress: Progress) -> Any:
    """The same on the steps that mid was asked two further times."""
    arguments.log = arguments.log or [sample_again_path(), RESAMPLES]
    return sample_answers(arguments, progress)


def _times(
    answered: Answered, is_told: NDArray[np.bool_], found: Sequence[Mapping[str, Sequence[Used]]]
) -> list[dict[str, Any]]:
    steps = [logged for logged, is_one in zip(answered.problem.steps, is_told, strict=True) if is_one]
    told = [
        {
            name: [Used(one.final[is_told], one.lost[is_told], one.cost[is_told]) for one in each]
            for name, each in seed.items()
        }
        for seed in found
    ]
    return time_rows(steps, answered.problem.success[is_told], told, MAX_LOSSES)


def again_problem(store: Path, attempts: Sequence[Path]) -> Problem:
    """The sample log with the ``attempts`` that were made again, the shipped ones by default."""
    records, _ = join(read_log(SAMPLE_LOG), read_attempts(attempts or [sample_again_path()]))
    store.mkdir(parents=True, exist_ok=True)
    path = store / "sample_again.jsonl.gz"
    write_log(records, path)
    return read_problem("sample log, asked again", [path], TierCatalogue.load(SAMPLE_TIERS))


def told(problem: Problem) -> NDArray[np.bool_]:
    """Of which steps mid's answer has log-probabilities, bool [n]; where mid was asked further times for some, of those
    alone: what further answers are worth is measured where there are some."""
    n_further, most = [_n_further([logged]) for logged in problem.steps], _n_further(problem.steps)
    return np.isfinite(_mean_logprobs(problem)) & np.array([n == most for n in n_further], dtype=np.bool_)


def _n_further(steps: Sequence[LoggedStep]) -> int:
    """Further answers of mid, of the step that has most."""
    return max(sum(a.tier == "mid" for a in logged.attempts) for logged in steps) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What each way comes to for each of ``MAX_LOSSES``, and how well scores tell mid's right answers from wrong ones
    (area under the ROC curve, on the told steps)."""

    used: dict[str, list[Used]]
    auc: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Way:
    """A family, and the steps on which its knob is set."""

    sides: Sides
    learned: NDArray[np.int64]


def run_ways(
    answered: Answered, is_told: NDArray[np.bool_], folds: Sequence[Fold], on_fold: Callable[[], None]
) -> Found:
    """Every told step decided in the fold that held it out; learned from all steps of the others, told or not."""
    used: dict[str, list[Used]] = defaultdict(lambda: [cascades.at_the_top(answered) for _ in MAX_LOSSES])
    scores: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.full(len(is_told), np.nan))
    for fold in folds:
        test = replace(fold, test=fold.test[is_told[fold.test]])
        ways, of_mid = _ways(answered, is_told, fold, test)
        for name, way in ways.items():
            parts = [answered.parts[rows] for rows in (way.learned, test.test)]
            top = answered.problem.success[way.learned, -1]
            for outcome, max_loss in zip(used[name], MAX_LOSSES, strict=True):
                is_fixed = len(way.sides.train.lost) == 1
                one = Used(*(getattr(way.sides.test, field)[0] for field in Used.__slots__)) if is_fixed else None
                cascades.keep(outcome, test, one or set_by_part(way.sides, top, parts, max_loss, DEVIATIONS, None))
        for name, score in of_mid.items():
            scores[name][test.test] = score[test.test]
        on_fold()
    is_right = answered.problem.success[is_told, -2] == 1
    return Found(dict(used), {name: _auc(score[is_told], is_right) for name, score in scores.items()})


def _ways(
    answered: Answered, is_told: NDArray[np.bool_], fold: Fold, test: Fold
) -> tuple[dict[str, _Way], dict[str, NDArray[np.float64]]]:
    success, cost = answered.problem.success, answered.relative_cost
    inner = cascades.inner_folds(fold)
    p_step = cascades.p_step_of(answered, fold, inner)
    learned = fold.train[is_told[fold.train]]
    asked = replace(test, train=learned)
    *_, one, two = range(len(asked_sets(answered.schema.tiers)))
    sides = [fold.train, test.test]
    single = of_single_shots(p_step[sides[0]], p_step[sides[1]], [success[r] for r in sides], [cost[r] for r in sides])
    mean = _mean_logprobs(answered.problem)
    ways = {SINGLE: _Way(single, fold.train), THRESHOLD: _Way(cascades.by_score(answered, asked, mean), learned)}
    scores = {SINGLE: p_step[:, -2], THRESHOLD: mean}
    kinds = [(_masked(answered, votes=True), ONE_SILENT, TWO_SILENT), (_masked(answered), LEARNED_ONE, LEARNED)]
    if n_further := _n_further(answered.problem.steps):
        paid = cost * np.array([1.0] * (cost.shape[1] - 2) + [1.0 + n_further, 1.0])
        kinds.append((replace(answered, relative_cost=paid), RESAMPLED, f"{RESAMPLED}, and small's"))
    for variant, of_one, of_two in kinds:
        judged = cascades.judgement_of(variant, fold, inner, p_step)
        for name, which in ((of_one, one), (of_two, two)):
            ways[name] = _Way(cascades.course_sides(variant, asked, judged, which), learned)
            scores[name] = _of_mid(variant, judged, which)
    for name, plays in (
        (EQUAL, equal_or_top(answered.same.is_equal, len(answered.schema.tiers))),
        (ORACLE, right_or_top(success == 1)),
    ):
        ways[name] = _Way(cascades.fixed(answered, asked, plays), learned)
    return ways, scores


def _of_mid(answered: Answered, judged: Judgement, asked: int) -> NDArray[np.float64]:
    """The chance that mid's answer succeeds, float64 [n]."""
    table, chance = answered.table, np.full(len(answered.problem.steps), np.nan)
    rows = (table.asked == asked) & (table.tier == len(answered.schema.tiers) - 2)
    chance[table.step[rows]] = judged.p_answer[rows]
    return chance


def _auc(score: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    ranks = rankdata(score)
    n_right = is_right.sum()
    return float((ranks[is_right].sum() - n_right * (n_right + 1) / 2) / (n_right * (~is_right).sum()))


def _mean_logprobs(problem: Problem) -> NDArray[np.float64]:
    """Of mid's first answers, float64 [n]; minus infinity where there are none."""
    found = [next(a.logprobs for a in logged.attempts if a.tier == "mid") for logged in problem.steps]
    return np.array([-np.inf if one is None else one.mean for one in found])


def _masked(answered: Answered, votes: bool = False) -> Answered:
    """Without votes, which are not paid for; with ``votes`` without anything that a caller must ask for."""
    rows = answered.table.rows
    alone = answers_alone(rows)
    if not votes:
        names = [place for place, name in enumerate(EVIDENCE_NAMES) if "logprob" in name]
        alone[:, names] = rows[:, names]
    return replace(answered, table=replace(answered.table, rows=alone))


def measured(
    answered: Answered,
    is_told: NDArray[np.bool_],
    found: Sequence[Mapping[str, Sequence[Used]]],
    bootstrap: Bootstrap,
) -> list[dict[str, Any]]:
    """Loss and saving of the told steps by way and promise, with what is saved more than by others."""
    groups = np.unique(np.array(answered.problem.groups)[is_told], return_inverse=True)[1].astype(np.int64)
    n, n_groups = len(groups), float(groups.max() + 1)
    top = answered.problem.success[is_told, -1]

    def estimate(lost: NDArray[np.float64], of: NDArray[np.float64]) -> dict[str, Any]:
        sums = bootstrap.sums(np.stack([lost, of], axis=1), groups)
        return bootstrap.estimate(sums[:, 0] / sums[:, 1], n, n_groups).to_dict()

    rows = []
    for name in found[0]:
        for at, max_loss in enumerate(MAX_LOSSES):
            lost = np.mean([seed[name][at].lost[is_told] for seed in found], axis=0)
            cost = np.mean([seed[name][at].cost[is_told] for seed in found], axis=0)
            pairs = {
                other: estimate(np.mean([seed[other][at].cost[is_told] for seed in found], axis=0) - cost, np.ones(n))
                for this, other in PAIRS
                if this == name and other in found[0]
            }
            row = {"way": name, "max_loss": max_loss, "loss": estimate(lost, top)}
            rows.append(row | {"saving": estimate(1.0 - cost, np.ones(n)), "more_than": pairs})
    return rows
