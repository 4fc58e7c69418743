"""From a step to its course, and from the answers that came to what is done with them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.data.answers.key import OPEN_BITS
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import AGREEMENT, ALWAYS, LEARNED, VERIFIED, Accepted, Course
from tierwise.data.errors import RecordError
from tierwise.data.records import Decision, Reason, Step
from tierwise.features.evidence import EVIDENCE_NAMES, Answer, evidence_rows
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.accepting.acceptance import Acceptance, AcceptanceError
from tierwise.router_model.accepting.course_menu import COURSES_FILE, CertifiedCourse, CourseMenu
from tierwise.router_model.choosing.guardrails import open_tiers
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.predicting.predictor import Prediction

_SAME, _BITS = EVIDENCE_NAMES.index("others_same"), EVIDENCE_NAMES.index("bits")


@dataclass(frozen=True, slots=True)
class CourseParts:
    """What a bundle holds for courses: both or neither."""

    menu: CourseMenu
    acceptance: Acceptance

    def save(self, folder: Path) -> None:
        """Writes ``courses.json`` beside the files of the acceptance."""
        self.acceptance.save(folder)
        (folder / COURSES_FILE).write_text(json.dumps(self.menu.to_mapping(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "CourseParts":
        """Raises ``AcceptanceError`` for files that make no sense."""
        try:
            raw = json.loads((folder / COURSES_FILE).read_text(encoding="utf-8"))
            return cls(CourseMenu.from_mapping(raw), Acceptance.load(folder))
        except AcceptanceError:
            raise
        except Exception as error:  # whatever a graph or a certificate of another program leads to
            raise AcceptanceError(f"{folder}: no courses that can be read: {error}; train them again") from error


@dataclass(frozen=True, slots=True)
class Ordered:
    """A course with the certificate that it rests on; None for a single shot."""

    course: Course
    certified: CertifiedCourse | None = None


def agrees_openly(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Of evidence rows float32 [m, e or more]: the same as all others, on a key that many answers were possible for."""
    return np.asarray((rows[:, _SAME] == 1) & (rows[:, _BITS] >= OPEN_BITS))


def ordered_course(
    step: Step,
    decision: Decision,
    options: DecideOptions,
    menu: CourseMenu | None,
    catalogue: TierCatalogue,
    policy: Policy,
) -> Ordered:
    """The course for a step that was decided as ``decision``.

    With a verifier (``options.catch_rate``) its start is asked first. A course whose tiers are not all open, or which
    may cost more than ``options.max_cost_usd`` or take longer than ``options.max_latency_ms``, is no choice; the single
    shot then is.
    """
    allowed = open_tiers(step, options, policy.guardrails, catalogue)
    names = catalogue.names
    otherwise = names[allowed.high]
    if options.catch_rate:
        return Ordered(Course((decision.tier,), VERIFIED, otherwise))
    single = Ordered(Course((decision.tier,), ALWAYS, otherwise))
    if menu is None or decision.is_fallback:
        return single
    asked_loss = policy.default_max_quality_loss if options.max_quality_loss is None else options.max_quality_loss
    found = menu.course(step, asked_loss, decision.is_unfamiliar)
    if found is None or allowed.high != len(names) - 1 or min(found.tiers) < allowed.low:
        return single
    most = sum(decision.expected_cost_usd.get(name, 0.0) for name in {*(names[t] for t in found.tiers), otherwise})
    if options.max_cost_usd is not None and most > options.max_cost_usd:
        return single
    if options.max_latency_ms is not None and menu.longest_ms(found.tiers, allowed.high) > options.max_latency_ms:
        return single
    return Ordered(Course(tuple(names[tier] for tier in found.tiers), found.accept, otherwise), found)


def accepted(
    step: Step,
    answers: Sequence[Answer],
    ordered: Ordered,
    parts: CourseParts | None,
    features: FeatureSchema,
    vector: NDArray[np.float32],
    prediction: Prediction,
) -> Accepted:
    """What to do with ``answers``; ``vector`` float32 [1, d] under ``features`` and ``prediction`` are the step's.

    An answer of the course's last resort is always used: nothing better can be asked.
    """
    course = ordered.course
    tiers = [answer.tier for answer in answers if answer.is_known]
    if course.otherwise in tiers:
        return Accepted(course.otherwise, None, Reason("top", "The dearest open tier has answered."))
    if course.accept in (ALWAYS, VERIFIED) and tiers:  # exploration may have moved the tier
        return Accepted(tiers[0], None, Reason(course.accept, "The course uses what was answered."))
    if not tiers or set(tiers) != set(course.ask):
        text = f"The course asks {' and '.join(course.ask)}; answered: {' and '.join(tiers) or 'none'}."
        return Accepted(None, course.otherwise, Reason("incomplete", text))
    if parts is None or ordered.certified is None:
        return Accepted(None, course.otherwise, Reason("no_acceptance", "The router has not learned to accept."))
    columns = vector[:, parts.acceptance.columns_in(features)]
    p_step = prediction.probabilities.p_success
    return _judged(step, answers, ordered.certified, course, parts.acceptance, columns, p_step)


def check_answers(answers: Sequence[Answer], catalogue: TierCatalogue) -> None:
    """Raises ``RecordError`` for an answer on a tier that the router does not know."""
    for place, answer in enumerate(answers):
        if answer.tier not in catalogue.names:
            problem = f"is {answer.tier!r:.60}; the tiers are {', '.join(catalogue.names)}"
            raise RecordError(f"answers[{place}].tier", problem)


def _judged(
    step: Step,
    answers: Sequence[Answer],
    certified: CertifiedCourse,
    course: Course,
    acceptance: Acceptance,
    columns: NDArray[np.float32],
    p_step: Floats,
) -> Accepted:
    names = list(acceptance.schema.tiers)
    given = sorted((answer for answer in answers if answer.is_known), key=lambda answer: names.index(answer.tier))
    evidence = evidence_rows(step, given)
    first = [at for at, one in enumerate(given) if at == 0 or given[at - 1].tier != one.tier]
    evidence = evidence[first]
    m, tiers = len(first), [names.index(given[at].tier) for at in first]
    rows = acceptance.schema.rows(
        evidence, np.array(tiers, dtype=np.int64), len(course.ask), columns[[0] * m], p_step[[0] * m]
    )
    judgement = acceptance.judge(rows)
    p_answer, p_lost = judgement.p_answer.tolist(), judgement.p_lost.tolist()
    best = min(range(m), key=lambda at: (-p_answer[at], tiers[at]))
    p_success = {names[tier]: p for tier, p in zip(tiers, p_answer, strict=True)}
    p_success[names[-1]] = float(judgement.p_top[best])
    same = float(evidence[0, _SAME]) if m > 1 else float("nan")
    is_same = None if math.isnan(same) else same == 1
    if course.accept == AGREEMENT:
        best = 0
        is_accepted = bool(agrees_openly(evidence).all())
    else:
        is_accepted = certified.threshold is not None and p_lost[best] <= certified.threshold
    reason = _reason(course.accept, is_accepted, p_lost[best], acceptance.schema.target)
    if is_accepted:
        return Accepted(names[tiers[best]], None, reason, p_success, is_same)
    return Accepted(None, course.otherwise, reason, p_success, is_same)


def _reason(accept: str, is_accepted: bool, p_lost: float, target: str) -> Reason:
    if accept == AGREEMENT:
        text = "The answers agree on an open key." if is_accepted else "The answers do not agree on an open key."
        return Reason("agree" if is_accepted else "disagree", text)
    what = "chance that the top tier answers differently" if target == "same-answer" else "expected loss of success"
    text = f"The {what} is {max(p_lost, 0.0):.1%}, {'within' if is_accepted else 'beyond'} what is certified."
    return Reason(LEARNED if is_accepted else "doubtful", text)
