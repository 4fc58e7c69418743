"""Courses on logged answers, beside single shots, courses that learn nothing, and what nobody can do.

Only steps count of which every tier's answer is logged whatever came of it. A step of a course asked the top tier where
the cheap answers looked doubtful, and a log of escalations where they failed: neither says what courses are worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import LoggedStep
from tierwise.router_model.accepting.acceptance import Judgement
from tierwise.router_model.accepting.played import play
from tierwise.router_model.choosing.parts import part_value
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.accepting.acceptance_table import acceptance_table
from tierwise.training.accepting.courses import course_of, expected_threshold
from tierwise.training.accepting.plain_courses import (
    Plays,
    Sameness,
    asked_first,
    equal_or_top,
    first_answers,
    right_or_top,
)
from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap
from tierwise.training.evaluation.cascades.course_rows import AnsweredSteps, CourseKind, CourseRow, Used, course_row
from tierwise.training.evaluation.cascades.plain import CATCH_RATES, plain_paths
from tierwise.training.evaluation.costs import logged_outcomes
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.latencies import logged_latencies
from tierwise.training.evaluation.logged.collection import collected_steps
from tierwise.training.evaluation.outcomes import group_codes
from tierwise.training.evaluation.reporting.table_rows import best_of

MIN_STEPS = 30
SINGLE, EQUAL, COURSES = "single shots", "equal or top, untrained", "courses, as certified"
LEARNED_ONE, LEARNED_TWO = "learned acceptance of one answer", "learned acceptance of two"
ORACLE, ORACLE_SAME = "oracle: one of two is right", "oracle: one of two is the same"


@dataclass(frozen=True, slots=True)
class CourseReport:
    """``rows`` of all answered steps, and ``parts`` with the same ways on the steps of each part, the largest first.

    ``target`` is what the router's acceptance learned; ``max_loss`` what may be lost, or differ, as it was asked.
    ``n_labelled`` of the ``n_steps`` know whether the top tier succeeded.
    """

    target: str
    max_loss: float
    n_steps: int
    n_labelled: int
    rows: tuple[CourseRow, ...]
    parts: Mapping[str, tuple[CourseRow, ...]]
    part_field: str

    def to_dict(self) -> dict[str, object]:
        names = ("target", "max_loss", "n_steps", "n_labelled", "part_field")
        found: dict[str, object] = {name: getattr(self, name) for name in names}
        parts = {name: [row.to_dict() for row in rows] for name, rows in self.parts.items()}
        return found | {"rows": [row.to_dict() for row in self.rows], "parts": parts}


def evaluate_courses(
    router: Router,
    steps: Sequence[LoggedStep],
    options: DecideOptions = NO_OPTIONS,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> CourseReport | Refusal:
    """Plays every way on the steps of ``steps`` that hold all answers; the router must not have learned from them."""
    names = router.catalogue.names
    is_answered = _answered(steps, names)
    outcomes = logged_outcomes(steps, router.catalogue)
    kept = is_answered & ~np.isnan(outcomes.cost_usd).any(axis=1)
    if kept.sum() < MIN_STEPS:
        return Refusal(
            f"{kept.sum()} of {len(steps)} steps hold the answers and costs of every tier, whatever came of them;"
            f" {MIN_STEPS} are needed to measure courses"
        )
    chosen = [logged for logged, is_kept in zip(steps, kept, strict=True) if is_kept]
    same = Sameness.of(chosen, names)
    groups = group_codes([split_unit(step) for step in chosen], len(chosen))
    latency_ms = logged_latencies(chosen, names)
    answered = AnsweredSteps(outcomes.success[kept], outcomes.cost_usd[kept], same.is_same, groups, latency_ms)
    max_loss = router.parts.policy.default_max_quality_loss
    max_loss = max_loss if options.max_quality_loss is None else options.max_quality_loss
    ways = _ways(router, chosen, options, answered, same, max_loss)
    field = router.parts.policy.part_field or "task_type"
    labels = np.array([_part(router, logged) for logged in chosen])
    sizes = {name: int((labels == name).sum()) for name in np.unique(labels).tolist()}
    shown = sorted((name for name, n in sizes.items() if n >= MIN_STEPS), key=lambda name: -sizes[name])
    return CourseReport(
        target=router.parts.policy.target,
        max_loss=max_loss,
        n_steps=len(chosen),
        n_labelled=int((~np.isnan(answered.success[:, -1])).sum()),
        rows=_rows(ways, answered, np.ones(len(chosen), dtype=np.bool_), bootstrap),
        parts={name: _rows(ways, answered, labels == name, bootstrap) for name in shown if len(shown) > 1},
        part_field=field,
    )


_Ways = Mapping[str, tuple[CourseKind, Used]]


def _ways(
    router: Router,
    steps: Sequence[LoggedStep],
    options: DecideOptions,
    answered: AnsweredSteps,
    same: Sameness,
    max_loss: float,
) -> _Ways:
    k = len(router.catalogue.names)
    decided = router.decide_many([logged.step for logged in steps], options)
    shot = np.array([router.catalogue.index(decision.tier) for decision in decided], dtype=np.int64)
    plays: dict[str, tuple[CourseKind, Plays]] = {SINGLE: ("single", Plays.of(shot, (), k))}
    if len(asked_first(k)) > 1:
        plays[EQUAL] = ("untrained", equal_or_top(same.is_equal, k))
    if router.parts.courses is not None:
        for name, found in _learned(router, steps, answered, max_loss).items():
            plays[name] = ("learned", found)
        plays[COURSES] = ("course", _as_served(router, steps, options))
    if not np.isnan(answered.success).all():
        plays[ORACLE] = ("oracle", right_or_top(answered.success == 1))
    plays[ORACLE_SAME] = ("oracle", right_or_top(same.is_same))
    used: _Ways = {name: (kind, Used.of(each, answered)) for name, (kind, each) in plays.items()}
    return {SINGLE: used[SINGLE], **_cascades(router.catalogue.names, answered, used[SINGLE][1]), **used}


def _cascades(names: Sequence[str], steps: AnsweredSteps, single: Used) -> _Ways:
    """For each catch rate the plain cascade that a person would pick afterwards: the one that saves most and loses no
    more than single shots do. None where an outcome is not known."""
    if np.isnan(steps.success).any():
        return {}
    found: dict[str, tuple[CourseKind, Used]] = {}
    once = Bootstrap(n_draws=1)
    lost = course_row(SINGLE, "single", single, single, steps, once).loss
    for rate in CATCH_RATES:
        used = {
            f"{'→'.join(names[tier] for tier in path)} + verifier {rate:.0%}": Used.of_cascade(path, rate, steps)
            for path in plain_paths(len(names))
        }
        rows = [course_row(name, "cascade", each, single, steps, once) for name, each in used.items()]
        best = best_of(rows, None if lost is None else lost.value)
        if best is not None:
            found[best.name] = ("cascade", used[best.name])
    return found


def _learned(router: Router, steps: Sequence[LoggedStep], answered: AnsweredSteps, max_loss: float) -> dict[str, Plays]:
    """Every step asks the dearest cheap tier, or the two cheapest; the surest answers are accepted that are together
    expected to lose what may be lost. What is expected is a prediction: no certificate chose the steps."""
    parts = router.parts
    if parts.courses is None:
        return {}
    schema, k = parts.courses.acceptance.schema, len(router.catalogue.names)
    to_decide = [logged.step for logged in steps]
    columns = parts.pipeline().transform(to_decide)[:, schema.columns_in(parts.schema)]
    p_step = router.predict(to_decide).probabilities.p_success
    sets = {LEARNED_ONE: (k - 2,), LEARNED_TWO: asked_first(k)}
    found = {}
    for name, tiers in sets.items():
        if len(tiers) < 2 and name == LEARNED_TWO:
            continue
        asked = [[router.catalogue.names[tier] for tier in tiers]]
        table = acceptance_table(steps, schema, columns, p_step, asked)
        judgement: Judgement = parts.courses.acceptance.judge(table.rows)
        course = course_of(table, 0, judgement, answered.relative_cost)
        found[name] = Plays.of(course.at(expected_threshold(course, max_loss)).final, tiers, k)
    return found


def _as_served(router: Router, steps: Sequence[LoggedStep], options: DecideOptions) -> Plays:
    names = router.catalogue.names
    played = [play(router, logged, options) for logged in steps]
    asked = np.array([[name in each.asked for name in names] for each in played], dtype=np.bool_)
    return Plays(np.array([names.index(each.final) for each in played], dtype=np.int64), asked)


def _rows(ways: _Ways, steps: AnsweredSteps, places: NDArray[np.bool_], bootstrap: Bootstrap) -> tuple[CourseRow, ...]:
    part = steps.take(places)
    cut = {name: used.take(places) for name, (_, used) in ways.items()}
    return tuple(course_row(name, kind, cut[name], cut[SINGLE], part, bootstrap) for name, (kind, _) in ways.items())


def _answered(steps: Sequence[LoggedStep], names: Sequence[str]) -> NDArray[np.bool_]:
    """bool [n]: every tier's answer is there, and would be whatever came of it."""
    there = [first_answers(logged, names) for logged in steps]
    table = np.array([[1.0 if name in found else np.nan for name in names] for found in there])
    return collected_steps(steps, table.reshape(len(steps), len(names)))


def _part(router: Router, logged: LoggedStep) -> str:
    policy = router.parts.policy
    part = policy.part_of(logged.step)
    if part is not None and len(policy.parts) > 1:
        return part.name
    return part_value(logged.step, policy.part_field or "task_type")
