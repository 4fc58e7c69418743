"""What production shows of a router's loss against its top tier, decision by decision.

The notion of evidence is that of certification: of a decision the *first attempt* counts, with the propensity that its
tier had at that moment. Later attempts are its escalation, and show the top tier where the first one failed.

Where a cheaper tier succeeded and nobody asked the top tier, its success is bounded: ``high`` takes it to have
succeeded too, as certification does, which can only overstate the loss; ``low`` takes what the router predicted of it,
which understates it, because a step that a cheaper tier solved is no harder than it looked. An alarm rests on ``low``.
Where a failure was not escalated to the top, ``low`` is 0 and ``high`` 1.

Two ways to the top tier's success stand side by side, because each is blind where the other sees:

- *escalated*: the picked tier's steps, read as above. Sharp where failures are escalated.
- *drawn*: the doubly robust score (Robins, Rotnitzky and Zhao, 1994) where exploration tries the top tier by chance.
  Needs no escalation and nothing of the prediction; noisy, since few steps are explored.

In both, ``p_success`` as logged is the control variate. It stands for a step that the draw left unseen, and its error,
divided by the propensity, is taken out again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tierwise.data.compared.mirrored import IS_SAME, is_mirror
from tierwise.data.courses import is_audit, ran_course
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep
from tierwise.router_model.choosing.exploration import EXPLORED_CODE, picked_tier

CASCADE_CODE = "escalate"
BROKEN_CODE = "promise_broken"
"""The reason of decisions that went to the top tier because the promise does not hold any more."""

_LEAST_SURE = 0.5
"""A propensity below this, with no reason beside it, is that of an explored tier whose pick nobody wrote down."""


class Pair(NamedTuple):
    """Success of the picked tier and of the top tier: 0 to 1, or beyond where it is a score divided by a propensity."""

    picked: float
    top: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What one decision shows: escalated with an unknown top tier at worst and at best, and drawn, likewise.

    ``p_ran`` is the propensity of the tier that ran, ``is_explored`` whether that is another than the router picked.
    """

    task: str
    at: float
    low: Pair
    high: Pair
    drawn_low: Pair
    drawn_high: Pair
    p_ran: float
    is_explored: bool


def show(logged: LoggedStep, tiers: Sequence[str]) -> Shown | None:
    """The evidence of one decision; None where it shows nothing of the router's promise.

    That is: no first attempt with a known outcome, one on another tier than the decided one, decisions that trouble,
    the caller or the monitor itself took, and starts of a cascade or courses, which are promised as a whole.
    """
    decision = logged.decision
    first = _first_attempt(logged.attempts)
    if ran_course(logged):
        return None
    if decision is None or first is None or first.success is None or not _is_routers(decision, first, tiers):
        return None
    top = len(tiers) - 1
    ran, picked = tiers.index(first.tier), _picked(decision, tiers)
    p_ran = 1.0 if decision.propensity is None else decision.propensity
    in_experiment = decision.extra.get("experiment") is not None
    if picked is None or (in_experiment and picked != ran):
        return None
    if in_experiment:  # the propensity is that over all arms, but only this arm's router is watched
        p_ran = 1.0
    success = float(first.success)
    predicted_top = _predicted(decision, tiers[top])
    low, high = _seen_top(logged.attempts, first, tiers[top], predicted_top or 0.0)
    expected = Pair(_or_half(_predicted(decision, tiers[picked])), _or_half(predicted_top))
    worst, best = (_weighed(Pair(success, seen), expected, picked == ran, p_ran) for seen in (low, high))
    drawn = (worst, best) if p_ran == 1 else _drawn(success, ran, picked, top, p_ran, expected)
    task = logged.task_id or (decision.decision_id or logged.step_id)
    at = logged.timestamp or 0.0
    return Shown(task, at, worst, best, *drawn, p_ran, is_explored=picked != ran)


def show_same(logged: LoggedStep, tiers: Sequence[str]) -> Shown | None:
    """The same for a promise of same answers, from the audits: a random share of the calls, asked of the top tier too.

    Calls of the top tier speak where they were mirrored, so that both kinds stand for the same share of the traffic.
    """
    decision, first = logged.decision, _first_attempt(logged.attempts)
    if ran_course(logged):
        return None
    if decision is None or first is None or not _is_routers(decision, first, tiers):
        return None
    ran = tiers.index(first.tier)
    if _picked(decision, tiers) != ran:
        return None
    if ran == len(tiers) - 1:
        is_compared = any(is_mirror(a) and (IS_SAME in a.extra or a.error) for a in logged.attempts)
        return _compared(logged, is_same=True) if is_compared else None
    audit = audit_of(logged, tiers)
    return None if audit is None else _compared(logged, is_same_audited(audit))


def show_accepted(logged: LoggedStep, tiers: Sequence[str]) -> Shown | None:
    """The same for answers that a course accepted: whether the top tier's, asked for comparison, was the same.

    Which answers were accepted hangs on what they were, but whether one is audited does not, so these speak of the
    accepted answers alone.
    """
    audit = audit_of(logged, tiers) if ran_course(logged) else None
    return None if audit is None else _compared(logged, is_same_audited(audit))


def audit_of(logged: LoggedStep, tiers: Sequence[str]) -> Attempt | None:
    """The top tier's attempt that was made for comparison, beside an answer that was used."""
    return next((each for each in logged.attempts if each.tier == tiers[-1] and _is_audit(each)), None)


def is_same_audited(audit: Attempt) -> bool:
    """What cannot be compared counts as different, and so does an audit that the top tier did not answer."""
    return audit.extra.get(IS_SAME) is True


def _is_audit(attempt: Attempt) -> bool:
    return is_audit(attempt) or (is_mirror(attempt) and IS_SAME in attempt.extra)


def _compared(logged: LoggedStep, is_same: bool) -> Shown:
    pair = Pair(float(is_same), 1.0)
    decision_id = None if logged.decision is None else logged.decision.decision_id
    task = logged.task_id or decision_id or logged.step_id
    return Shown(task, logged.timestamp or 0.0, pair, pair, pair, pair, 1.0, is_explored=False)


def _is_routers(decision: LoggedDecision, first: Attempt, tiers: Sequence[str]) -> bool:
    if decision.extra.get("fallback") or decision.extra.get("reason_code") in (CASCADE_CODE, BROKEN_CODE, "named"):
        return False
    return first.tier in tiers and decision.tier in (None, first.tier)


def _first_attempt(attempts: Sequence[Attempt]) -> Attempt | None:
    return next((attempt for attempt in attempts if not is_mirror(attempt)), None)


def _picked(decision: LoggedDecision, tiers: Sequence[str]) -> int | None:
    """The tier that the router picked before exploration; None where the log does not say."""
    code = decision.extra.get("reason_code")
    name = decision.tier
    if code == EXPLORED_CODE:
        name = picked_tier(str(decision.extra.get("reason_text", "")))
    elif code is None and (decision.propensity or 1.0) < _LEAST_SURE:
        return None
    return tiers.index(name) if name in tiers else None


def _seen_top(attempts: Sequence[Attempt], first: Attempt, top: str, predicted: float) -> tuple[float, float]:
    """The least and the most that the top tier may have done."""
    if first.tier == top:
        return float(bool(first.success)), float(bool(first.success))
    asked = next((a for a in attempts if a.tier == top and (a.success is not None or a.extra.get(IS_SAME))), None)
    if asked is not None:
        known = first.success if asked.success is None else asked.success
        return float(bool(known)), float(bool(known))
    return (predicted if any(attempt.success for attempt in attempts) else 0.0), 1.0


def _predicted(decision: LoggedDecision, tier: str) -> float | None:
    predictions = decision.extra.get("p_success")
    found = predictions.get(tier) if isinstance(predictions, Mapping) else None
    return min(1.0, max(0.0, float(found))) if isinstance(found, int | float) else None


def _or_half(predicted: float | None) -> float:
    return 0.5 if predicted is None else predicted


def _weighed(seen: Pair, expected: Pair, was_run: bool, p_ran: float) -> Pair:
    """What was seen of the picked tier's step, or its expectation where exploration took another tier."""
    if not was_run:
        return expected
    return Pair(*(e + (s - e) / p_ran for s, e in zip(seen, expected, strict=True)))


def _drawn(success: float, ran: int, picked: int, top: int, p_ran: float, expected: Pair) -> tuple[Pair, Pair]:
    """The scores of a drawn step, worst and best; a top tier that the draw cannot reach is unknown."""
    score_picked = expected.picked + ((success - expected.picked) / p_ran if ran == picked else 0.0)
    if picked < top - 1:
        return Pair(score_picked, 0.0), Pair(score_picked, 1.0)
    score_top = expected.top + ((success - expected.top) / p_ran if ran == top else 0.0)
    score = Pair(score_picked, score_top)
    return score, score
