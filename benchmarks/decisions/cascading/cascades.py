"""A contest of ways to use cheap answers: single shots, acceptance with and without learning, and thresholds.

All learn from the same folds. Costs are relative to the step's own top-tier call and count every call; loss is relative
to the top tier's successes; knobs are set by task type on held-out predictions of the steps to learn from.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.cascading.certified_courses import played_courses
from benchmarks.decisions.cascading.families import Family, Sides, Used, of_courses, of_single_shots, set_by_part
from benchmarks.decisions.problem import Fold, Problem
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.router_model.accepting.acceptance import AcceptanceSchema, Judgement
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.training.accepting.acceptance import AcceptanceModel, cross_calibrated, cross_fitted, fit_lines
from tierwise.training.accepting.acceptance_table import AcceptanceTable, acceptance_table, asked_sets, with_missing
from tierwise.training.accepting.courses import course_of
from tierwise.training.accepting.plain_courses import Plays, Sameness, equal_or_top, right_or_top
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.fitting.chain_model import fit_chain_model
from tierwise.training.fitting.tier_classifier import BoosterParams

Floats = NDArray[np.float64]
MAX_LOSSES = (0.0, 0.01, 0.015, 0.03)
DEVIATIONS = 1.28
"""Standard errors of margin: what a loss within its limit asks for at 90 % confidence, as every promise does."""
SINGLE, EQUAL, LEARNED, LEARNED_ONE, COURSES = (
    "single shots", "equal or top, untrained", "two answers, learned acceptance", "mid's answer, learned acceptance",
    "course by task type, learned",
)  # fmt: skip
CERTIFIED = "courses as certified"
LENGTH, ORACLE = "mid's answer, length threshold", "two answers, oracle"
_N_INNER = 4
_ROUTER = BoosterParams(n_rounds=120, num_leaves=15)


@dataclass(frozen=True, slots=True)
class Answered:
    """A problem of which every answer is logged: its acceptance rows, step vectors and relative costs."""

    problem: Problem
    table: AcceptanceTable
    schema: AcceptanceSchema
    vectors: NDArray[np.float32]
    relative_cost: Floats
    same: Sameness
    lengths: Floats
    scores: Floats | None = None

    @classmethod
    def of(cls, problem: Problem, target: str = "success") -> "Answered":
        """Steps of which an answer was not logged are left out."""
        tiers = problem.catalogue.names
        kept = [s for s in problem.steps if {a.tier for a in s.attempts if a.output is not None} >= set(tiers)]
        problem = Problem.of(problem.name, kept, problem.catalogue)
        pipeline = FeaturePipeline.fit([logged.step for logged in problem.steps], load_encoder(None))
        vectors = pipeline.transform([logged.step for logged in problem.steps])
        schema = AcceptanceSchema.of(pipeline.schema, tiers, target)
        columns = vectors[:, schema.columns_in(pipeline.schema)]
        table = acceptance_table(problem.steps, schema, columns)
        cost = problem.cost_usd / problem.cost_usd[:, -1:]
        lengths = [len(logged.attempts[-2].output or "") for logged in problem.steps]
        same = Sameness.of(problem.steps, tiers)
        return cls(problem, table, schema, vectors, cost, same, np.array(lengths, dtype=np.float64))

    def lost(self, final: NDArray[np.int64]) -> Floats:
        """What is lost where the tiers ``final`` int64 [n] answer, under the target, float64 [n]."""
        rows = np.arange(len(final))
        if self.is_blind:
            return np.asarray(1.0 - self.same.is_same[rows, final], dtype=np.float64)
        return np.asarray(self.problem.success[:, -1] - self.problem.success[rows, final])

    @property
    def is_blind(self) -> bool:
        """Whether no outcome may be looked at: acceptance learns what the top tier would have answered."""
        return self.schema.target == "same-answer"

    @property
    def parts(self) -> NDArray[np.str_]:
        return np.array([logged.step.task_type or "" for logged in self.problem.steps])


def run_cascades(answered: Answered, folds: Sequence[Fold], on_fold: Callable[[], None]) -> dict[str, list[Used]]:
    """What every contestant comes to for each of ``MAX_LOSSES``, every step decided in the fold that held it out."""
    found: dict[str, list[Used]] = defaultdict(lambda: [at_the_top(answered) for _ in MAX_LOSSES])
    for fold in folds:
        parts = [answered.parts[rows] for rows in (fold.train, fold.test)]
        top = np.ones(len(fold.train)) if answered.is_blind else answered.problem.success[fold.train, -1]
        contestants = _contestants(answered, fold)
        for name, sides in contestants.items():
            for outcome, max_loss in zip(found[name], MAX_LOSSES, strict=True):
                unseen = contestants[EQUAL].test if name == COURSES else None
                keep(outcome, fold, used_at(sides, unseen, top, parts, max_loss))
        played = played_courses(fold, answered.relative_cost, answered.schema.target, MAX_LOSSES)
        for outcome, (final, cost) in zip(found[CERTIFIED], played, strict=True):
            outcome.final[fold.test], outcome.cost[fold.test] = final, cost
            outcome.lost[fold.test] = answered.lost(outcome.final)[fold.test]
        on_fold()
    return dict(found)


def at_the_top(answered: Answered) -> Used:
    n = len(answered.problem.steps)
    return Used(np.full(n, len(answered.schema.tiers) - 1, dtype=np.int64), np.zeros(n), np.ones(n))


def keep(whole: Used, fold: Fold, used: Used) -> None:
    for field in ("final", "lost", "cost"):
        getattr(whole, field)[fold.test] = getattr(used, field)


def used_at(
    sides: Sides, unseen: Family | None, top: Floats, parts: Sequence[NDArray[np.str_]], max_loss: float
) -> Used:
    if len(sides.train.lost) == 1:
        return Used(sides.test.final[0], sides.test.lost[0], sides.test.cost[0])
    return set_by_part(sides, top, parts, max_loss, DEVIATIONS, unseen)


def measure_cascades(
    answered: Answered,
    found: Mapping[str, Sequence[Used]],
    sources: NDArray[np.str_],
    tested: NDArray[np.int64],
    bootstrap: Bootstrap,
) -> list[dict[str, Any]]:
    """Loss and saving on the steps ``tested`` by contestant, promise and source; the difference to single shots."""
    success, is_same = answered.problem.success[tested], answered.same.is_same[tested]
    groups = np.unique(answered.problem.outcomes().groups[tested], return_inverse=True)[1].astype(np.int64)
    n_groups = float(groups.max() + 1)
    rows = []
    for name, outcomes in found.items():
        for max_loss, outcome, single in zip(MAX_LOSSES, outcomes, found[SINGLE], strict=True):
            final, cost = outcome.final[tested], outcome.cost[tested]
            sums = bootstrap.sums(np.stack([single.cost[tested] - cost, np.ones(len(tested))], axis=1), groups)
            more = bootstrap.estimate(sums[:, 0] / sums[:, 1], len(tested), n_groups)
            everything = np.ones(len(tested), dtype=np.bool_)
            by_source = {name: sources[tested] == name for name in np.unique(sources[tested]).tolist()}
            rows.append(
                {
                    "contestant": name,
                    "max_loss": max_loss,
                    **_figures(success, final, cost, everything),
                    "different": float(1.0 - is_same[np.arange(len(tested)), final].mean()),
                    "more_than_single": more.to_dict(),
                    "sources": {name: _figures(success, final, cost, here) for name, here in by_source.items()},
                }
            )
    return rows


def _contestants(answered: Answered, fold: Fold) -> dict[str, Sides]:
    success, cost = answered.problem.success, answered.relative_cost
    inner = inner_folds(fold)
    p_step = p_step_of(answered, fold, inner)
    judged = judgement_of(answered, fold, inner, p_step)
    sides = [fold.train, fold.test]
    learned = {
        asked: course_sides(answered, fold, judged, at) for at, asked in enumerate(asked_sets(answered.schema.tiers))
    }
    single = of_single_shots(
        p_step[fold.train], p_step[fold.test], [success[rows] for rows in sides], [cost[rows] for rows in sides]
    )
    *_, both = learned
    equal = fixed(answered, fold, equal_or_top(answered.same.is_equal, len(answered.schema.tiers)))
    found = {
        SINGLE: single,
        EQUAL: equal,
        LEARNED: learned[both],
        LEARNED_ONE: learned[both[-1:]],
        COURSES: Sides(
            Family.joined(
                [side.train for side in ([] if answered.is_blind else [single]) + [equal, *learned.values()]]
            ),
            Family.joined([side.test for side in ([] if answered.is_blind else [single]) + [equal, *learned.values()]]),
        ),
        LENGTH: by_score(answered, fold, -answered.lengths),
    }
    if answered.scores is not None:
        found["mid's answer, cascadeflow's confidence"] = by_score(answered, fold, answered.scores)
    return found | {ORACLE: fixed(answered, fold, right_or_top(success == 1))}


def inner_folds(fold: Fold) -> NDArray[np.int64]:
    """The inner fold of each step to learn from, int64 [n]; -1 for those to decide."""
    inner = np.full(len(fold.problem.steps), -1, dtype=np.int64)
    for number, part in enumerate(fold.inner(_N_INNER, seed=1)):
        inner[part.test] = number
    return inner


def p_step_of(answered: Answered, fold: Fold, inner: NDArray[np.int64]) -> Floats:
    """What a router that did not see the step says of it, float64 [n, k]: inner folds on the steps to learn from."""
    success = answered.problem.success
    p_step = np.full(success.shape, np.nan)
    splits = [(fold.train[inner[fold.train] != k], fold.train[inner[fold.train] == k]) for k in range(_N_INNER)]
    for train, test in [*splits, (fold.train, fold.test)]:
        model = fit_chain_model(answered.vectors[train], success[train], np.ones(len(train)), _ROUTER, 0)
        scores = model.staged_scores(answered.vectors[test], [_ROUTER.n_rounds])[0]
        p_step[test] = tier_probabilities(scores).p_success
    return p_step


def judgement_of(answered: Answered, fold: Fold, inner: NDArray[np.int64], p_step: Floats) -> Judgement:
    """Of every row: cross-fitted on the steps to learn from, by a model of those for the steps to decide."""
    table = _with_p_step(answered, p_step)
    is_train = np.isin(table.step, fold.train)
    part = AcceptanceTable(*(getattr(table, name)[is_train] for name in AcceptanceTable.__slots__))
    n_train = len(part)
    part = with_missing(part)
    raw = cross_fitted(part, inner, not answered.is_blind, schema=answered.schema)
    share = raw.best_share(part)
    raw = raw.leant(share)
    held_out = cross_calibrated(part, raw, inner)
    test = (
        AcceptanceModel(schema=answered.schema)
        .fit(part, np.ones(len(part), dtype=np.bool_), not answered.is_blind)
        .raw(table.rows[~is_train])
        .leant(share)
    )
    decided = test.calibrated(fit_lines(part, raw))
    judged = Judgement(np.zeros(len(table)), np.zeros(len(table)))
    for whole, learned, new in (
        (judged.p_answer, held_out.p_answer[:n_train], decided.p_answer),
        (judged.p_top, held_out.p_top[:n_train], decided.p_top),
    ):
        whole[is_train], whole[~is_train] = learned, new
    return judged


def _with_p_step(answered: Answered, p_step: Floats) -> AcceptanceTable:
    table, names = answered.table, answered.schema.names
    rows = table.rows.copy()
    rows[:, names.index("p_step_answer")] = p_step[table.step, table.tier]
    rows[:, names.index("p_step_top")] = p_step[table.step, -1]
    return replace(table, rows=rows)


def course_sides(answered: Answered, fold: Fold, judged: Judgement, asked: int) -> Sides:
    course = course_of(answered.table, asked, judged, answered.relative_cost)
    return of_courses(*(course.of(np.isin(course.step, rows)) for rows in (fold.train, fold.test)))


def by_score(answered: Answered, fold: Fold, score: Floats) -> Sides:
    """Mid's answer, accepted where its score is high."""
    table = answered.table
    judged = Judgement(score[table.step], np.zeros(len(table)))
    return course_sides(answered, fold, judged, asked_sets(answered.schema.tiers).index(answered.schema.tiers[-2:-1]))


def fixed(answered: Answered, fold: Fold, plays: Plays) -> Sides:
    """One setting, nothing learned."""
    lost, paid = answered.lost(plays.final), plays.cost(answered.relative_cost)
    return Sides(
        *(Family(plays.final[None, rows], lost[None, rows], paid[None, rows]) for rows in (fold.train, fold.test))
    )


def _figures(success: Floats, final: NDArray[np.int64], cost: Floats, places: NDArray[np.bool_]) -> dict[str, float]:
    """Success lost in truth, relative to that of the top tier, and cost saved."""
    reached = success[np.arange(len(success)), final]
    loss = 1.0 - reached[places].sum() / success[places, -1].sum()
    return {"loss": float(loss), "saving": float(1.0 - cost[places].mean())}
