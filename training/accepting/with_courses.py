"""Adds courses to a router: acceptance learned on the logged answers, and by part the cheapest certified course.

Of the courses of a part the one that is *expected* to save most at a tolerated loss is tested, and no other: what is
expected rests on held-out predictions and costs, never on the outcomes that the test reads. It replaces the single shot
where it is certified and saves more. The single shot keeps its own test, so courses are tested at half the risk: the
better of the two breaks its promise with at most one and a half times the stated risk, in the worst case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.data.answers import Question
from tierwise.data.answers.question import ASKS_FOR
from tierwise.data.courses import AGREEMENT, LEARNED
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.accepting.acceptance import AcceptanceSchema, Judgement
from tierwise.router_model.accepting.course_menu import CertifiedCourse, CourseMenu, CoursePart, single_shot
from tierwise.router_model.accepting.courses import CourseParts, agrees_openly
from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.choosing.parts import part_value
from tierwise.router_model.choosing.policy import Policy
from tierwise.training.accepting.acceptance import train_acceptance
from tierwise.training.accepting.acceptance_table import AcceptanceTable, acceptance_table, asked_sets
from tierwise.training.accepting.course_points import certified_point
from tierwise.training.accepting.courses import AskedSet, course_of, expected_acceptances
from tierwise.training.certification.parts import MIN_PART_UNITS, Log
from tierwise.training.certification.units import Units
from tierwise.training.certified_policy import certified_policy
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.latencies import mean_latencies

COURSE_LOSSES = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2)
MAX_STEPS = 10_000
"""Reading an answer takes a third of a millisecond: more steps than these add time and little else."""

COMPARABLE = ("calls", "fields", "code", "value")
"""What may be asked for where equal answers are no accident and no matter of taste."""

_FEW_STEPS = 30
_NEVER = 1e6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A course on the steps of the log that hold its answers, in the order of the log."""

    tiers: tuple[int, ...]
    accept: str
    course: AskedSet

    def of(self, is_wanted: NDArray[np.bool_]) -> "_Candidate":
        """On the steps of ``is_wanted`` bool [n], which are those of the log."""
        return replace(self, course=self.course.of(is_wanted[self.course.step]))

    def expected_saving(self, max_loss: float) -> float:
        """What it is expected to save where it may lose ``max_loss``, from predictions and costs alone."""
        n = len(self.course.p_lost)
        return expected_acceptances(self.course, max_loss) / n - float(self.course.asked_cost.mean()) if n else -1.0


def certified_with_courses(
    log: Log, vectors: NDArray[np.float32], schema: FeatureSchema, names: Sequence[str], config: TrainConfig
) -> tuple[Policy, CourseParts | None]:
    """The policy of single shots, and the courses beside it; see ``train_courses``."""
    policy = certified_policy(log, config)
    return policy, train_courses(log, vectors, schema, names, policy, config)


def train_courses(
    log: Log, vectors: NDArray[np.float32], schema: FeatureSchema, names: Sequence[str], policy: Policy, c: TrainConfig
) -> CourseParts | None:
    """Acceptance and the menu of courses from the held-out ``log``; None where too few of its steps hold answers.

    ``vectors`` float32 [n, d] are the steps' features under ``schema``, ``names`` the tiers, cheapest first.
    """
    with_answers = AcceptanceSchema.of(schema, names, c.target)
    n = min(len(log.steps), MAX_STEPS)
    columns = vectors[:n, with_answers.columns_in(schema)]
    p_step = np.mean([one.expected.p_success[:n] for one in log.repeats], axis=0)
    table = acceptance_table(log.steps[:n], with_answers, columns, p_step)
    if not _is_enough(table, log, n):
        return None
    try:
        trained = train_acceptance(table, log.repeats[0].fold[:n], with_answers, seed=c.seed)
    except TrainingError:
        return None
    cost = log.repeats[0].cost_usd[:n]
    relative = cost / np.maximum(cost[:, -1:], 1e-12)
    menu = _menu(_candidates(table, trained.held_out, relative, len(names)), log, n, policy, c)
    return CourseParts(replace(menu, latency_ms=mean_latencies(log.steps, names)), trained.acceptance)


def _is_enough(table: AcceptanceTable, log: Log, n: int) -> bool:
    """Whether the outcomes of answers and of the top tier are known together in enough tasks."""
    known = np.zeros(n)
    known[table.step[~np.isnan(table.answer) & ~np.isnan(table.top)]] = 1.0
    return Units.of(log.unit[:n], known).n_effective >= MIN_PART_UNITS


def _candidates(table: AcceptanceTable, judgement: Judgement, relative: Floats, n_tiers: int) -> list[_Candidate]:
    found = []
    for at, names in enumerate(asked_sets(tuple(map(str, range(n_tiers))))):
        tiers = tuple(map(int, names))
        if not (table.asked == at).any():
            continue
        course = course_of(table, at, judgement, relative)
        found.append(_Candidate(tiers, LEARNED, course))
        if len(tiers) > 1:
            found.append(_Candidate(tiers, AGREEMENT, _by_agreement(table, at, tiers[0], judgement, course)))
    return found


def _by_agreement(table: AcceptanceTable, asked: int, tier: int, judgement: Judgement, course: AskedSet) -> AskedSet:
    """The same answers, accepted where they agree on an open key; the cheaper one is then used."""
    rows = np.flatnonzero((table.asked == asked) & (table.tier == tier))
    rows = rows[np.argsort(table.step[rows], kind="stable")]
    p_lost = np.where(agrees_openly(table.rows[rows]), judgement.p_lost[rows], _NEVER)
    lost = table.top[rows] - table.answer[rows]
    return replace(course, candidate=table.tier[rows], p_lost=p_lost, lost=lost, top=table.top[rows])


def _menu(candidates: Sequence[_Candidate], log: Log, n: int, policy: Policy, c: TrainConfig) -> CourseMenu:
    """Familiar steps by part; unfamiliar ones get what agreement is worth on the log as a whole."""
    unit, confidence = log.unit[:n], 1.0 - (1.0 - c.confidence) / 2
    is_familiar = ~log.repeats[0].is_unfamiliar[:n]
    everywhere = [one for one in candidates if one.accept == AGREEMENT]
    values = np.array([part_value(logged.step, policy.part_field) for logged in log.steps[:n]], dtype=object)
    parts = []
    for part in policy.parts:
        is_wanted = is_familiar & np.isin(values, np.array(part.values, dtype=object))
        found = _certified([one.of(is_wanted) for one in candidates], unit, part.points, confidence)
        parts.append(CoursePart(part.values, found))
    whole = _certified([one.of(is_familiar) for one in candidates], unit, policy.points, confidence)
    asks_for = np.array([Question(logged.step).asks_for for logged in log.steps[:n]])
    wanted = _worth_asking(everywhere, asks_for)
    agreed = _certified([one.of(np.isin(asks_for, wanted)) for one in everywhere], unit, (), confidence)
    return CourseMenu(policy.part_field, tuple(parts), whole, agreed, wanted)


def _worth_asking(candidates: Sequence[_Candidate], asks_for: NDArray[np.str_]) -> tuple[str, ...]:
    """What unfamiliar steps may ask for, so that agreement is tried: where the answers of the log agree often enough to
    pay for themselves, told by costs alone; and what the log hardly holds, but where answers may agree on an open key
    by their nature."""
    found = [kind for kind in COMPARABLE if (asks_for == kind).sum() < _FEW_STEPS]
    for kind in ASKS_FOR:
        own = [one.of(asks_for == kind).course for one in candidates]
        paid = [float((one.asked_cost + (one.p_lost >= _NEVER)).mean()) for one in own if len(one.step) >= _FEW_STEPS]
        if min(paid, default=1.0) < 1.0:
            found.append(kind)
    return tuple(kind for kind in ASKS_FOR if kind in found)


def _certified(
    candidates: Sequence[_Candidate], unit: NDArray[np.int64], single: Sequence[OperatingPoint], confidence: float
) -> tuple[CertifiedCourse, ...]:
    """By tolerated loss the course that replaces the single shot of ``single``; a larger loss never gets less."""
    found: list[CertifiedCourse] = []
    kept: CertifiedCourse | None = None
    for max_loss in COURSE_LOSSES:
        able = [one for one in candidates if len(one.course.step) >= MIN_PART_UNITS]
        if not able:
            break
        best = max(able, key=lambda one: one.expected_saving(max_loss))
        tested = _tested(best, unit, max_loss, confidence)
        if tested is not None and (kept is None or tested.saving >= kept.saving):
            kept = tested
        is_worth_it = kept is not None and (not single or kept.saving > point_at(single, max_loss).saving)
        found.append(replace(kept, max_loss=max_loss) if kept is not None and is_worth_it else single_shot(max_loss))
    return tuple(found)


def _tested(best: _Candidate, unit: NDArray[np.int64], max_loss: float, confidence: float) -> CertifiedCourse | None:
    course = best.course
    if best.accept == AGREEMENT:  # one hypothesis: what agrees is accepted, and nothing else
        agrees = course.p_lost < _NEVER
        lost, asked_cost = np.where(agrees, course.lost, 0.0), course.asked_cost + ~agrees
        course = replace(course, p_lost=np.zeros(len(agrees)), lost=lost, asked_cost=asked_cost)
    point = certified_point(course, unit[course.step], max_loss, confidence)
    if point.threshold is None:
        return None
    threshold = None if best.accept == AGREEMENT else point.threshold
    return CertifiedCourse(max_loss, best.tiers, best.accept, threshold, point.loss, point.saving)
